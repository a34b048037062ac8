"""A challenge is no device of django-otp any more; who has signed in by SMS signs in anew."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def end_sessions(apps, schema_editor):
    """Such a session hangs on a challenge as its device, and django-otp fails on one that is none."""
    users = apps.get_model('accounts', 'User').objects.filter(challenge__confirmed=True)
    users.update(session_epoch=models.F('session_epoch') + 1)


def end_sessions_of_new_devices(apps, schema_editor):
    """The code before this migration has no such devices: it would take their sessions for half signed in."""
    users = apps.get_model('accounts', 'User').objects.filter(smsfactor__isnull=False)
    users.update(session_epoch=models.F('session_epoch') + 1)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_challenge_begun_by'),
    ]

    operations = [
        migrations.CreateModel(
            name='SmsFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('user', models.ForeignKey(help_text='The user that this device belongs to.', on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.RunPython(end_sessions, end_sessions_of_new_devices),
        migrations.RemoveField(model_name='challenge', name='confirmed'),
        migrations.RemoveField(model_name='challenge', name='name'),
        migrations.RemoveField(model_name='challenge', name='throttling_failure_timestamp'),
        migrations.RenameField(model_name='challenge', old_name='throttling_failure_count', new_name='failures'),
        migrations.RenameField(model_name='challenge', old_name='last_generated_timestamp', new_name='asked_at'),
        migrations.AlterField(
            model_name='challenge',
            name='failures',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='challenge',
            name='valid_until',
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
    ]
