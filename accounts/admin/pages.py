"""All pages of the admin that this app has. Imported when the apps are ready, since each registers itself."""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.audit import admin as trail
from accounts.companies.admin import companies, orderers
from accounts.staff import admin as second_factors

__all__ = ["companies", "orderers", "second_factors", "trail"]

admin.site.unregister(Group)  # the groups that count are the directory's
