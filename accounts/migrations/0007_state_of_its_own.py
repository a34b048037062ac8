"""What was read from the audit trail gets rows of its own, and begins with what the trail tells.

The trail itself stays as it is, so that a way back has nothing to carry over: the code before reads it as it did.
"""

from datetime import timedelta

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def carry_over(apps, schema_editor):
    _removals(apps)
    day_ago = timezone.now() - timedelta(days=1)
    _forgotten(apps, day_ago)
    _wrong_codes(apps, day_ago)


def _removals(apps):
    """Each number that was taken away: by the helpdesk, with the request as the event's result, or by a stop."""
    AuditEvent, PhoneRemoval = apps.get_model("accounts", "AuditEvent"), apps.get_model("accounts", "PhoneRemoval")
    users = dict(apps.get_model("accounts", "User").objects.values_list("directory_id", "pk"))
    events = AuditEvent.objects.filter(event__in=["phone removed", "phone link stopped"]).order_by("at", "pk")
    for event in events.iterator():
        if event.subject in users:
            by_helpdesk = event.event == "phone removed"
            PhoneRemoval.objects.create(
                user_id=users[event.subject],
                at=event.at,
                agent_id=users.get(event.actor) if by_helpdesk else None,
                reference=event.result[:20] if by_helpdesk else "",
            )


def _forgotten(apps, since):
    AuditEvent, TriesForgotten = apps.get_model("accounts", "AuditEvent"), apps.get_model("accounts", "TriesForgotten")
    events = AuditEvent.objects.filter(event="tries forgotten", at__gt=since).exclude(subject="")
    rows = [TriesForgotten(subject=subject, at=at) for subject, at in events.values_list("subject", "at")]
    TriesForgotten.objects.bulk_create(rows)


def _wrong_codes(apps, since):
    """Codes by SMS that an agent mistyped since the last right one, whichever kind that was."""
    AuditEvent, FailedTry = apps.get_model("accounts", "AuditEvent"), apps.get_model("accounts", "FailedTry")
    wrong = {}
    names = ["second factor accepted", "second factor refused"]
    events = AuditEvent.objects.filter(event__in=names, at__gt=since).exclude(subject="").order_by("at", "pk")
    for event, subject, result, at in events.values_list("event", "subject", "result", "at"):
        if event == "second factor accepted":
            wrong.pop(subject, None)
        elif result == "sms":
            wrong.setdefault(subject, []).append(at)
    rows = [FailedTry(subject=subject, kind="sms", at=at) for subject, times in wrong.items() for at in times]
    FailedTry.objects.bulk_create(rows)


def forget_wrong_codes(apps, schema_editor):
    """The code before does not know the kind."""
    apps.get_model("accounts", "FailedTry").objects.filter(kind="sms").delete()


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_plain_challenge'),
    ]

    operations = [
        migrations.CreateModel(
            name='TriesForgotten',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(db_index=True, max_length=36)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AlterField(
            model_name='failedtry',
            name='kind',
            field=models.CharField(choices=[('password', 'Password'), ('code', 'Code'), ('factor', 'Factor'), ('recovery', 'Recovery'), ('sms', 'Sms')], max_length=8),
        ),
        migrations.CreateModel(
            name='PhoneRemoval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('reference', models.CharField(blank=True, max_length=20)),
                ('agent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='removals', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.RunPython(carry_over, forget_wrong_codes),
    ]
