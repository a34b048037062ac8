"""What is encrypted is bound to its row: moved to another one, it opens no more (security.md X2)."""

import accounts.encryption
from django.db import migrations

from accounts.binding import Bind


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0007_passkeys'),
    ]

    operations = [
        Bind(
            model_name='message',
            name='html',
            field=accounts.encryption.EncryptedTextField(blank=True, bound_to=('uid',)),
        ),
        Bind(
            model_name='message',
            name='text',
            field=accounts.encryption.EncryptedTextField(blank=True, bound_to=('uid',)),
        ),
        Bind(
            model_name='message',
            name='to',
            field=accounts.encryption.EncryptedTextField(bound_to=('uid',)),
        ),
    ]
