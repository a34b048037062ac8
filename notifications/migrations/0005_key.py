"""A message that is sent in any case has no key; it had one of its own."""

import uuid

from django.db import migrations, models


def make_keys(apps, schema_editor):
    messages = apps.get_model("notifications", "Message")
    for message in messages.objects.filter(key=None).only("pk").iterator():
        messages.objects.filter(pk=message.pk).update(key=uuid.uuid4().hex)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0004_lease")]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="key",
            field=models.CharField(max_length=200, null=True, unique=True),
        ),
        migrations.RunPython(migrations.RunPython.noop, make_keys),
    ]
