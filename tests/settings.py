"""The settings of the suite: the portal's own, with a value for everything that a process has to be told."""

import os

os.environ.setdefault("SECRET_KEY", "the suite's own key, which opens nothing outside of it")
os.environ.setdefault("PORTAL_URL", "http://127.0.0.1:8000")
os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1 localhost .localhost testserver")
os.environ.setdefault("DIRECTORY_KIND", "openldap")
# The fixtures of tests/servers point these at a directory that they start; until then nothing answers.
os.environ.setdefault("DIRECTORY_URLS", "ldaps://127.0.0.1:9")
os.environ.setdefault("DIRECTORY_BIND_DN", "cn=set-by-the-fixture")
os.environ.setdefault("DIRECTORY_BIND_PASSWORD", "set by the fixture")
os.environ.setdefault("DIRECTORY_USER_BASE", "ou=set-by-the-fixture")
os.environ.setdefault("SMS_GATEWAYS", "file:///nonexistent/set-by-the-fixture")
os.environ.setdefault("EMAIL_URL", "memorymail://")
# The municipality of the manual.
os.environ.setdefault("MUNICIPALITY_NAME", "Örebro kommun")
os.environ.setdefault("HELPDESK_EMAIL", "it-helpdesk@orebro.se")
os.environ.setdefault("DATA_PROTECTION_OFFICER", "")

from idportal.settings import *  # noqa: F403

# What WhiteNoise serves in production needs collectstatic first; the suite's pages take files from their source.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

# tests/suite.py has made the tables in this very database: what is copied from it needs no migrations.
if os.environ.get("DATABASE_URL_MIGRATED") == DATABASE_URL:  # noqa: F405
    DATABASES["default"]["TEST"] = {"TEMPLATE": DATABASES["default"]["NAME"], "MIGRATE": False}  # noqa: F405

# What deploy.local.settings adds; tests/as_demo.py gives it a folder.
DEMO_FOLDER: str = ""
