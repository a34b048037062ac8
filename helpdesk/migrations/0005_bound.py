"""What is encrypted is bound to its row: moved to another one, it opens no more (security.md X2)."""

import accounts.privacy.encryption
from django.db import migrations

from accounts.privacy.binding import Bind


class Migration(migrations.Migration):

    dependencies = [
        ('helpdesk', '0004_known_browsers'),
    ]

    operations = [
        Bind(
            model_name='incomingmail',
            name='attached',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('key',), default=''),
        ),
        Bind(
            model_name='incomingmail',
            name='sender',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('key',), default=''),
        ),
        Bind(
            model_name='incomingmail',
            name='sender_name',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('key',), default=''),
        ),
        Bind(
            model_name='incomingmail',
            name='subject',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('key',), default=''),
        ),
        Bind(
            model_name='incomingmail',
            name='text',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('key',), default=''),
        ),
        Bind(
            model_name='signinlink',
            name='asked_for',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=(), default=''),
        ),
        Bind(
            model_name='ticket',
            name='new_number',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('number', 'employee_username'), default=''),
        ),
        Bind(
            model_name='ticket',
            name='text',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('number',), default=''),
        ),
        Bind(
            model_name='timelineentry',
            name='why',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('ticket_id', 'what'), default=''),
        ),
    ]
