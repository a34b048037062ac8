"""Which ticket comes next: an agent's own, then the untaken ones as the queue last showed them."""

from __future__ import annotations

from helpdesk.models import Ticket
from helpdesk.tickets import states
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import path
from tests.helpdesk.test_queue import QUEUE, ago, put, user_of

NEXT = "/helpdesk/nasta/"


def after(per: Officer, ticket: Ticket | None = None) -> str:
    return per.get(f"{NEXT}?efter={ticket.number}" if ticket else NEXT)["Location"]


def test_own_ones_come_first_then_the_oldest_untaken_one(per: Officer, sara: Officer, register: Register) -> None:
    young, old, mine, hers = put(register, **ago(hours=1)), put(register, **ago(hours=5)), put(register), put(register)
    states.take(mine.pk, user_of(per))
    states.take(hers.pk, user_of(sara))
    assert after(per) == after(per, hers) == path(mine)
    assert after(per, mine) == path(old)
    assert after(per, old) == path(young)
    assert after(per, young) == path(mine), "round again"


def test_it_is_in_the_order_and_the_filter_that_the_queue_showed(per: Officer, register: Register) -> None:
    first, second = put(register, **ago(hours=5)), put(register, **ago(hours=4))
    other = put(register, company=register.tva, **ago(hours=9))
    assert after(per) == path(other)
    per.get(f"{QUEUE}?foretag={register.ett.pk}&ordning=-nummer")
    assert after(per) == path(second)
    assert after(per, second) == path(first)
    assert after(per, first) == path(second)
    per.get(f"{QUEUE}?flik=klara&ordning=nummer")
    assert after(per) == path(first), "a tab of its own has no next one"
    per.post(QUEUE, q="Nobel")
    assert after(per) == path(first), "nor has a search"


def test_without_another_one_it_leads_back_and_says_so(per: Officer, register: Register) -> None:
    only = put(register)
    assert after(per, only) == QUEUE
    assert "Det finns inget mer ärende att ta." in text_of(per.get(QUEUE))
    assert after(per, None) == path(only)
    for odd in ("x", "%00", "../../admin/"):
        assert per.get(f"{NEXT}?efter={odd}")["Location"] == path(only)


def test_after_a_decision_the_page_says_what_was_done_and_leads_on(per: Officer, register: Register) -> None:
    done, waiting = put(register, **ago(hours=2)), put(register)
    per.post(path(done, "ta/"))
    page = per.get(per.post(path(done, "avsla/"), why="Fel företag.")["Location"])
    assert f"Ärende {done.number} är avslaget." in text_of(page)
    assert f'href="{NEXT}?efter={done.number}" data-key="n"' in page.content.decode()
    assert after(per, done) == path(waiting)
    states.take(waiting.pk, user_of(per))
    assert f'href="{NEXT}?efter={waiting.number}" data-key="n"' in per.get(path(waiting)).content.decode()


def test_to_look_at_the_same_again_writes_no_session(per: Officer, register: Register) -> None:
    per.get(f"{QUEUE}?typ=phone")
    before = per.client.session["queue_filter"]
    assert before == {"typ": "phone"}
    assert per.get(f"{QUEUE}?typ=phone").wsgi_request.session.modified is False  # type: ignore[attr-defined]
