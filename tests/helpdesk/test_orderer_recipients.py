"""The orderer asks for other recipients of the daily mail (manual-sv.md, "Support" 2; security.md H6)."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts import companies
from accounts.models import Company
from helpdesk.models import Confirmation, Ticket
from helpdesk.tickets import decisions
from tests.accounts.helpers import text_of
from tests.helpdesk.asked import CALL, a_colleague_called_back, an_agent, ask_for_recipients
from tests.helpdesk.conftest import Register

PATH = "/bestallare/mottagare/"
CARIN, CHIEF, THIRD = "carin@hemtjanst-ett.example", "chef@hemtjanst-ett.example", "tredje@hemtjanst-ett.example"


@pytest.fixture(autouse=True)
def ett(register: Register) -> Company:
    """The company, with Carin as its recipient."""
    return companies.set_recipients(register.ett.pk, [CARIN], actor=None)


def ask(client: Client, *addresses: str) -> HttpResponse:
    first, second = [*addresses, "", ""][:2]
    answer = client.post(PATH, {"recipient1": first, "recipient2": second})
    assert isinstance(answer, HttpResponse)
    return answer


def page(client: Client) -> str:
    answer = client.get(PATH)
    assert isinstance(answer, HttpResponse)
    return text_of(answer)


def test_asking_makes_a_ticket_and_changes_nothing_yet(register: Register, carin: Client) -> None:
    answer = ask(carin, CHIEF, CARIN)
    made = Ticket.objects.get()
    assert answer["Location"] == f"/bestallare/arenden/{made.number}/"
    assert (made.kind, made.source, list(made.recipients)) == (
        Ticket.Kind.RECIPIENTS,
        Ticket.Source.PAGES,
        [CHIEF, CARIN],
    )
    assert (made.company, made.orderer) == (register.ett, register.carin)
    register.ett.refresh_from_db()
    assert list(register.ett.recipients) == [CARIN]


def test_the_form_holds_the_present_recipients(carin: Client) -> None:
    assert f'value="{CARIN}"' in carin.get(PATH).content.decode()


def test_both_pages_say_that_each_new_one_must_confirm(carin: Client) -> None:
    words = "varje ny mottagare ett mejl och måste bekräfta sin adress. De som är mottagare nu får veta att ni ändrar."
    assert words in page(carin)
    assert words in text_of(carin.get(ask(carin, CHIEF)["Location"]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        (("", ""), "Skriv minst en e-postadress."),
        ((CHIEF, CHIEF.upper()), "Det är samma adress som mottagare 1."),
        (("chef", ""), "Det är ingen e-postadress."),
        ((CHIEF, "a@b"), "Det är ingen e-postadress."),
        ((f"{'x' * 250}@a.example", ""), "Adressen är för lång."),
        ((f"{CHIEF},{THIRD}", ""), "Det är ingen e-postadress."),
        ((f"{CHIEF}\nbcc: {THIRD}", ""), "Det är ingen e-postadress."),
        (('"chef, hr"@hemtjanst-ett.example', ""), "Det är ingen e-postadress"),
        (("chef@[192.0.2.1]", ""), "Det är ingen e-postadress"),
        (("chef@localhost", ""), "Det är ingen e-postadress"),
        (("chef\u200b@hemtjanst-ett.example", ""), "e-postadress"),
        ((CARIN.upper(), ""), "De här adresserna får redan mejlen."),
        (("", CARIN), "De här adresserna får redan mejlen."),
    ],
)
def test_what_cannot_be_asked_is_said(carin: Client, addresses: tuple[str, str], words: str) -> None:
    answer = ask(carin, *addresses)
    assert answer.status_code == 200
    assert words in text_of(answer)
    assert not Ticket.objects.exists()


def test_only_the_second_field_will_do(carin: Client) -> None:
    ask(carin, "", CHIEF)
    assert list(Ticket.objects.get().recipients) == [CHIEF]


def test_a_third_one_is_not_read(carin: Client) -> None:
    carin.post(PATH, {"recipient1": CHIEF, "recipient2": CARIN, "recipient3": THIRD})
    assert list(Ticket.objects.get().recipients) == [CHIEF, CARIN]


def test_who_bounces_is_marked(carin: Client) -> None:
    assert "mejl kommer inte fram" not in page(carin)
    companies.note_bounce(CARIN.upper(), "550 no such user")
    assert f"{CARIN} mejl kommer inte fram" in page(carin)
    assert "550" not in page(carin)


def test_who_has_been_asked_and_has_not_answered_is_shown(register: Register, carin: Client) -> None:
    ask(carin, CHIEF)
    wait_for(Ticket.objects.get(), CHIEF)
    assert f"{CHIEF} inte bekräftad" in page(carin)


def wait_for(ticket: Ticket, address: str) -> Confirmation:
    until = timezone.now() + timedelta(days=7)
    return Confirmation.objects.create(
        ticket=ticket, address=address, digest=address, until=until, recipients_before=[CARIN]
    )


def test_whoever_has_been_asked_stays_in_the_form(register: Register, carin: Client) -> None:
    """What is sent is all that count afterwards: who mends the other address loses nobody."""
    one = ask_for_recipients(register, CARIN, CHIEF, source=CALL, agent=an_agent())
    a_colleague_called_back(one)
    decisions.approve(one.pk, an_agent())
    page = carin.get(PATH).content.decode()
    assert f'value="{CARIN}"' in page
    assert f'value="{CHIEF}"' in page
    companies.set_recipients(register.ett.pk, [THIRD], actor=None)
    assert "inte bekräftad" not in text_of(carin.get(PATH)), "an administrator's word is the later one"  # type: ignore[arg-type]
    assert f'value="{CHIEF}"' not in carin.get(PATH).content.decode()


def test_a_company_without_recipients_is_told_what_that_means(register: Register, carin: Client) -> None:
    companies.set_recipients(register.ett.pk, [], actor=None)
    assert "Ni har ingen mottagare." in page(carin)


def test_an_open_ticket_is_pointed_at_and_another_still_allowed(carin: Client) -> None:
    assert "väntar redan på helpdesk" not in page(carin)
    where = ask(carin, CHIEF)["Location"]
    assert "väntar redan på helpdesk" in page(carin)
    assert f'href="{where}"' in carin.get(PATH).content.decode()
    assert ask(carin, THIRD).status_code == 302
    assert Ticket.objects.count() == 2
    Ticket.objects.update(state=Ticket.State.WITHDRAWN)
    assert "väntar redan på helpdesk" not in page(carin)
