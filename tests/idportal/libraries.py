"""Imports the portal's libraries, but none of its own modules, once in the server of ``tests.idportal.forks``.

Left out is what looks at settings or, as prometheus_client does, at the environment while it is imported.
"""

import gc
import importlib
import pkgutil
import sys
import threading

from tests.idportal.forks import OURS

LIBRARIES = (
    *("apprise.plugins", "celery.fixups.django", "django.contrib.admin"),
    *("django.core.management.commands.migrate", "django.db.backends.postgresql.base"),
    *("django.db.backends.sqlite3.base", "environ", "imapclient", "kombu.transport.redis", "ldap.controls"),
    *("lxml.html", "phonenumbers", "pythonjsonlogger.json", "requests_oauthlib", "segno", "whitenoise.middleware"),
)

for name in LIBRARIES:
    importlib.import_module(name)
for plugin in pkgutil.iter_modules(sys.modules["apprise.plugins"].__path__, "apprise.plugins."):
    importlib.import_module(plugin.name)
assert OURS.isdisjoint(name.partition(".")[0] for name in sys.modules)
assert not sys.modules["django.conf"].settings.configured
assert threading.active_count() == 1, "what another thread holds, a fork would wait for in vain"
gc.collect()
gc.freeze()  # a fork that looks for garbage here would copy all of it
