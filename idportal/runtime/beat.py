"""Beat, as ``celery -A idportal.runtime.beat beat``: it loads the timetable alone, without Django or any task.

It sends each task by its name; the settings know the queue.
"""

from celery import Celery

app = Celery("idportal", fixups=[])
app.config_from_object("idportal.settings", namespace="CELERY")
