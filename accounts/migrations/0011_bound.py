"""What is encrypted is bound to its row: moved to another one, it opens no more (security.md X2)."""

import accounts.privacy.encryption
import django_otp.util
from django.db import migrations

from accounts.privacy.binding import Bind


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_passkeys'),
    ]

    operations = [
        Bind(
            model_name='authenticator',
            name='key',
            field=accounts.privacy.encryption.EncryptedTextField(bound_to=('user.directory_id',), default=django_otp.util.random_hex),
        ),
        Bind(
            model_name='challenge',
            name='number',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('purpose', 'user.directory_id', 'orderer_id'), default=''),
        ),
        Bind(
            model_name='challenge',
            name='username',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('purpose', 'about'), default=''),
        ),
        Bind(
            model_name='historicalorderer',
            name='mobile',
            field=accounts.privacy.encryption.EncryptedTextField(bound_to=('email',), verbose_name='mobilnummer'),
        ),
        Bind(
            model_name='orderer',
            name='mobile',
            field=accounts.privacy.encryption.EncryptedTextField(bound_to=('email',), verbose_name='mobilnummer'),
        ),
        Bind(
            model_name='phone',
            name='number',
            field=accounts.privacy.encryption.EncryptedTextField(bound_to=('user.directory_id', 'number_digest')),
        ),
        Bind(
            model_name='phonelink',
            name='number',
            field=accounts.privacy.encryption.EncryptedTextField(bound_to=('user.directory_id',)),
        ),
        Bind(
            model_name='phonelink',
            name='old_number',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('user.directory_id',), default=''),
        ),
        Bind(
            model_name='phoneremoval',
            name='number',
            field=accounts.privacy.encryption.EncryptedTextField(blank=True, bound_to=('user.directory_id',), default=''),
        ),
        Bind(
            model_name='recoverycodes',
            name='hash_key',
            field=accounts.privacy.encryption.EncryptedTextField(bound_to=('user.directory_id',), default=django_otp.util.random_hex),
        ),
    ]
