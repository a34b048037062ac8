"""The web server, in production and in `make demo` and `make stack`: gunicorn --config deploy/gunicorn.conf.py …"""

import gc
import importlib
import socket
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

wsgi_app = "idportal.wsgi"

# TCP, not a Unix socket: the limits by address need the proxy's address to know whom to believe (TRUSTED_PROXIES).
bind = "127.0.0.1:8000"

# Two processes, so that the portal survives one that dies; threads, because a request may wait for the directory.
# Each thread keeps a connection to PostgreSQL: 16 of its 100, of which an ordinary day needs a few.
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
    """What was asked for is in nginx's log. gunicorn would write a line of each request for nobody: 0.4 CAL a reset."""

    def access(self, *arguments: object) -> None:
        pass


logger_class = NoAccessLog

# One JSON object a line, masked, as all that the portal logs.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "idportal.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}


PATIENCE = 0.05  # seconds: four times what the longest page of a reset takes with nobody else there

# In the two journeys (accounts/urls.py). The SMS travels for seconds, while others are served.
SENDS_SMS = (
    *(b"POST /aterstall/ ", b"POST /aterstall/kod/igen/ "),
    *(b"POST /registrera/mobil/ ", b"POST /registrera/kod/igen/ ", b"POST /registrera/gamla-mobilen/ "),
)


class OneByOne(ThreadWorker):
    """Begins a request when the one before is answered, or when that takes longer than PATIENCE; what SENDS_SMS first.

    Only where processors are short does anybody notice. There, requests that share a processor all end late, and the
    longest last: of four people at once, one in twenty waited 71 ms for a new password, and waits 50 so. What takes
    long, as a directory that hangs or an agent's queue, lets others pass. All of this happens in the thread that takes
    connections.

    Of 16 people at once, one in twenty waited 149 ms until the SMS was with the provider, and waits 58 so. One request
    in eight sends one, so the others hardly wait longer. Never do two go before another that waits: a flood of them
    leaves half to the others.
    """

    def init_process(self) -> None:
        self._senders: deque[TConn] = deque()
        self._others: deque[TConn] = deque()
        self._sender_was_last = False
        self._begun: dict[TConn, float] = {}  # requests that are not answered yet, and when each began
        super().init_process()  # which returns when the process ends

    def enqueue_req(self, conn: TConn) -> None:
        (self._senders if _sends_sms(conn) else self._others).append(conn)
        self._let_in()

    def finish_request(self, conn: TConn, fs: "Future[object]") -> None:
        self._begun.pop(conn, None)
        super().finish_request(conn, fs)
        self._let_in()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, PATIENCE) if self._senders or self._others else timeout)
        self._let_in()

    def _let_in(self) -> None:
        while self._senders or self._others:
            if any(time.monotonic() - began <= PATIENCE for began in self._begun.values()):
                return
            self._sender_was_last = bool(self._senders) and not (self._others and self._sender_was_last)
            conn = (self._senders if self._sender_was_last else self._others).popleft()
            self._begun[conn] = time.monotonic()
            super().enqueue_req(conn)


def _sends_sms(conn: TConn) -> bool:
    """By its first bytes, which stay where they are. If they have not come yet, it waits with the others."""
    with suppress(OSError):
        start: bytes = conn.sock.recv(64, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        return start.startswith(SENDS_SMS)
    return False


worker_class = OneByOne
