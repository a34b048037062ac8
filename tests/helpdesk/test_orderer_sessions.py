"""An orderer's session: whose it is, for which company, and when it ends (security.md S1 to S3)."""

from collections.abc import Callable

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from accounts.models import Company, Event, Orderer
from deploy.local.cast import PER
from helpdesk.orderer.sessions import orderer_only
from idportal.urls import urlpatterns as of_the_portal
from tests.accounts.helpers import last, text_of, time_passes, trail
from tests.accounts.staff import Officer
from tests.conftest import Inbox
from tests.helpdesk.conftest import Register
from tests.helpdesk.newcomer import GONE, Newcomer, address_changed, email_of, number_changed
from tests.helpdesk.people import as_orderer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

LOG_IN, ENDED = "/bestallare/logga-in/", "/bestallare/logga-in/?slut"
COMPANY = "/bestallare/foretag/"
STAY = "/session/forlang/"


@orderer_only
def who(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    return HttpResponse(f"{orderer.name}, {company.name}")


# A page behind the door, of these tests' own.
urlpatterns = [*of_the_portal, path("vem/", who)]


def sees(client: Client) -> str:
    """Whom the page behind the door takes the browser for, or where it sends it."""
    answer = client.get("/vem/")
    return answer.content.decode() if answer.status_code == 200 else answer.headers["Location"]


@pytest.fixture
def both(register: Register) -> Register:
    """Carin orders for both companies."""
    register.carin.companies.add(register.tva)
    return register


def test_the_only_company_needs_no_choice(carin: Client) -> None:
    assert sees(carin) == "Carin Ek, Hemtjänst Ett AB"
    assert carin.get(COMPANY).headers["Location"] == "/bestallare/"


def test_who_has_several_chooses(both: Register, sms: Inbox) -> None:
    newcomer = Newcomer(sms)
    assert newcomer.come_in(email_of(both))["Location"] == COMPANY
    assert sees(newcomer.client) == COMPANY
    page = text_of(newcomer.get(COMPANY))
    assert "Hemtjänst Ett AB" in page
    assert "Omsorg Två AB" in page
    assert newcomer.post(COMPANY, company=str(both.tva.pk))["Location"] == "/bestallare/"
    assert sees(newcomer.client) == "Carin Ek, Omsorg Två AB"
    assert "Omsorg Två AB valt nu" in text_of(newcomer.get(COMPANY))
    newcomer.post(COMPANY, company=str(both.ett.pk))
    assert sees(newcomer.client) == "Carin Ek, Hemtjänst Ett AB"


@pytest.mark.parametrize("wanted", ["{other}", "", "0", "-1", "999999", "ett", "1 OR 1=1", "\u0661"])
def test_nobody_elses_company_can_be_chosen(register: Register, carin: Client, wanted: str) -> None:
    """H5."""
    answer = carin.post(COMPANY, {"company": wanted.format(other=register.tva.pk)})
    assert answer.status_code == 404
    assert sees(carin) == "Carin Ek, Hemtjänst Ett AB"


def test_s2_leaving_a_company_ends_access_to_it_at_the_next_click(both: Register) -> None:
    """S2: the other one stays, and is chosen anew: what was typed for the one is not sent for the other."""
    carin = as_orderer(both.carin, both.ett)
    assert sees(carin) == "Carin Ek, Hemtjänst Ett AB"
    both.carin.companies.remove(both.ett)
    assert sees(carin) == COMPANY
    page = text_of(carin.get(COMPANY))  # type: ignore[arg-type]
    assert "Du är inte längre behörig beställare för företaget som du arbetade med." in page
    assert "Hemtjänst Ett AB" not in page
    assert carin.post(COMPANY, {"company": both.ett.pk}).status_code == 404
    carin.post(COMPANY, {"company": both.tva.pk})
    assert sees(carin) == "Carin Ek, Omsorg Två AB"


def test_the_one_that_was_never_chosen_stays_chosen(register: Register, carin: Client) -> None:
    """S2: who had one company, and has another one instead, is asked."""
    sees(carin)
    register.carin.companies.set([register.tva])
    assert sees(carin) == COMPANY


def deleted(register: Register) -> None:
    register.carin.delete()


@pytest.mark.parametrize(
    "change",
    [*GONE, address_changed, number_changed, deleted],
    ids=lambda it: it.__name__,
)
def test_what_the_sign_in_rested_on_has_changed(
    register: Register, carin: Client, olle: Client, change: Callable[[Register], None]
) -> None:
    """S2: signed out at the next click, with a word on why; others go on."""
    assert sees(carin) == "Carin Ek, Hemtjänst Ett AB"
    change(register)
    assert sees(carin) == ENDED
    assert "Din inloggning gäller inte längre" in text_of(carin.get(ENDED))  # type: ignore[arg-type]
    assert sees(carin) == LOG_IN, "the session is gone"
    assert sees(olle) == "Olle Holm, Omsorg Två AB"


def test_only_the_case_of_the_address_changed(register: Register, carin: Client) -> None:
    register.carin.email = register.carin.email.upper()
    register.carin.save()
    assert sees(carin) == "Carin Ek, Hemtjänst Ett AB"


@pytest.mark.parametrize(("clicks", "minutes", "then"), [(3, 14, 15), (47, 10, 10)])
def test_s1_fifteen_minutes_without_a_click_and_eight_hours(
    carin: Client, clicks: int, minutes: int, then: int
) -> None:
    for _ in range(clicks):
        time_passes(minutes=minutes)
        assert sees(carin).startswith("Carin")
    time_passes(minutes=then, seconds=1)
    assert sees(carin) == LOG_IN


def test_the_button_to_stay(carin: Client) -> None:
    """S3: 403 once the session has ended, and to nobody who was not signed in."""
    assert Client().post(STAY).status_code == 403
    time_passes(minutes=14)
    assert carin.post(STAY).json() == {"seconds": 15 * 60}
    time_passes(minutes=14)
    assert sees(carin).startswith("Carin")
    time_passes(minutes=16)
    assert carin.post(STAY).status_code == 403


def test_the_warning_stands_on_pages_of_who_is_signed_in_alone(both: Register, sms: Inbox) -> None:
    """S3; it leads back to the orderer's own way in."""
    newcomer = Newcomer(sms)
    newcomer.ask(email_of(both))
    assert "data-session-seconds" not in newcomer.get(f"{LOG_IN}mejlkod/").content.decode()
    newcomer.press()
    newcomer.enter()
    page = newcomer.get(COMPANY).content.decode()
    assert 'data-session-seconds="900"' in page
    assert f'data-session-ended="{LOG_IN}?borta"' in page
    assert "Du har loggats ut eftersom" in text_of(Newcomer(sms).get(f"{LOG_IN}?borta"))
    assert "Du har loggats ut eftersom" not in text_of(newcomer.get(f"{LOG_IN}?borta")), "another tab kept it alive"


@pytest.mark.parametrize(("path", "then"), [("/bestallare/logga-ut/", f"{LOG_IN}?ut"), ("/logga-ut/", "/")])
def test_logging_out(register: Register, carin: Client, path: str, then: str) -> None:
    """S1: by either button; on the server too, and in the trail."""
    cookies = dict(carin.cookies)
    assert carin.get(path).status_code == 405
    assert carin.post(path).headers["Location"] == then
    row = last(Event.LOGGED_OUT)
    assert (row.actor, row.subject) == (f"orderer {register.carin.pk}",) * 2
    thief = Client()
    for name, morsel in cookies.items():
        thief.cookies[name] = morsel.value
    assert sees(thief) == LOG_IN


def test_logging_out_twice(carin: Client) -> None:
    for _ in range(2):
        assert carin.post("/bestallare/logga-ut/").headers["Location"] == f"{LOG_IN}?ut"
    assert trail(Event.LOGGED_OUT) == [Event.LOGGED_OUT]
    assert "Du är utloggad." in text_of(carin.get(f"{LOG_IN}?ut"))  # type: ignore[arg-type]


def test_an_agent_who_signs_in_as_orderer_is_no_agent_any_more(register: Register, per: Officer, sms: Inbox) -> None:
    """One browser, one person."""
    newcomer = Newcomer(sms)
    newcomer.client = per.client
    newcomer.get("/vem/")
    assert "_auth_user_id" in per.client.session, "to be turned away at an orderer's page ends nobody's session"
    newcomer.come_in(email_of(register))
    assert sees(per.client) == "Carin Ek, Hemtjänst Ett AB"
    assert "_auth_user_id" not in per.client.session


def test_an_orderer_who_signs_in_as_an_agent_is_no_orderer_any_more(register: Register, per: Officer) -> None:
    browser = as_orderer(register.carin)
    assert sees(browser).startswith("Carin")
    browser.post("/logga-in/", {"username": PER.username, "password": PER.password})
    assert sees(browser) == LOG_IN


def test_who_is_turned_away_on_the_way_in_can_go_on(register: Register, sms: Inbox) -> None:
    """The link that was asked for is good in this session: an old bookmark must not end it."""
    newcomer = Newcomer(sms)
    newcomer.ask(email_of(register))
    assert sees(newcomer.client) == LOG_IN
    assert newcomer.press()["Location"] == "/bestallare/logga-in/kod/"
    assert sees(newcomer.client) == LOG_IN
    assert newcomer.enter()["Location"] == "/bestallare/"
