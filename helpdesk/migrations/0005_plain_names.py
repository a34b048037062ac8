"""An entry of the timeline is called so, and five columns say what they hold.

Tables and columns are renamed, so the rows stay as they are, on the way up and on the way down.
"""

from django.db import migrations

MODELS = {"entry": "timelineentry"}


def rename_permissions(apps, schema_editor):
    _rename_permissions(apps, MODELS)


def rename_permissions_back(apps, schema_editor):
    _rename_permissions(apps, {new: old for old, new in MODELS.items()})


def _rename_permissions(apps, models):
    """Django renames the content types of renamed models, but not the permissions that are named after them."""
    of_helpdesk = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="helpdesk")
    for old, new in models.items():
        for permission in of_helpdesk.filter(codename__endswith=f"_{old}"):
            action, _, _ = permission.codename.partition("_")
            permission.codename = f"{action}_{new}"
            permission.save(update_fields=["codename"])


class Migration(migrations.Migration):

    dependencies = [("helpdesk", "0004_names_in_values")]

    operations = [
        migrations.RenameModel("Entry", "TimelineEntry"),
        migrations.RenameField("IncomingMail", "standing", "sender_trust"),
        migrations.RenameField("Verification", "mobile", "mobile_digest"),
        migrations.RenameField("Confirmation", "before", "recipients_before"),
        migrations.RenameField("ReadAttempt", "died", "crashes"),
        migrations.RenameField("ReadAttempt", "refused", "refusals"),
        migrations.RunPython(rename_permissions, rename_permissions_back),
    ]
