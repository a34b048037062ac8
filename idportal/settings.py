"""All settings. Each is read from the environment here and nowhere else; docs/configuration.md lists them.

``idportal/checks/`` refuses dangerous values and says how to fix them.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from idportal import env
from idportal.channels import auth_ldap

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Who and where -------------------------------------------------------------------------------

# Unset means production. 1 shows details of errors on the page: for your own machine only.
DEBUG = env.flag("DEBUG")

# 50 random characters. Signs sessions and codes; encrypts numbers unless ENCRYPTION_KEYS is set.
SECRET_KEY = env.text("SECRET_KEY", "for development only, on this machine only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Make one with: "
        "python -c 'import secrets; print(secrets.token_urlsafe(50))' and keep it in SECRET_KEY or SECRET_KEY_FILE."
    )

# Earlier values of SECRET_KEY, which are still accepted. Drop them after `manage.py rotate_keys`.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

# Keys for the numbers in the database, newest first. Unset: derived from SECRET_KEY and its fallbacks.
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS")

# The address of the portal; links in messages begin with it. https:// turns on Secure cookies, HSTS and redirects.
PORTAL_URL = env.text("PORTAL_URL", "http://127.0.0.1:8000").rstrip("/")
HTTPS = PORTAL_URL.startswith("https://")

# The host names that lead straight to one of the two journeys, as pwreg.orebro.se and pwreset.orebro.se do.
REGISTER_HOST = env.text("REGISTER_HOST")
RESET_HOST = env.text("RESET_HOST")

# Host names that are answered. Unset: those of the three settings above.
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or sorted(
    {host for url in (PORTAL_URL, f"//{REGISTER_HOST}", f"//{RESET_HOST}") if (host := urlsplit(url).hostname)}
)

# Whether only this machine can reach the portal. DEBUG and deploy/local require it.
LOCAL = env.is_loopback(PORTAL_URL) and all(env.is_loopback(f"//{host}") for host in ALLOWED_HOSTS)

# Addresses or networks of reverse proxies. Only from those are X-Forwarded-For and X-Forwarded-Proto believed.
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES")

# --- Whose portal it is --------------------------------------------------------------------------

# Where nobody else can reach the portal, these stand in for what is unset. Elsewhere nothing does, and `check --deploy`
# says what to set: no municipality is another's default.
MADE_UP = {
    "MUNICIPALITY_NAME": "Demo kommun",
    "HELPDESK_EMAIL": "it-helpdesk@demo.example",
    "HELPDESK_PHONE": "08-465 004 00",
    "DATA_PROTECTION_OFFICER": "dataskyddsombud@demo.example",
    "EXAMPLE_USERNAME": "lovstlin32",
}
NOT_SAID = [name for name in MADE_UP if not env.text(name).strip()]
_made_up = MADE_UP if LOCAL else dict.fromkeys(MADE_UP, "")

# Its name in pages and messages; a shorter one for the titles of pages; its site, to which pages link.
MUNICIPALITY_NAME = env.text("MUNICIPALITY_NAME", _made_up["MUNICIPALITY_NAME"])
MUNICIPALITY_SHORT_NAME = env.text("MUNICIPALITY_SHORT_NAME") or MUNICIPALITY_NAME
MUNICIPALITY_URL = env.text("MUNICIPALITY_URL")
# kommun or region: what sentences call it.
MUNICIPALITY_KIND = env.text("MUNICIPALITY_KIND", "kommun").strip().lower()
# What the portal is called. Unset: Lösenordsportalen, or Password portal on English pages.
SERVICE_NAME = env.text("SERVICE_NAME")
# Pictures, SVG or PNG: the logo for a white ground, the one for a dark ground, and the tab's. Unset: the portal's own.
LOGO_FILE = env.text("LOGO_FILE")
LOGO_DARK_FILE = env.text("LOGO_DARK_FILE")
FAVICON_FILE = env.text("FAVICON_FILE")
# #rrggbb, of the header's band, and of buttons and links; the dark scheme's follow. Unset: the portal's own.
HEADER_COLOUR = env.text("HEADER_COLOUR")
ACTION_COLOUR = env.text("ACTION_COLOUR")

# How orderers and staff reach the helpdesk. The hours are words, as in: vardagar 8–16.
HELPDESK_EMAIL = env.text("HELPDESK_EMAIL", _made_up["HELPDESK_EMAIL"])
HELPDESK_PHONE = env.text("HELPDESK_PHONE", _made_up["HELPDESK_PHONE"])
HELPDESK_HOURS = env.text("HELPDESK_HOURS")
# How to reach the data protection officer: an address, and a telephone number if there is one (GDPR art. 13.1 b).
DATA_PROTECTION_OFFICER = env.text("DATA_PROTECTION_OFFICER", _made_up["DATA_PROTECTION_OFFICER"])
# A user name as the municipality makes them: hints and messages about mistakes show it.
EXAMPLE_USERNAME = env.text("EXAMPLE_USERNAME", MADE_UP["EXAMPLE_USERNAME"])

# The municipality's own words, in Swedish; unset, the portal's own. What each may hold: idportal/channels/own_words.py.
MAIL_GREETING = env.text("MAIL_GREETING")
MAIL_SIGNATURE = env.text("MAIL_SIGNATURE")

# A folder with the municipality's own accessibility statement, privacy notice or audit (accounts.privacy.statements).
STATEMENTS_FOLDER = env.text("STATEMENTS_FOLDER")

# The subjects of the two requests to the helpdesk, as orderers write them in a mail and agents see them.
TICKET_PHONE_SUBJECT = env.text("TICKET_PHONE_SUBJECT").strip()
TICKET_RECIPIENTS_SUBJECT = env.text("TICKET_RECIPIENTS_SUBJECT").strip()

# Ready-made reasons for a rejection, which an agent may change before they are sent: so no municipality needs others.
# Orderers and strangers read them in a mail: they are about nobody.
REJECTION_REASONS = [
    "Motringningen gick inte att göra: vi nådde dig inte på numret i vårt register.",
    "Koden som lästes upp stämde inte.",
    "Du kände inte till ärendet. Därför har vi inte gjort något av det som begärdes.",
    "Uppgifterna räcker inte. Skicka ett nytt ärende med namn, användarnamn och nytt mobilnummer.",
    "Vi har redan ett ärende om samma sak.",
    "Den som kan sitt lösenord registrerar mobilnumret själv, på registreringssidan.",
    "Begäran måste komma från en behörig beställare på företaget.",
]

# --- The parts -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "idportal",
    "accounts",
    "notifications",
    "helpdesk",
    "accounts.apps.AdminConfig",
    "django_otp",
    "simple_history",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    # Outermost, so that the answers to refused hosts get the headers too.
    "idportal.web.middleware.Headers",
    "idportal.web.middleware.TrustedProxies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "idportal.web.middleware.Language",
    "idportal.web.middleware.OnlyUtf8",
    "idportal.web.middleware.Outage",
    "idportal.web.middleware.JourneyHosts",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "accounts.sessions.middleware.SessionLimits",
    "accounts.sessions.middleware.Journeys",
    "accounts.sessions.middleware.KnownBrowsers",
    "accounts.directory.middleware.DirectoryOutage",
    "accounts.staff.middleware.StaffRoles",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "idportal.urls"
WSGI_APPLICATION = "idportal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "idportal.web.hosts.portal",
                "accounts.sessions.context",
            ],
        },
    }
]

# --- Database, cache, queue ----------------------------------------------------------------------

# postgresql://user:password@host:5432/name. Unset: SQLite in var/, for one machine. A server and its standby:
# …@one:5432,two:5432/name?target_session_attrs=read-write, each with its port.
DATABASE_URL = env.text("DATABASE_URL")
if not DATABASE_URL:
    (BASE_DIR / "var").mkdir(mode=0o700, exist_ok=True)
    DATABASE_URL = f"sqlite:///{BASE_DIR / 'var' / 'db.sqlite3'}"
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
DATABASES["default"].setdefault("OPTIONS", {})
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A writer takes its lock when it begins. Two that first read and then write would refuse each other.
    DATABASES["default"]["OPTIONS"].update(transaction_mode="IMMEDIATE", timeout=20)
else:
    # A connection is kept for ten minutes of work, and looked at before each request.
    DATABASES["default"].update(ENGINE="idportal.runtime.postgresql", CONN_MAX_AGE=600, CONN_HEALTH_CHECKS=True)
    # What is asked often is planned once for each connection.
    DATABASES["default"]["OPTIONS"].update(server_side_binding=True, prepare_threshold=3)
    # No wait for the database is without an end: no thread of web or of a worker could be freed of it.
    for _option, _value in {
        "connect_timeout": 3,  # seconds
        # A server that lost its power closes no connection. Milliseconds until an answer to what was sent; and seconds
        # of silence, after which, and between which, it is asked whether it is there.
        **{"tcp_user_timeout": 5000, "keepalives_idle": 10, "keepalives_interval": 5},
        # Milliseconds for a row, or a key, that another transaction holds: each of ours is short. And for a statement;
        # a server that doesn't even end it is left after ten seconds more (idportal.runtime.postgresql).
        "options": "-c lock_timeout=30000 -c statement_timeout=60000",
    }.items():
        DATABASES["default"]["OPTIONS"].setdefault(_option, _value)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# redis://host:6379/1. Holds the limits by address. Unset: in this process alone. Where Sentinel says which Redis is the
# master: sentinel://:password@one:26379/1;sentinel://two:26379, or sentinels://… with TLS to both kinds.
REDIS_URL = env.text("REDIS_URL")
# The name by which Sentinel knows the master.
REDIS_SENTINEL_MASTER = env.text("REDIS_SENTINEL_MASTER", "mymaster")
_sentinel = {"pool_class": "idportal.runtime.redis_cache.SentinelPool", "master": REDIS_SENTINEL_MASTER}
if not REDIS_URL.startswith("sentinel"):
    _sentinel = {}
CACHES: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": [REDIS_URL],
        "OPTIONS": {
            "serializer": "idportal.runtime.redis_cache.Json",
            "socket_connect_timeout": 2,
            "socket_timeout": 2,
            **_sentinel,
        },
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Parts of pages that are the same for everybody, in each process apart.
    "pages": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "pages"},
}

# redis://host:6379/0, or as REDIS_URL. Unset: codes are looked up and sent inside the request.
_broker = env.text("CELERY_BROKER_URL")
CELERY_TASK_ALWAYS_EAGER = not _broker
# Nothing is queued without a broker, but Celery wants an address.
CELERY_BROKER_URL = _broker.replace("sentinels:", "sentinel:") or "memory://localhost/"
if _broker.startswith("sentinels:"):
    # Celery would prefer what the environment says to CELERY_BROKER_URL, and knows no sentinels://.
    CELERY_BROKER_READ_URL = CELERY_BROKER_WRITE_URL = CELERY_BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
# JSON alone, of tasks and of what controls a worker: who can write to Redis runs no code (security.md X2).
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = CELERY_EVENT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = CELERY_RESULT_ACCEPT_CONTENT = ["json"]
# A task waits for a server most of its time, and threads share their memory. Nothing ends a thread from outside: each
# wait for a server is bounded where it is made.
CELERY_WORKER_POOL = "threads"
# Codes have their own queue, and in production their own worker (deploy/systemd), so that slow or many mails delay no
# code. A worker without -Q takes both queues. Tasks without a route below are codes.
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in (CELERY_TASK_DEFAULT_QUEUE, "outbox")]
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {
    "notifications.tasks.*": {"queue": "outbox"},
    "accounts.tasks.purge": {"queue": "outbox"},
    "helpdesk.tasks.*": {"queue": "outbox"},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CONSUMER = "idportal.runtime.worker:LastingConsumer"
# Celery would close the connection to the database before and after each task: three new ones a reset. After so many
# tasks, and so never: idportal.runtime.celery closes those that are broken or too old, as Django does around a request.
CELERY_DB_REUSE_MAX = 1_000_000_000
# A worker holds one task beside the current one: a code overtakes mails in the queue, but not those that it holds.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A person waits for the page: a queue that is down must fail within seconds.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "max_retries": 1,
    "interval_start": 0.1,
    "interval_step": 0.1,
    "interval_max": 0.2,
    # Redis keeps no copy of what a worker holds: eight commands a task. A worker that ends in order gives its tasks
    # back. Of one that dies, the outbox finds the messages by their lease; a code that comes late is of no use.
    "ack_emulation": False,
}
if _broker.startswith("sentinel"):
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    _tls = {"ssl": True} if _broker.startswith("sentinels:") else {}
    CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": "required"} if _tls else None
    CELERY_BROKER_TRANSPORT_OPTIONS |= {
        "master_name": REDIS_SENTINEL_MASTER,
        "sentinel_kwargs": {"socket_connect_timeout": 2, "socket_timeout": 2, "retry": Retry(NoBackoff(), 0), **_tls},
    }
CELERY_TIMEZONE = "Europe/Stockholm"
CELERY_BEAT_SCHEDULE = {
    "whose password runs out": {"task": "notifications.tasks.send_digests", "schedule": crontab(hour=6, minute=0)},
    # Takes up what a crash left, and a missed morning.
    "what is left": {"task": "notifications.tasks.sweep", "schedule": 60.0, "options": {"expires": 55.0}},
    "what is past its time": {"task": "accounts.tasks.purge", "schedule": crontab(hour=3, minute=30)},
    # Fetches the mail to the helpdesk. A late run is of no use beside the next one.
    "what was mailed": {"task": "helpdesk.tasks.fetch_mail", "schedule": 60.0, "options": {"expires": 55.0}},
    "how the companies stand": {"task": "helpdesk.tasks.count_companies", "schedule": crontab(hour=5, minute=0)},
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.2}

# --- The directory -------------------------------------------------------------------------------

# active_directory or openldap.
DIRECTORY_KIND = env.text("DIRECTORY_KIND", "active_directory")
# ldaps://dc1.example:636 ldaps://dc2.example:636, tried in order. ldap:// is used with StartTLS.
DIRECTORY_URLS = env.words("DIRECTORY_URLS")
# The certificate authority of the directory's certificates (PEM). Unset: the system's.
DIRECTORY_CA_FILE = env.text("DIRECTORY_CA_FILE")
# The service account, which may read accounts, reset passwords and clear lock-outs.
DIRECTORY_BIND_DN = env.text("DIRECTORY_BIND_DN")
DIRECTORY_BIND_PASSWORD = env.text("DIRECTORY_BIND_PASSWORD")
# Where the served accounts are, and a filter that they must match besides.
DIRECTORY_USER_BASE = env.text("DIRECTORY_USER_BASE")
DIRECTORY_USER_FILTER = env.text("DIRECTORY_USER_FILTER")
# Where agents and administrators are, for /logga-in/. Unset: base and filter as above; set: without that filter.
DIRECTORY_STAFF_BASE = env.text("DIRECTORY_STAFF_BASE")
# Accounts that match are protected, as are administrators (below) and adminCount=1 on Active Directory.
DIRECTORY_PROTECTED_FILTER = env.text("DIRECTORY_PROTECTED_FILTER")
# People with protected identity (skyddade personuppgifter): in no list, search, file or daily mail. They can reset.
DIRECTORY_HIDDEN_FILTER = env.text("DIRECTORY_HIDDEN_FILTER")
# The attribute that names the company. Unset: company (Active Directory) or o (OpenLDAP).
DIRECTORY_COMPANY_ATTRIBUTE = env.text("DIRECTORY_COMPANY_ATTRIBUTE")
# OpenLDAP: the DN of the password policy that holds for accounts without pwdPolicySubentry.
DIRECTORY_DEFAULT_POLICY = env.text("DIRECTORY_DEFAULT_POLICY")
# The groups whose members may enter the helpdesk's pages and the admin (DNs; membership by `member`).
DIRECTORY_HELPDESK_GROUP = env.text("DIRECTORY_HELPDESK_GROUP")
DIRECTORY_ADMIN_GROUP = env.text("DIRECTORY_ADMIN_GROUP")
# Wrong passwords until the directory locks an account. Unset: read from the directory.
DIRECTORY_LOCKOUT_THRESHOLD: int | None = (
    env.number("DIRECTORY_LOCKOUT_THRESHOLD", 0) if env.text("DIRECTORY_LOCKOUT_THRESHOLD") else None
)
# Seconds: to connect, for one operation, and until a server that did not answer is tried again. A healthy server on the
# same network answers in milliseconds, and nobody waits for a page longer than for these two together.
DIRECTORY_CONNECT_TIMEOUT = 3
DIRECTORY_OPERATION_TIMEOUT = 5
DIRECTORY_RETRY_DEAD_AFTER = 30
# AUTH_LDAP_*: by these django-auth-ldap signs staff in (accounts.staff.backend), from the same directory.
AUTH_LDAP_CONNECTION_OPTIONS: dict[int, Any]
globals().update(auth_ldap.derived(globals()))

# --- SMS and mail --------------------------------------------------------------------------------

# Apprise URLs with {to} where the number goes, tried in order. file:///folder writes each message to a file.
SMS_GATEWAYS = env.words("SMS_GATEWAYS")
# Countries whose mobile numbers are accepted (ISO 3166 codes).
SMS_ALLOWED_REGIONS = [region.upper() for region in env.words("SMS_ALLOWED_REGIONS", "SE")]
# Codes a day, a stop for the unforeseen. Notices don't count, so that an attacker can't silence them.
SMS_DAILY_LIMIT = env.number("SMS_DAILY_LIMIT", 2000)

# smtp://host:25, smtp+tls://user:password@host:587, filemail:///folder.
EMAIL_URL = env.text("EMAIL_URL", "consolemail://")
_email = environ.Env.email_url_config(EMAIL_URL)
EMAIL_BACKEND = _email["EMAIL_BACKEND"].replace("django.core.mail.backends.smtp", "idportal.channels.smtp")
EMAIL_HOST = _email["EMAIL_HOST"] or "localhost"
EMAIL_PORT = _email["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = bool(_email.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_SSL"))
EMAIL_FILE_PATH = unquote(urlsplit(EMAIL_URL).path) or None
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", HELPDESK_EMAIL)

# --- The helpdesk ----------------------------------------------------------------------------------

# When a second agent approves (security.md H2, H8): callback, always or never. Once it was a switch.
_four_eyes = env.text("HELPDESK_FOUR_EYES").strip().lower() or "callback"
HELPDESK_FOUR_EYES = "always" if _four_eyes in ("1", "true", "yes", "on") else _four_eyes
# Seconds for which a number that was linked, or replaced another, gets no code and can be stopped (H4, G6).
PHONE_LINK_HOLD = env.number("PHONE_LINK_HOLD", 15 * 60)
# Whether agents of the helpdesk without an app get a code by SMS, to the number that they have registered here.
# Their own passwords can't be reset here then: one telephone would be both factors.
HELPDESK_SMS_FACTOR = env.flag("HELPDESK_SMS_FACTOR")
# Whether passkeys are the only second factor of staff: no app, no recovery code and no SMS lets anybody in.
STAFF_PASSKEYS_ONLY = env.flag("STAFF_PASSKEYS_ONLY")

# --- The helpdesk's mailbox ------------------------------------------------------------------------

# imaps://user:password@host/INBOX, or imap:// with STARTTLS; characters such as @ and / percent-encoded. Unset: no
# mail is fetched.
HELPDESK_MAILBOX = env.text("HELPDESK_MAILBOX")
# A certificate authority (PEM) that is trusted besides the system's, by the mail server and the token server.
HELPDESK_MAILBOX_CA_FILE = env.text("HELPDESK_MAILBOX_CA_FILE")
# Where to get an OAuth2 token (Microsoft 365 takes no passwords), and the client.
HELPDESK_MAILBOX_TOKEN_URL = env.text("HELPDESK_MAILBOX_TOKEN_URL")
HELPDESK_MAILBOX_CLIENT_ID = env.text("HELPDESK_MAILBOX_CLIENT_ID")
HELPDESK_MAILBOX_CLIENT_SECRET = env.text("HELPDESK_MAILBOX_CLIENT_SECRET")
# For what the token is asked: only Microsoft 365 lets a program into a mailbox by client credentials.
HELPDESK_MAILBOX_SCOPE = "https://outlook.office365.com/.default"
# The name in the Authentication-Results of the municipality's own mail server, which removes those of others
# (RFC 8601 2.5). Unset: no sender counts as verified.
HELPDESK_AUTHSERV_ID = env.text("HELPDESK_AUTHSERV_ID").strip()

# --- Notices ---------------------------------------------------------------------------------------

# Days before a password runs out on which the company's recipients get a mail (manual-sv.md).
DIGEST_THRESHOLDS = sorted(set(env.numbers("DIGEST_THRESHOLDS", "30 15 7 5 3 1 0")), reverse=True)
# Whether the employee gets an SMS too, 7 days and 1 day before.
EXPIRY_SMS = env.flag("EXPIRY_SMS")
# Seconds: until a failed delivery is tried again, doubled each time; and how long a worker that is delivering a message
# is believed to be at it: longer than the four messages that a task has at most may take (120), or a slow mail would be
# sent twice.
OUTBOX_RETRY_AFTER = 60
OUTBOX_LEASE = 150

# --- People, sessions, limits --------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
# The first finds the user of a session; the second signs staff in.
AUTHENTICATION_BACKENDS = ["accounts.passwords.sign_in.SessionBackend", "accounts.staff.backend.StaffBackend"]
LOGIN_URL = "register"

# Seconds: a session or the journey of a reset ends after 15 minutes without a click, and after 8 hours in any case.
SESSION_ENGINE = "accounts.sessions.store"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_AGE = 15 * 60
SESSION_ABSOLUTE_AGE = 8 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Posts in ten minutes from one address: a whole company sits behind one.
LIMIT_ADDRESS_POSTS = env.number("LIMIT_ADDRESS_POSTS", 300)
# Different names in ten minutes from one address, on each of the forms that send codes or links or take passwords. Each
# such post reads so many keys of the cache.
LIMIT_ADDRESS_NAMES = env.number("LIMIT_ADDRESS_NAMES", 20)
LIMIT_ADDRESS_FAILED_LOGINS = env.number("LIMIT_ADDRESS_FAILED_LOGINS", 20)
# Failed log-ins in ten minutes, over all accounts, that are nothing unusual. More raise an alarm.
FAILED_LOGINS_USUAL = env.number("FAILED_LOGINS_USUAL", 50)
# Accounts that may share one mobile number.
LIMIT_ACCOUNTS_PER_NUMBER = env.number("LIMIT_ACCOUNTS_PER_NUMBER", 3)

# --- The rules for passwords (manual-sv.md) ------------------------------------------------------

PASSWORD_MIN_LENGTH = env.number("PASSWORD_MIN_LENGTH", 8)
# Of four kinds of characters: what Active Directory asks for, which can be told nothing else.
PASSWORD_KINDS = 3
# Keyboards abroad and older systems lack them.
PASSWORD_FORBIDDEN_CHARACTERS = "åäöÅÄÖ"  # noqa: S105
# Words of four letters or more that no password may contain, beside the person's and the company's names.
PASSWORD_CONTEXT_WORDS = env.words(
    "PASSWORD_CONTEXT_WORDS",
    f"{MUNICIPALITY_NAME} {MUNICIPALITY_SHORT_NAME} {SERVICE_NAME} idportal pwreg pwreset lösenord losenord",
)
# A sorted list of SHA-1 hashes of leaked passwords, which are refused.
PASSWORD_BREACHED_FILE = env.text("PASSWORD_BREACHED_FILE")
AUTH_PASSWORD_VALIDATORS = [{"NAME": "accounts.passwords.policy.PolicyValidator"}]

# --- Web security (security.md S1, Y1) -----------------------------------------------------------

_prefix = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_prefix}session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{_prefix}csrf"
JOURNEY_COOKIE_NAME = f"{_prefix}journey"  # of accounts.sessions.journeys
BROWSER_COOKIE_NAME = f"{_prefix}browsers"  # of accounts.sessions.browsers
LANGUAGE_COOKIE_NAME = f"{_prefix}language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz/", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # TrustedProxies removes it if others send it
X_FRAME_OPTIONS = "DENY"
_journey_hosts = [env.beside(PORTAL_URL, host) for host in (REGISTER_HOST, RESET_HOST) if host]
CONTENT_SECURITY_POLICY = "; ".join(
    [
        *("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"),
        *(f"{each} 'self'" for each in ("script-src", "style-src", "font-src", "connect-src")),
        # The answer to a form may redirect to the other journey's host; a last page has a picture from it.
        *(" ".join([f"{each} 'self'", *_journey_hosts]) for each in ("img-src", "form-action")),
    ]
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2500  # an orderer may have each of 2,000 companies; the 256 kB bound the rest
FILE_UPLOAD_HANDLERS = ["accounts.companies.admin.registers.ForAdministrators"]

# The history is read-only: going back is an ordinary change (accounts.companies.admin.registers).
SIMPLE_HISTORY_REVERT_DISABLED = True

# --- Language, time, files, logs -----------------------------------------------------------------

LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", "Svenska"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Stockholm"

STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / "var" / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "idportal.web.static_files.SlimStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# DEBUG, INFO, WARNING or ERROR.
LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "idportal.runtime.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # The copy of the trail (security.md L3) is whole at any level.
        "idportal.audit": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # That a task came. A line says when it ended, and the trail what it did.
        "celery.worker.strategy": {"handlers": [], "level": "WARNING", "propagate": True},
        # At DEBUG these log posted forms and the values that queries store.
        "django.template": {"handlers": [], "level": "INFO", "propagate": True},
        "django.db.backends": {"handlers": [], "level": "INFO", "propagate": True},
        # Their messages can hold gateway URLs, and so credentials. idportal.channels.sms logs what matters.
        "apprise": {"handlers": [], "level": "CRITICAL", "propagate": False},
        "urllib3": {"handlers": [], "level": "CRITICAL", "propagate": False},
        # Names as they were typed; some people type a password there. The trail and idportal.directory say more.
        "django_auth_ldap": {"handlers": [], "level": "CRITICAL", "propagate": False},
        # …and mails, tokens and secrets, at DEBUG. idportal.channels.mailbox says what went wrong.
        "imapclient": {"handlers": [], "level": "CRITICAL", "propagate": False},
        "requests_oauthlib": {"handlers": [], "level": "CRITICAL", "propagate": False},
        "oauthlib": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
