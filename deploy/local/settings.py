"""The settings of demo and stack: the portal's own, plus the page /demo/."""

from django.core.exceptions import ImproperlyConfigured

from idportal import env
from idportal.settings import *  # noqa: F403
from idportal.settings import BASE_DIR, LOCAL, TEMPLATES

if not LOCAL:
    raise ImproperlyConfigured(
        "deploy.local.settings shows passwords and codes to anyone. Others reach this portal by PORTAL_URL or "
        "ALLOWED_HOSTS: use idportal.settings."
    )

# Where the portal writes SMS and mails, in sms/ and mail/.
DEMO_FOLDER: str = env.text("DEMO_FOLDER")

ROOT_URLCONF = "deploy.local.urls"
TEMPLATES[0] = {**TEMPLATES[0], "DIRS": [BASE_DIR / "deploy" / "local" / "templates", BASE_DIR / "templates"]}
