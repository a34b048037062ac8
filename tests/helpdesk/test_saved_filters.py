"""Filters of the queue that an agent saves under a name, sees as links, and removes."""

from __future__ import annotations

from accounts import limits
from accounts.management import erasing
from helpdesk.models import SavedFilter
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.helpdesk.conftest import Register
from tests.helpdesk.test_queue import QUEUE, listed, put, search, user_of

SAVE = "/helpdesk/filter/"


def saved(per: Officer, name: str, query: str = "") -> str:
    """What the page says then."""
    return text_of(per.get(per.post(f"{SAVE}{query}", namn=name)["Location"]))


def test_it_is_a_link_to_tab_type_company_and_order(per: Officer, register: Register) -> None:
    one = put(register)
    put(register, company=register.tva)
    query = f"?flik=nya&typ=phone&foretag={register.ett.pk}&ordning=-nummer"
    assert "Filtret Ett är sparat." in saved(per, " Ett ", query)
    page = per.get(QUEUE).content.decode()
    assert f'<a href="{QUEUE}{query.replace("&", "&amp;")}">Ett</a>' in page
    assert listed(per.get(f"{QUEUE}{query}")) == [one.number]
    assert 'aria-current="page">Ett</a>' in per.get(f"{QUEUE}{query}").content.decode()


def test_the_search_is_not_saved(per: Officer, register: Register) -> None:
    search(per, "Anna Berg", "?flik=nya")
    saved(per, "Sökt", "?flik=nya&q=Anna")
    assert SavedFilter.objects.get().words == {"flik": "nya"}


def test_what_the_address_can_not_mean_is_not_saved(per: Officer, register: Register) -> None:
    saved(per, "x", "?flik=x&typ=%3Cscript%3E&foretag=99999999999999999999&ordning=text&sida=7")
    assert SavedFilter.objects.get().words == {"flik": "nya"}


def test_names_are_text_and_there_are_few(per: Officer, register: Register) -> None:
    saved(per, "<script>alert(1)</script>")
    assert "<script>alert(1)" not in per.get(QUEUE).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</a>" in per.get(QUEUE).content.decode()
    for name in ("", "   ", "x" * 31):
        assert "Ge filtret ett namn med högst 30 tecken." in saved(per, name)
    for number in range(1, limits.SAVED_FILTERS):
        saved(per, f"Nummer {number}")
    assert f"Du har redan {limits.SAVED_FILTERS} sparade filter." in saved(per, "Ett till")
    assert "Filtret Nummer 1 är sparat." in saved(per, "Nummer 1", "?flik=mina")
    assert SavedFilter.objects.count() == limits.SAVED_FILTERS
    assert SavedFilter.objects.get(name="Nummer 1").words == {"flik": "mina"}


def test_each_agent_has_their_own_and_removes_it(per: Officer, sara: Officer, register: Register) -> None:
    saved(per, "Mitt")
    pk = SavedFilter.objects.get().pk
    assert "Mitt" not in text_of(sara.get(QUEUE))
    assert sara.post(f"{SAVE}{pk}/ta-bort/").status_code == 404
    assert sara.post(f"{SAVE}{'9' * 30}/ta-bort/").status_code == 404
    page = text_of(per.get(per.post(f"{SAVE}{pk}/ta-bort/")["Location"]))
    assert "Filtret Mitt är borttaget." in page
    assert not SavedFilter.objects.exists()


def test_they_are_shown_to_and_erased_with_their_agent(per: Officer, register: Register) -> None:
    saved(per, "Mitt", "?flik=mina")
    whom = erasing.find(user_of(per).username)
    assert {"name": "Mitt", "words": {"flik": "mina"}}.items() <= erasing.export(whom)["sparat filter"][0].items()
    assert erasing.erase(whom)["sparat filter"] == 1
    assert not SavedFilter.objects.exists()
