from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_mail'),
    ]

    operations = [
        migrations.AddField(
            model_name='challenge',
            name='begun_by',
            field=models.CharField(max_length=64, null=True, unique=True),
        ),
    ]
