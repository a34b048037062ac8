"""A claim's lease ends at ``next_try_at``; ``claimed_at`` said the same once more."""

from datetime import timedelta

from django.conf import settings
from django.db import migrations, models
from django.db.models import F


def keep_leases(apps, schema_editor):
    sending = apps.get_model("notifications", "Message").objects.filter(state="sending", claimed_at__isnull=False)
    sending.update(next_try_at=F("claimed_at") + timedelta(seconds=settings.OUTBOX_LEASE))


def note_claims(apps, schema_editor):
    sending = apps.get_model("notifications", "Message").objects.filter(state="sending")
    sending.update(claimed_at=F("next_try_at") - timedelta(seconds=settings.OUTBOX_LEASE))


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_mail")]

    operations = [
        migrations.RunPython(keep_leases, note_claims),
        migrations.RemoveField(model_name="message", name="claimed_at"),
    ]
