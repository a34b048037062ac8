"""All pages of the admin that this app has. Imported when the apps are ready, since each registers itself."""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin import companies, orderers, second_factors, trail

__all__ = ["companies", "orderers", "second_factors", "trail"]

admin.site.unregister(Group)  # the groups that count are the directory's
