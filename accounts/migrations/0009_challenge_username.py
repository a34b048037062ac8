"""The user name has one name on its way through a reset; its hash moves from the session to the challenge."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0008_events_without_choices"),
    ]

    operations = [
        migrations.RenameField("challenge", "asked_for", "username"),
        migrations.AddField("challenge", "about", models.CharField(blank=True, default="", max_length=64)),
    ]
