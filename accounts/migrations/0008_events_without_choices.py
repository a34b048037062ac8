"""A new audit event needs no migration any more: the column holds its value, and the enumeration says which there are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0007_state_of_its_own"),
    ]

    operations = [
        migrations.AlterField("auditevent", "event", models.CharField(max_length=40)),
    ]
