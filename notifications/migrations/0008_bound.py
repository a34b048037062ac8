"""What is encrypted is bound to its row: moved to another one, it opens no more (security.md X2)."""

import accounts.privacy.encryption
from django.db import migrations

from accounts.privacy.binding import Bind


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0007_passkeys'),
    ]

    operations = [
        Bind(
            model_name='message',
            name='html',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('uid',)),
        ),
        Bind(
            model_name='message',
            name='text',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('uid',)),
        ),
        Bind(
            model_name='message',
            name='to',
            field=accounts.privacy.encryption.EncryptedTextField(bound_to=('uid',)),
        ),
    ]
