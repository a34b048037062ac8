"""Beat, as ``celery -A idportal.beat beat``: it has the timetable alone, and neither Django nor a task in its memory.

It sends each task by its name; the settings know the queue.
"""

from celery import Celery

app = Celery("idportal", fixups=[])
app.config_from_object("idportal.settings", namespace="CELERY")
