"""Whether an agent corrected a ticket's number. Of open tickets that were changed it isn't known, so it counts as yes."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def be_careful_with_open_tickets(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    changed = apps.get_model("helpdesk", "Ticket")._default_manager.filter(changed_at__isnull=False)
    changed.filter(state__in=["new", "verifying"], kind="phone").update(number_corrected=True)


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0010_saved_filters")]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="number_corrected",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(be_careful_with_open_tickets, migrations.RunPython.noop),
    ]
