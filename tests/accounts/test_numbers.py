"""A mobile number in every way that people write one, and what is none (security.md G3, K5)."""

from __future__ import annotations

import unicodedata

import pytest
from django.test import override_settings
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.forms import PhoneForm
from accounts.models import numbers

NUMBER = "+46701740605"

LAST = 0x11000  # Unicode has no dash and no space above
SPACES = [chr(code) for code in range(LAST) if unicodedata.category(chr(code)) == "Zs"]
DASHES = [chr(code) for code in range(LAST) if unicodedata.category(chr(code)) == "Pd"] + ["\N{MINUS SIGN}"]


@pytest.mark.parametrize(
    "text",
    [
        "070-174 06 05",
        "+46701740605",
        "0046 70 174 06 05",
        "+46 (0)70 174 06 05",
        "+46 (0) 70 - 174 06 05",
        "0046 (0)70-174 06 05",
        "00 46 70 174 06 05",
        "0701740605",
        "46701740605",
        "070.174.06.05",
        "070/174 06 05",
        "(070) 174 06 05",
        "[070] 174 06 05",
        "(+46) 70 174 06 05",
        "+46-70-174-06-05",
        "0 7 0 1 7 4 0 6 0 5",
        "070--174--06--05",
        "  070-174 06 05  ",
        "070-174 06 05.",
        "\t070-174 06 05\n",
        "０７０-１７４ ０６ ０５",
        "＋４６７０１７４０６０５",
        "（０７０）１７４　０６　０５",
        "٠٧٠١٧٤٠٦٠٥",
    ],
)
def test_g3_one_number_in_many_writings(text: str) -> None:
    assert numbers.parse(text) == NUMBER


@pytest.mark.parametrize("character", SPACES, ids=unicodedata.name)
def test_any_space_may_stand_between(character: str) -> None:
    assert numbers.parse(f"{character}070{character}174{character}{character}06{character}05{character}") == NUMBER


@pytest.mark.parametrize("character", DASHES, ids=unicodedata.name)
def test_any_dash_may_stand_between(character: str) -> None:
    assert numbers.parse(f"070{character}174{character}06{character}05") == NUMBER


@pytest.mark.parametrize("marks", ["\u202d{}\u202c", "\u200e{}", "\u2068{}\u2069", "\ufeff{}", "{}\u200b"])
def test_marks_that_nobody_sees_come_along_with_what_is_pasted(marks: str) -> None:
    """Telephones put them around a number that is copied from the contacts."""
    assert numbers.parse(marks.format("070-174 06 05")) == NUMBER


PREFIXES = st.sampled_from(["0", "+46", "0046", "+46(0)", "+46 (0) ", "＋46", "00 46 ", "(+46)", "(0", "46"])
BETWEEN = st.sampled_from(["", " ", "-", ".", "/", " - ", "–", "\xa0", "\u2009", "\u2011", "  "])
DIGITS = st.sampled_from(["0123456789", "０１２３４５６７８９"])


@given(prefix=PREFIXES, gaps=st.lists(BETWEEN, min_size=9, max_size=9), digits=DIGITS)
@example("(0", ["", "", ") ", "", "", " ", "", " ", ""], "0123456789")
def test_however_it_is_grouped_it_is_the_same_number(prefix: str, gaps: list[str], digits: str) -> None:
    written = "".join(digits[int(digit)] + gap for digit, gap in zip("701740605", gaps, strict=True))
    text = prefix + written
    if len(text) <= 40:
        assert numbers.parse(text) == NUMBER


@given(text=st.text(alphabet=st.sampled_from("0123456789+-() ./\xa0–０７"), max_size=25))
def test_what_is_read_is_read_the_same_from_what_is_shown(text: str) -> None:
    try:
        number = numbers.parse(text)
    except numbers.NumberRefused:
        return
    assert number.startswith("+46")
    assert numbers.parse(number) == number
    assert numbers.parse(numbers.shown(number)) == number


@given(subscriber=st.integers(0, 9_999_999), series=st.sampled_from(["70", "72", "73", "76", "79"]))
def test_every_swedish_mobile_number_is_read_back_from_what_is_shown(subscriber: int, series: str) -> None:
    number = f"+46{series}{subscriber:07d}"
    assert numbers.parse(number) == number
    assert numbers.shown(number).startswith(f"0{series}-")
    assert numbers.parse(numbers.shown(number)) == number


@given(st.text(max_size=60))
@example("\x00")
@example("\ud800")
@example("+" * 40)
@example("0" * 40)
@example("9" * 40)
def test_whatever_is_typed_is_a_number_or_refused_in_words(text: str) -> None:
    words = ""
    try:
        found = numbers.parse(text)
    except numbers.NumberRefused as refusal:
        found, words = "", str(refusal)
    assert found.startswith("+46") or "070-174 06 05" in words or "svenska mobilnummer" in words


# --- What is refused -----------------------------------------------------------------------------

UNREADABLE = [
    "",
    " ",
    "-",
    "+",
    "()",
    "112",
    "070",
    "070-174 06 0",
    "070-174 06 055",
    "+46 70 174 06 0",
    "+467017406055",
    "+0701740605",
    "+46+701740605",
    "071-123 45 67",
    "070-174 O6 O5",
    "0701740605a",
    "noll sjuttio",
    "0701740605 anknytning 5",
    "0701740605 ext 5",
    "0701740605x5",
    "0701740605;ext=5",
    "0701740605#5",
    "0701740605*5",
    "070-174 06 05 (2)",
    "070-174 06 05, 070-174 06 06",
    "070-174 06 05 / 070-174 06 06",
    "070-174 06 05 eller 06",
    "tel:+46701740605",
    "📱 070-174 06 05",
    "070-174 06 05 😀",
    "0️⃣7️⃣0️⃣1️⃣7️⃣4️⃣0️⃣6️⃣0️⃣5️⃣",
    "carin@hemtjanst-ett.example",
    "=0701740605",
    "<0701740605>",
    "0701740605'--",
    "{to}",
    "%2B46701740605",
    "070½174 06 05",
    "070-174 06 05" + " " * 40 + "1",
    "0" * 500,
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_number_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(numbers.NumberRefused, match=r"Det ska se ut så här: 070-174 06 05"):
        numbers.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "019-21 10 00",
        "08-123 456 78",
        "+46 19 21 10 00",
        "010-123 45 67",
        "020-123 456",
        "0900-123 456",
        "0740-612 345",
    ],
)
def test_a_swedish_number_that_is_no_mobile_is_refused_as_such(text: str) -> None:
    """Landlines, numbers tied to no place, free and premium ones, pagers: no SMS arrives there."""
    with pytest.raises(numbers.NumberRefused, match=r"inget mobilnummer.*sms.*070-174 06 05"):
        numbers.parse(text)


@pytest.mark.parametrize(
    "text",
    ["+47 406 12 345", "0047 406 12 345", "+358 40 123 4567", "+45 20 12 34 56", "+1 202 555 0123", "+44 7400 123456"],
)
def test_a_foreign_number_is_refused_with_the_countries_that_are_accepted(text: str) -> None:
    with pytest.raises(numbers.NumberRefused, match=r"Vi kan bara skicka koder till svenska mobilnummer\."):
        numbers.parse(text)


@pytest.mark.parametrize("text", ["070-174 06 0", "019-21 10 00", "+47 406 12 345"])
def test_the_refusal_is_in_the_language_of_the_page(text: str) -> None:
    with pytest.raises(numbers.NumberRefused) as swedish:
        numbers.parse(text)
    with translation.override("en"), pytest.raises(numbers.NumberRefused) as english:
        numbers.parse(text)
    assert str(english.value) != str(swedish.value)


# --- Other countries -----------------------------------------------------------------------------


@pytest.mark.parametrize("regions", [["SE", "NO"], ["NO", "SE"], ["NO"]])
def test_numbers_of_the_allowed_countries_are_accepted(settings: Settings, regions: list[str]) -> None:
    settings.SMS_ALLOWED_REGIONS = regions
    assert numbers.parse("+47 406 12 345") == "+4740612345"
    assert numbers.shown("+4740612345") == "+47 40 61 23 45"
    assert numbers.parse(numbers.shown("+4740612345")) == "+4740612345"
    with pytest.raises(numbers.NumberRefused, match="norska"):
        numbers.parse("+358 40 123 4567")
    with pytest.raises(numbers.NumberRefused, match="inget mobilnummer"):
        numbers.parse("+47 22 12 34 56")


def test_a_number_without_its_country_is_swedish(settings: Settings) -> None:
    settings.SMS_ALLOWED_REGIONS = ["SE", "NO"]
    assert numbers.parse("070-174 06 05") == NUMBER
    with pytest.raises(numbers.NumberRefused):
        numbers.parse("406 12 345")


@given(local=st.integers(0, 9_999_999))
def test_what_is_shown_of_a_foreign_number_is_read_back(local: int) -> None:
    with override_settings(SMS_ALLOWED_REGIONS=["SE", "NO"]):
        try:
            number = numbers.parse(f"+474{local:07d}")
        except numbers.NumberRefused:
            return
        assert numbers.parse(numbers.shown(number)) == number


def test_no_number_is_shown_as_nothing() -> None:
    assert numbers.shown("") == ""


# --- On the form ---------------------------------------------------------------------------------


def test_the_form_cleans_a_number() -> None:
    form = PhoneForm({"phone": " +46 (0)70–174 06 05 "})
    assert form.is_valid()
    assert form.cleaned_data == {"phone": NUMBER}


@pytest.mark.parametrize("text", [*UNREADABLE, "019-21 10 00", "+47 406 12 345", "070\x00174 06 05"])
def test_the_form_says_what_is_accepted(text: str) -> None:
    form = PhoneForm({"phone": text})
    assert not form.is_valid()
    (message,) = form.errors["phone"]
    assert "070-174 06 05" in message or "svenska mobilnummer" in message
