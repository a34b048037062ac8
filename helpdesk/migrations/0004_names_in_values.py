"""The new names of 0003 where old ones stand as values: fields that a mail did not give, and permissions."""

from django.db import migrations

FIELDS = {"staff_name": "employee_name", "staff_username": "employee_username"}
MODELS = {"request": "ticket", "takenup": "readattempt"}


def rename(apps, schema_editor):
    _rename_fields(apps, FIELDS)
    _rename_permissions(apps, MODELS)


def rename_back(apps, schema_editor):
    _rename_fields(apps, {new: old for old, new in FIELDS.items()})
    _rename_permissions(apps, {new: old for old, new in MODELS.items()})


def _rename_fields(apps, names):
    Ticket = apps.get_model("helpdesk", "Ticket")
    for ticket in Ticket.objects.exclude(unread={}, doubts=[]).only("unread", "doubts").iterator():
        ticket.unread = {names.get(name, name): why for name, why in ticket.unread.items()}
        ticket.doubts = [names.get(name, name) for name in ticket.doubts]
        ticket.save(update_fields=["unread", "doubts"])


def _rename_permissions(apps, models):
    """Django renames the content types of renamed models, but not the permissions that are named after them."""
    of_helpdesk = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="helpdesk")
    for old, new in models.items():
        for permission in of_helpdesk.filter(codename__endswith=f"_{old}"):
            action, _, _ = permission.codename.partition("_")
            permission.codename = f"{action}_{new}"
            permission.save(update_fields=["codename"])


class Migration(migrations.Migration):

    dependencies = [
        ("helpdesk", "0003_tickets"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(rename, rename_back)]
