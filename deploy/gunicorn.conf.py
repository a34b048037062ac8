"""Gunicorn's configuration, in production, `make demo` and `make stack`: gunicorn --config deploy/gunicorn.conf.py …"""

import gc
import importlib

from gunicorn.glogging import Logger

wsgi_app = "idportal.wsgi"

# TCP, not a Unix socket: the limits by address need the proxy's address to know whom to believe (TRUSTED_PROXIES).
bind = "127.0.0.1:8000"

# Two processes, so that the portal survives one that dies; threads, because a request may wait for the directory.
# Each thread keeps a connection to PostgreSQL: 16 of its 100, of which an ordinary day needs a few.
worker_class = "gthread"
workers = 2
threads = 8

# Seconds. No request takes a minute: each wait of the portal for a part is bounded by a few seconds. On a reload
# or at the end a request under way may finish.
timeout = 60
graceful_timeout = 30
# Longer than nginx keeps an idle connection to us (60 s): the one who closes first must not be the server.
keepalive = 75

# A worker starts anew after so many requests, not all at once: what leaks in a library does not add up.
max_requests = 10_000
max_requests_jitter = 1_000

# Loaded before there are processes, which share it: 27 MB less, and one that takes the place of another starts sooner.
# Nothing of the portal, whose settings a reload reads anew; and nothing that starts a thread, which a fork leaves out.
for _library in (
    *("celery.fixups.django", "cryptography.fernet", "django.contrib.admin", "django.core.handlers.wsgi", "environ"),
    *("django.db.backends.postgresql.base", "kombu.transport.redis", "ldap.controls", "lxml.html", "phonenumbers"),
    *("segno", "whitenoise.middleware"),
):
    importlib.import_module(_library)
gc.freeze()  # a process that looks for garbage here would copy all of it

# Nothing that a client sends says where the portal begins: by default gunicorn believes SCRIPT_NAME and PATH_INFO among
# the headers of clients on this machine. Who asks, and how, is the portal's own question (TRUSTED_PROXIES).
forwarder_headers = ""

# The workers' sign of life is a file, which a slow disk must not hold up.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a file without a name, made by gunicorn

# systemctl is what controls it; a socket in a home folder would be one door more.
control_socket_disable = True


class NoAccessLog(Logger):
    """What was asked for is in nginx's log, and needn't be put together twice.

    gunicorn has no setting for that: with ``logconfig_dict`` it makes a line of each request, with or without a log.
    """

    def access(self, *arguments: object) -> None:
        pass


logger_class = NoAccessLog

# One JSON object a line, masked, as all that the portal logs.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "idportal.runtime.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
