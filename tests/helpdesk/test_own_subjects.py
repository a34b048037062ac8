"""The two kinds of ticket under a municipality's own names: read in mails, shown to agents, told apart."""

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from deploy.local.cast import PER
from helpdesk.intake.reading.layout import kind_of
from helpdesk.models import Ticket
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.helpdesk.conftest import Register
from tests.helpdesk.mailing import a_mail, ticket_of

Kind = Ticket.Kind


@pytest.fixture
def region(settings: Settings) -> None:
    settings.TICKET_PHONE_SUBJECT, settings.TICKET_RECIPIENTS_SUBJECT = "LOV: koden kommer fel", "LOV: listan"


@pytest.mark.usefixtures("region")
@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("LOV: koden kommer fel", Kind.PHONE),
        ("SV: [EXTERN] lov koden komer fel", Kind.PHONE),
        ("LOV: listan", Kind.RECIPIENTS),
        ("Koppla nytt mobil nr", Kind.PHONE),  # somebody still writes what stood in the manual
        ("LOV: semester", None),
    ],
)
def test_a_mail_is_known_by_its_subject(subject: str, kind: Ticket.Kind | None) -> None:
    assert kind_of(subject) == kind


@pytest.mark.django_db
@pytest.mark.usefixtures("region", "server")
def test_the_agent_sees_the_name(register: Register) -> None:
    one = ticket_of(a_mail("lovanber11", subject="LOV: koden kommer fel"))
    per = Officer(PER)
    per.come_in()
    assert one.kind == Kind.PHONE
    assert f"LOV: koden kommer fel {one.number}" in text_of(per.get(f"/helpdesk/arenden/{one.number}/"))


@pytest.mark.parametrize(
    ("phone", "recipients", "found"),
    [
        ("", "", []),
        ("LOV: koden kommer fel", "LOV: listan", []),
        ("LOV 1 beställning", "LOV 2 beställning", ["helpdesk.E001", "helpdesk.E001"]),
        ("Ändring av e-postmottagare", "", ["helpdesk.E001"]),
        ("Nytt mobilnummer " + "x" * 70, "", ["helpdesk.E002"]),
    ],
)
def test_names_that_are_taken_for_each_other_are_refused(
    settings: Settings, phone: str, recipients: str, found: list[str]
) -> None:
    settings.TICKET_PHONE_SUBJECT, settings.TICKET_RECIPIENTS_SUBJECT = phone, recipients
    wrong = [each for each in run_checks() if str(each.id).startswith("helpdesk.")]
    assert [each.id for each in wrong] == found
    assert all(each.msg.startswith("TICKET_") and each.hint for each in wrong)
