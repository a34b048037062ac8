"""A request becomes a ticket, "taken up" an attempt to read, an entry one of the timeline, and staff employees.

Tables and columns are renamed, so the rows stay as they are, on the way up and on the way down.
"""

from django.conf import settings
from django.db import migrations, models

# Where old names stand as values: fields that a mail did not give, and models in the names of permissions.
FIELDS = {"staff_name": "employee_name", "staff_username": "employee_username"}
MODELS = {"request": "ticket", "takenup": "readattempt", "entry": "timelineentry"}


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


def _key(related_name, to):
    return models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name=related_name, to=to)


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0002_mail"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.RenameModel("Request", "Ticket"),
        migrations.RenameModel("TakenUp", "ReadAttempt"),
        migrations.RenameModel("Entry", "TimelineEntry"),
        migrations.RenameField("TimelineEntry", "request", "ticket"),
        migrations.RenameField("IncomingMail", "request", "ticket"),
        migrations.RenameField("IncomingMail", "standing", "sender_trust"),
        migrations.RenameField("Verification", "request", "ticket"),
        migrations.RenameField("Verification", "mobile", "mobile_digest"),
        migrations.RenameField("Confirmation", "request", "ticket"),
        migrations.RenameField("Confirmation", "before", "recipients_before"),
        migrations.RenameField("ReadAttempt", "died", "crashes"),
        migrations.RenameField("ReadAttempt", "refused", "refusals"),
        migrations.RenameField("Ticket", "staff_name", "employee_name"),
        migrations.RenameField("Ticket", "staff_username", "employee_username"),
        migrations.RenameIndex("ticket", "helpdesk_ti_state_87226d_idx", "helpdesk_re_state_851e27_idx"),
        migrations.RenameIndex("ticket", "helpdesk_ti_company_209631_idx", "helpdesk_re_company_b89e1e_idx"),
        migrations.RenameIndex("ticket", "helpdesk_ti_decided_f67797_idx", "helpdesk_re_decided_327256_idx"),
        migrations.AlterField("ticket", "company", _key("tickets", "accounts.company")),
        migrations.AlterField("ticket", "orderer", _key("tickets", "accounts.orderer")),
        migrations.AlterField("ticket", "agent", _key("tickets_taken", settings.AUTH_USER_MODEL)),
        migrations.RunPython(rename, rename_back),
    ]
