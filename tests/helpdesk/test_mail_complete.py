"""What a mail does not tell, an agent fills in, and whoever was verified before did not stand behind it. Issue 5."""

import re

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Event, Orderer, Phone
from deploy.local.cast import ANNA
from helpdesk.agent import next_step
from helpdesk.agent.next_step import NextStep
from helpdesk.models import IncomingMail, Ticket, TimelineEntry
from helpdesk.tickets import decisions, verification
from helpdesk.tickets.creating import TicketDetails, complete
from helpdesk.tickets.evidence import gather
from helpdesk.tickets.states import AssignedToOther, Closed, NotVerified, TicketRefused
from notifications.models import Message
from tests.accounts.helpers import text_of, trail
from tests.accounts.staff import Officer, says
from tests.conftest import Inbox
from tests.helpdesk.asked import (
    NEW_NUMBER,
    a_colleague_called_back,
    an_agent,
    ask_for_number,
    in_the_directory,
    mails,
    taken,
)
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import SHOWN, does, path
from tests.helpdesk.mailing import PASSED, SERVER, a_mail, ticket_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "sms")]

HALF = "Behörig beställare: Carin Ek\nDet gäller Anna, hon har bytt telefon."
WHOLE = "Behörig beställare: Carin Ek\nNamn: Anna Berg, lovanber11\nNytt mobil nr: 070-174 06 90"
FORM = {"employee_name": "Anna Berg", "employee_username": "lovanber11", "new_number": SHOWN}


def form(one: Ticket) -> str:
    return path(one, "uppgifter/")


def test_the_next_step_is_to_fill_in_what_is_missing(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(HALF))
    page = per.get(path(one))
    assert says(page, "Mejlet säger inte allt som behövs.")
    assert not says(page, "Går inte att godkänna"), "nor has it to be turned down, for whoever has not taken it yet"
    does(per, one, "ta/")
    page = per.get(path(one))
    assert says(page, "Nästa steg: fyll i det som saknas")
    assert says(page, "Saknas. Står inte i mejlet.")
    assert says(page, "Det gäller Anna, hon har bytt telefon."), "the original stands beside it"
    beside = per.get(form(one))
    assert says(beside, "Det gäller Anna, hon har bytt telefon.")
    assert says(beside, "Carin Ek, Hemtjänst Ett AB")


def test_filled_in_it_goes_on_as_any_other(per: Officer, register: Register, sms: Inbox) -> None:
    one = ticket_of(a_mail(HALF))
    does(per, one, "ta/")
    answer = per.post(form(one), **FORM)
    assert answer["Location"] == path(one)
    page = per.get(path(one))
    assert says(page, "Uppgifterna är sparade.")
    assert says(page, "Ändrat: medarbetarens namn, användarnamn, nytt mobilnummer")
    one.refresh_from_db()
    assert (one.employee_username, one.new_number, one.unread) == ("lovanber11", NEW_NUMBER, {})
    assert one.account
    assert Event.TICKET_COMPLETED in trail()
    a_colleague_called_back(one, in_the_directory(per.person))
    assert says(does(per, one, "godkann/"), "är godkänt och utfört.")
    assert Phone.objects.get(user__username=ANNA.username).number == NEW_NUMBER


def test_what_is_wrong_is_said_and_nothing_is_lost(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(HALF))
    does(per, one, "ta/")
    page = per.post(form(one), **{**FORM, "employee_username": "ingen99", "new_number": "08-123"})
    assert page.status_code == 200
    assert says(page, "Användarnamnet finns inte i katalogen.")
    assert 'value="Anna Berg"' in page.content.decode()
    assert says(page, "Det gäller Anna, hon har bytt telefon.")
    one.refresh_from_db()
    assert one.employee_username == ""


def test_whoever_was_verified_did_not_stand_behind_what_was_changed_afterwards(register: Register) -> None:
    one = ticket_of(a_mail())
    agent = an_agent()
    a_colleague_called_back(one)
    one.refresh_from_db()
    assert next_step.for_ticket(one, agent, gather(one)) == NextStep.APPROVE
    wanted = _as_it_is(one)._replace(new_number="+46701740699")
    complete(one.pk, agent, wanted)
    one.refresh_from_db()
    assert next_step.for_ticket(one, agent, gather(one)) == NextStep.VERIFY
    with pytest.raises(NotVerified):
        decisions.approve(one.pk, agent)
    assert not Phone.objects.filter(user__username=ANNA.username).exists()


def _as_it_is(one: Ticket) -> TicketDetails:
    return TicketDetails(**{name: getattr(one, name) for name in TicketDetails._fields})


def test_nothing_changed_is_nothing_done(register: Register) -> None:
    one = ticket_of(a_mail())
    agent = an_agent()
    taken(one, agent)
    verification.called_back(one.pk, agent, "Carin")
    complete(one.pk, agent, _as_it_is(one))
    one.refresh_from_db()
    assert one.changed_at is None
    assert TimelineEntry.What.COMPLETED not in one.entries.values_list("what", flat=True)
    assert verification.valid(one)


def test_only_who_has_it_and_while_it_is_open(register: Register) -> None:
    one = ticket_of(a_mail())
    agent = an_agent()
    wanted = _as_it_is(one)._replace(new_number="+46701740699")
    with pytest.raises(AssignedToOther):
        complete(one.pk, agent, wanted)
    taken(one, agent)
    decisions.reject(one.pk, agent, "Nej.")
    with pytest.raises(Closed):
        complete(one.pk, agent, wanted)


def test_what_somebody_filled_in_a_form_stays_as_they_did(register: Register) -> None:
    one = ask_for_number(register)
    agent = an_agent()
    taken(one, agent)
    with pytest.raises(TicketRefused):
        complete(one.pk, agent, _as_it_is(one)._replace(new_number="+46701740699"))


def test_the_page_is_for_who_has_the_ticket(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(HALF))
    answer = per.get(form(one))
    assert answer["Location"] == path(one)
    answer = per.post(form(one), **FORM)
    assert answer["Location"] == path(one)
    one.refresh_from_db()
    assert one.employee_username == ""


def test_a_stranger_s_mail_gets_an_orderer(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(HALF.replace("Carin Ek", "Chefen"), sender="x@example.net"))
    assert one.orderer_id is None
    does(per, one, "ta/")
    found = per.post(f"{form(one)}?bestallare=sok", q="Carin")
    page = per.get(found["Location"])
    link = re.search(r'href="([^"]*bestallare=\d+[^"]*)"', page.content.decode())
    assert link
    chosen = link[1].replace("&amp;", "&")
    assert says(per.get(chosen), "Carin Ek, Hemtjänst Ett AB")
    per.post(chosen, **FORM)
    one.refresh_from_db()
    assert (one.orderer, one.company, one.company_name) == (register.carin, register.ett, "Hemtjänst Ett AB")
    assert ("carin@hemtjanst-ett.example", True) in [
        (to, "i ditt namn" in text) for to, text in mails(Message.Topic.TICKET_OPENED)
    ], "she is told that somebody mailed in her name"
    assert says(per.get(path(one)), "Mejlet kom från x@example.net, som inte är beställarens adress i registret.")


def test_an_orderer_who_may_not_act_for_the_company_is_not_chosen(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(HALF))
    does(per, one, "ta/")
    page = per.get(f"{form(one)}?bestallare={register.olle.pk}&foretag={register.ett.pk}")
    assert says(page, "Ingen registrerad beställare är vald")
    per.post(f"{form(one)}?bestallare={register.olle.pk}&foretag={register.ett.pk}", **FORM)
    one.refresh_from_db()
    assert one.orderer == register.carin, "the form asked for names instead"
    assert Orderer.objects.count() == 2


def test_another_kind_altogether(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail("Kan ni byta så att lena@hemtjanst-ett.example får mejlen?", subject="Fråga"))
    assert one.kind == "other"
    does(per, one, "ta/")
    per.post(f"{form(one)}?typ=recipients", recipient1="lena@hemtjanst-ett.example", recipient2="")
    one.refresh_from_db()
    assert (one.kind, list(one.recipients), one.employee_username) == ("recipients", ["lena@hemtjanst-ett.example"], "")
    assert says(per.get(path(one)), "Lena" if False else "lena@hemtjanst-ett.example")


def test_somebody_elses_account_is_asked_about(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(HALF))
    does(per, one, "ta/")
    theirs = {**FORM, "employee_name": "Maria Sund", "employee_username": "lovmalsund"}
    page = per.post(form(one), **theirs)
    assert says(page, "lovmalsund hör till")
    sure = re.search(r'name="sure" value="([^"]+)"', page.content.decode())
    assert sure
    assert per.post(form(one), **theirs, sure=sure[1]).status_code == 302
    page = per.get(path(one))
    assert "Koppla 070" not in text_of(page)
    assert says(page, "hör inte till Hemtjänst Ett AB i katalogen")


def test_the_original_does_nothing_but_stand_there(per: Officer, register: Register) -> None:
    evil = "<script>alert(1)</script> https://ond.example javascript:alert(1) {{ settings.SECRET_KEY }} {% debug %}"
    one = ticket_of(
        a_mail(evil, subject="<img src=x onerror=alert(1)>", sender='"<b>x</b>" <carin@hemtjanst-ett.example>')
    )
    page = per.get(path(one)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>x</b>" not in page
    assert 'href="https://ond.example' not in page
    assert "{{ settings.SECRET_KEY }}" in page


def test_a_mail_from_a_program_is_read_and_closed(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail("Borta", subject="Autosvar", Auto_Submitted="auto-replied"))
    does(per, one, "ta/")
    page = per.get(path(one))
    assert says(page, "Ett program har skrivit mejlet. Gör inget som det ber om")
    assert says(does(per, one, "godkann/"), "är godkänt och utfört.")
    assert not Message.objects.exists()


def test_who_will_read_the_reason_is_said(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail("Hej", subject="Fråga", sender="x@example.net"))
    does(per, one, "ta/")
    assert says(per.get(path(one)), "x@example.net får läsa det i ett mejl, och det kan vara vem som helst.")


def test_an_unreadable_mail_has_a_page(per: Officer, register: Register) -> None:
    one = ticket_of(b"")
    assert says(per.get(path(one)), "(ingen text)")


@pytest.mark.django_db(transaction=True)
def test_a_code_that_was_sent_for_something_else_does_not_count(per: Officer, register: Register, sms: Inbox) -> None:
    one = ticket_of(a_mail())
    does(per, one, "ta/")
    does(per, one, "kod/")
    per.post(form(one), **{**FORM, "new_number": "070-174 06 99"})
    assert says(per.post(path(one, "kod/prova/"), code=sms.code()), "Det finns ingen kod att kontrollera.")
    one.refresh_from_db()
    assert verification.valid(one) == []


def test_a_mail_that_says_more_than_what_is_filled_in_is_flagged(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(f"{WHOLE}\nObs! Fel nummer ovan, det ska vara 070-174 06 91"))
    assert one.doubts == ["new_number"]
    does(per, one, "ta/")
    assert says(per.get(path(one)), "Mejlet säger mer än det som är ifyllt: det nya mobilnumret.")
    per.post(form(one), **FORM)
    assert not says(per.get(path(one)), "Mejlet säger mer än")


def test_another_orderers_answer_is_not_vouched_for(per: Officer, register: Register, settings: Settings) -> None:
    settings.HELPDESK_AUTHSERV_ID = SERVER
    one = ticket_of(a_mail(Authentication_Results=PASSED))
    said = f"{SERVER}; dmarc=pass header.from=omsorg-tva.example"
    olle = {"sender": "Carin Ek <olle@omsorg-tva.example>", "Authentication_Results": said}
    ticket_of(a_mail("Rätt nummer är 070-174 06 99", subject=f"SV: {one.number}", **olle))
    assert not says(per.get(path(one)), "från beställaren, intygad av mejlservern")
    ticket_of(a_mail("Ja", subject=f"SV: {one.number}", Authentication_Results=PASSED))
    assert says(per.get(path(one)), "från beställaren, intygad av mejlservern")


def test_nobody_pushes_the_orderers_answer_off_the_page(per: Officer, register: Register, settings: Settings) -> None:
    settings.HELPDESK_AUTHSERV_ID = SERVER
    one = ticket_of(a_mail())
    ticket_of(a_mail("Det var inte jag!", subject=f"SV: {one.number}", Authentication_Results=PASSED))
    for number in range(25):
        ticket_of(a_mail(f"Skräp {number}", subject=one.number, sender=f"x{number}@example.net"))
    page = per.get(path(one))
    assert says(page, "Det var inte jag!")
    assert says(page, "Skräp 24")
    assert not says(page, "Skräp 3 ")
    assert says(page, "5 mejl till visas inte här.")


def test_flags_stay_when_the_mail_is_gone(register: Register) -> None:
    one = ticket_of(a_mail())
    IncomingMail.objects.update(sender="", text="", blanked_at=timezone.now())
    assert "Avsändaren är inte kontrollerad: mejlet kan vara från vem som helst." in [
        flag.text for flag in gather(one).flags
    ]


def test_a_mail_from_nobody_known_asks_for_an_orderer_and_keeps_its_doubts(per: Officer, register: Register) -> None:
    text = f"{WHOLE.replace('Carin Ek', 'Chefen')}\nFel nummer ovan, det ska vara 070-174 06 91"
    one = ticket_of(a_mail(text, sender="x@example.net"))
    does(per, one, "ta/")
    page = per.get(path(one))
    assert says(page, "Nästa steg: välj beställare")
    assert says(page, "Det är oklart vem som har skickat begäran, eller för vilket företag.")
    assert says(page, "Mejlet säger mer än det som är ifyllt: det nya mobilnumret.")
    assert says(per.get(f"{form(one)}?bestallare=ingen"), "Läs det innan du sparar.")


def test_an_orderer_of_two_companies_is_not_forgotten(per: Officer, register: Register) -> None:
    register.carin.companies.add(register.tva)
    one = ticket_of(a_mail("Kan ni hjälpa oss?", subject="Koppla nytt mobil nr"))
    assert (one.orderer, one.company) == (register.carin, None)
    does(per, one, "ta/")
    assert per.get(form(one))["Location"] == f"{form(one)}?bestallare=sok"


def test_a_slip_of_the_finger_is_mended_and_not_turned_down(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(WHOLE.replace("lovanber11", "lovanber12")))
    does(per, one, "ta/")
    page = per.get(path(one))
    assert says(page, "Ingen i katalogen har användarnamnet lovanber12. Fråga beställaren, och rätta uppgifterna.")
    assert says(page, "Nästa steg: fyll i det som saknas")
    per.post(form(one), **{**FORM, "employee_name": ""})
    one.refresh_from_db()
    assert (one.employee_username, one.employee_name) == ("lovanber11", "")


def test_who_else_is_told_is_said(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(WHOLE, sender="Carin Ek <carin.ek@example.net>"))
    a_colleague_called_back(one, in_the_directory(per.person))
    assert says(per.get(path(one)), "carin.ek@example.net, som mejlade, får veta att ärendet är klart.")


def test_a_mail_about_two_people_says_so_to_the_agent(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(f"{WHOLE}\nNamn: Stefan Lind, lovstlin32\nNytt mobil nr: 070-174 06 91"))
    does(per, one, "ta/")
    assert says(per.get(path(one)), "Be om ett mejl för varje medarbetare.")
    assert says(per.get(form(one)), "Mejlet nämner flera medarbetare. Be om ett mejl för varje medarbetare.")


def test_another_kind_is_read_from_the_mail(per: Officer, register: Register) -> None:
    text = "Anna Berg, lovanber11, har bytt nummer till 070-174 06 90.\nlena@hemtjanst-ett.example får mejlen."
    one = ticket_of(a_mail(text, subject="Ändring av e-postmottagare"))
    assert (one.kind, list(one.recipients)) == ("recipients", ["lena@hemtjanst-ett.example"])
    does(per, one, "ta/")
    page = per.get(f"{form(one)}?typ=phone").content.decode()
    for value in ("Anna Berg", "lovanber11", SHOWN):
        assert f'value="{value}"' in page
    assert marked(page) == [
        ("Anna Berg", "medarbetarens namn"),
        ("lovanber11", "användarnamn"),
        ("070-174 06 90", "nytt mobilnummer"),
    ]
    assert marked(per.get(form(one)).content.decode()) == [("lena@hemtjanst-ett.example", "mottagare")]
    per.post(f"{form(one)}?typ=phone", **FORM)
    one.refresh_from_db()
    assert (one.kind, one.new_number) == ("phone", NEW_NUMBER)
    page = per.get(f"{form(one)}?typ=recipients").content.decode()
    assert 'value="lena@hemtjanst-ett.example"' in page


def test_what_another_kind_leaves_unclear_is_said(per: Officer, register: Register) -> None:
    text = "Anna Berg, lovanber11, och Karl Lind, lovkalin01, undrar om sina nummer."
    one = ticket_of(a_mail(text, subject="Fråga"))
    does(per, one, "ta/")
    assert one.kind == "other"
    assert not says(per.get(form(one)), "Be om ett mejl")
    assert says(per.get(f"{form(one)}?typ=phone"), "Be om ett mejl för varje medarbetare.")


def marked(page: str) -> list[tuple[str, str]]:
    """What is marked in the mail, and the field that it is for."""
    found = re.findall(r'<mark class="original__read" data-field="([^"]*)">([^<]*)</mark>', page)
    return [(words, field) for field, words in found]


def test_what_the_fields_were_read_from_is_marked_in_the_mail(per: Officer, register: Register) -> None:
    text = f"Hej!\n\n{WHOLE}\n\nHa det fint!\nCarin Ek\n070-174 06 50"
    one = ticket_of(a_mail(text))
    does(per, one, "ta/")
    for page in (per.get(path(one)).content.decode(), per.get(form(one)).content.decode()):
        assert marked(page) == [
            ("Carin Ek", "beställare"),
            ("Anna Berg", "medarbetarens namn"),
            ("lovanber11", "användarnamn"),
            ("070-174 06 90", "nytt mobilnummer"),
        ]
        shown = re.search(r'<div class="original__text"[^>]*>(.*?)</div>', page, re.DOTALL)
        assert shown
        assert re.sub(r"</?mark[^>]*>", "", shown[1]) == one.mails.get().text, "sign for sign"


def test_a_field_that_an_agent_filled_in_was_not_read(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail(WHOLE))
    does(per, one, "ta/")
    per.post(form(one), **{**FORM, "new_number": "070-174 06 99"})
    page = per.get(path(one)).content.decode()
    assert "nytt mobilnummer" not in [field for _, field in marked(page)]
    assert ("lovanber11", "användarnamn") in marked(page)


def test_marks_let_nothing_through(per: Officer, register: Register) -> None:
    evil = WHOLE.replace("Carin Ek", "</mark><b>Carin</b>") + "\n<mark data-field='x'>&amp;"
    page = per.get(path(ticket_of(a_mail(evil)))).content.decode()
    assert "&lt;/mark&gt;&lt;b&gt;Carin&lt;/b&gt;" in page
    assert "&lt;mark data-field=&#x27;x&#x27;&gt;&amp;amp;" in page
