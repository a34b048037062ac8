"""What a screen reader gets, in Chromium's accessibility tree (WCAG 2.2 AA 1.3.1, 3.3.1, 4.1.2, 4.1.3; security.md V1).

The pages themselves are read where they are open already: test_accessibility.py, test_admin.py.
"""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import reader
from tests.browser.states import STATES
from tests.browser.states.admin import PAGES
from tests.browser.states.reset import code, password
from tests.browser.states.state import passed
from tests.browser.transcripts import ADMIN, HEARD, JOURNEYS
from tests.browser.visitor import Visitor

LEAST = 3  # pages of each journey that are read stop by stop

# A page, made worse in one way, and what is told of it.
WORSE = [
    ("const main = document.querySelector('main'); main.outerHTML = main.innerHTML", "0 × main"),
    ("document.querySelector('h1').remove()", "no single heading of level 1"),
    ("document.querySelector('h1').outerHTML += '<h4>Mer</h4>'", "heading 4: Mer"),
    ("document.querySelector('main label').remove()", "a textbox without a name"),
    ("document.querySelector('main input[name=username]').ariaInvalid = 'true'", "does not say what is wrong"),
    ("document.querySelector('main form').innerHTML += '<button>Nästa</button>'", "2 × ('button', 'Nästa'"),
    ("document.querySelector('main').innerHTML += '<nav></nav><nav></nav>'", "2 × navigation ''"),
    ("document.querySelector('main').innerHTML += '<svg role=img></svg>'", "an empty image"),
]


def test_the_reader_hears_what_is_wrong(visitor: Visitor) -> None:
    for script, told in WORSE:
        visitor.open("/aterstall/")
        assert reader.problems(reader.read(visitor.page)) == []
        visitor.page.evaluate(f"() => {{ {script} }}")
        assert told in " ".join(reader.problems(reader.read(visitor.page))), script


def test_a_transcript_has_an_order(visitor: Visitor) -> None:
    visitor.open("/aterstall/")
    nodes = reader.read(visitor.page)
    stops = HEARD["aterstall"]
    assert reader.not_heard(nodes, stops) == []
    assert reader.not_heard(nodes, stops[::-1]) != []
    assert reader.not_heard(nodes, ["textbox: Användarnamn | Fel:"]) == ["textbox: Användarnamn | Fel:"]


def test_each_journey_is_read() -> None:
    """None of the transcripts is of a page that nobody opens."""
    assert set(HEARD) <= {state.name for state in STATES}
    assert set(ADMIN) <= set(PAGES)
    assert min(map(len, (*JOURNEYS, ADMIN))) >= LEAST


def _said(visitor: Visitor) -> list[str]:
    """What stands in the live regions: a screen reader says it when it changes, wherever the focus is."""
    nodes = reader.read(visitor.page)
    words = [each for each in nodes if each.role == "StaticText"]
    return [
        " ".join(word.name for word in words if (live.role, live.name) in word.within)
        for live in nodes
        if live.state.get("live") == "polite"
    ]


def test_the_rules_are_told_while_one_types(visitor: Visitor) -> None:
    password(visitor)
    before = _said(visitor)
    assert before
    assert not any(before)
    visitor.field("new_password1").press_sequentially("Nytt-T")
    expect(visitor.page.get_by_text("2 av 3 krav är uppfyllda.")).to_be_attached()
    assert "2 av 3 krav är uppfyllda." in " ".join(_said(visitor))


def test_the_time_for_a_new_code_is_told(visitor: Visitor) -> None:
    passed(code, seconds=58)(visitor)
    expect(visitor.page.get_by_role("status").get_by_text("Nu kan du be om en ny kod.")).to_be_attached()
    assert "Nu kan du be om en ny kod." in " ".join(_said(visitor))


def test_the_focus_is_on_what_went_wrong(visitor: Visitor) -> None:
    visitor.open("/aterstall/")
    visitor.submit(username="")
    expect(visitor.summary).to_be_focused()
    nodes = reader.read(visitor.page)
    [root, *_] = nodes
    assert root.name.startswith("Fel: ")
    focused = [each for each in nodes if each.state.get("focused") and each.role != root.role]
    assert [(str(each), each.description) for each in focused] == [
        ("region: Det blev fel", "Skriv ditt användarnamn, till exempel lovstlin32.")  # read with it, without a key
    ]
