"""A request becomes a ticket, and what was "taken up" an attempt to read; staff of a company become employees.

Tables and columns are renamed, so the rows stay as they are, on the way up and on the way down.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("helpdesk", "0002_mail"),
    ]

    operations = [
        migrations.RenameModel("Request", "Ticket"),
        migrations.RenameModel("TakenUp", "ReadAttempt"),
        migrations.RenameField("Entry", "request", "ticket"),
        migrations.RenameField("IncomingMail", "request", "ticket"),
        migrations.RenameField("Verification", "request", "ticket"),
        migrations.RenameField("Confirmation", "request", "ticket"),
        migrations.RenameField("Ticket", "staff_name", "employee_name"),
        migrations.RenameField("Ticket", "staff_username", "employee_username"),
        migrations.RenameIndex("ticket", "helpdesk_ti_state_87226d_idx", "helpdesk_re_state_851e27_idx"),
        migrations.RenameIndex("ticket", "helpdesk_ti_company_209631_idx", "helpdesk_re_company_b89e1e_idx"),
        migrations.RenameIndex("ticket", "helpdesk_ti_decided_f67797_idx", "helpdesk_re_decided_327256_idx"),
        migrations.AlterField(
            "ticket",
            "company",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="tickets", to="accounts.company"
            ),
        ),
        migrations.AlterField(
            "ticket",
            "orderer",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="tickets", to="accounts.orderer"
            ),
        ),
        migrations.AlterField(
            "ticket",
            "agent",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="tickets_taken",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
