"""A challenge is no device of django-otp any more, and what was read from the audit trail gets rows of its own.

The rows begin with what the trail tells. The trail stays as it is: on the way back the code before reads it as it did.
"""

from datetime import timedelta

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def end_sessions(apps, schema_editor):
    """A session by SMS hangs on a challenge as its device, and django-otp fails on one that is none."""
    users = apps.get_model("accounts", "User").objects.filter(challenge__confirmed=True)
    users.update(session_epoch=models.F("session_epoch") + 1)


def end_sessions_of_new_devices(apps, schema_editor):
    """The code before this migration has no such devices: it would take their sessions for half signed in."""
    users = apps.get_model("accounts", "User").objects.filter(smsfactor__isnull=False)
    users.update(session_epoch=models.F("session_epoch") + 1)


def carry_over(apps, schema_editor):
    _removals(apps)
    events = apps.get_model("accounts", "AuditEvent").objects.exclude(subject="").order_by("at", "pk")
    of_the_day = events.filter(at__gt=timezone.now() - timedelta(days=1))
    TriesForgotten = apps.get_model("accounts", "TriesForgotten")
    forgotten = of_the_day.filter(event="tries forgotten").values_list("subject", "at")
    TriesForgotten.objects.bulk_create([TriesForgotten(subject=subject, at=at) for subject, at in forgotten])
    _wrong_codes(apps, of_the_day)


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


def _wrong_codes(apps, events):
    """Codes by SMS that an agent mistyped since the last right one, whichever kind that was."""
    FailedTry = apps.get_model("accounts", "FailedTry")
    wrong = {}
    checked = events.filter(event__in=["second factor accepted", "second factor refused"])
    for event, subject, result, at in checked.values_list("event", "subject", "result", "at"):
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
    dependencies = [("accounts", "0004_mail")]

    operations = [
        migrations.CreateModel(
            name='SmsFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('user', models.ForeignKey(help_text='The user that this device belongs to.', on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.RunPython(end_sessions, end_sessions_of_new_devices),
        migrations.RemoveField('challenge', 'confirmed'),
        migrations.RemoveField('challenge', 'name'),
        migrations.RemoveField('challenge', 'throttling_failure_timestamp'),
        migrations.RenameField('challenge', 'throttling_failure_count', 'failures'),
        migrations.RenameField('challenge', 'last_generated_timestamp', 'asked_at'),
        migrations.RenameField('challenge', 'asked_for', 'username'),
        migrations.AlterField('challenge', 'failures', models.PositiveIntegerField(default=0)),
        migrations.AlterField('challenge', 'valid_until', models.DateTimeField(default=django.utils.timezone.now)),
        migrations.AddField('challenge', 'begun_by', models.CharField(max_length=64, null=True, unique=True)),
        migrations.AddField('challenge', 'about', models.CharField(blank=True, default='', max_length=64)),
        migrations.AlterField('auditevent', 'event', models.CharField(max_length=40)),
        migrations.CreateModel(
            name='TriesForgotten',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(db_index=True, max_length=36)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AlterField('failedtry', 'kind', models.CharField(choices=[('password', 'Password'), ('code', 'Code'), ('factor', 'Factor'), ('recovery', 'Recovery'), ('sms', 'Sms')], max_length=8)),
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
