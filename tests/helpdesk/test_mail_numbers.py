"""A number counts as the new one only if the mail says so; else the field is blank, and an agent looks."""

import pytest

from helpdesk.intake.reading import read
from helpdesk.intake.reading.asked import Asked
from tests.helpdesk.mailing import a_mail

ANNA = "Namn och användarnamn på personalen: Anna Berg, lovanber11\n"
THEIRS = "070-174 06 50"  # the orderer's own, or an old one
NEW = "070-174 06 12"
SIGNED = f"Carin Ek\nHemtjänst Ett AB\n{THEIRS}"


def asked(text: str, subject: str = "Koppla nytt mobil nr") -> Asked:
    return read(a_mail(text, subject=subject)).asked


@pytest.mark.parametrize(
    "text",
    [
        f"{ANNA}\nHa det fint!\n{SIGNED}",
        f"{ANNA}\nHa en skön helg\n\n{SIGNED}",
        f"{ANNA}Ha det fint!\n{SIGNED}",
        f"{ANNA}\nSköt om er\nCarin Ek, {THEIRS}",
        f"{ANNA}\nHa det fint!\nCarin Ek\nMobil: {THEIRS}",
        f"{ANNA}\nHa det fint!\nCarin Ek\nTel {THEIRS}",
        f"Kan ni koppla ett nytt nummer till Anna Berg, lovanber11?\nHa det fint!\nCarin Ek\n{THEIRS}",
        f"Kan ni koppla ett nytt nummer till Anna Berg, lovanber11?\nCarin Ek, {THEIRS}",
        f"Kan ni hjälpa Anna Berg, lovanber11?\n{THEIRS}",
        f"{ANNA}Mitt nummer är {THEIRS}.",
        f"{ANNA}Mitt nya nummer är {THEIRS}.",
        f"{ANNA}Mitt nya nummer: {THEIRS}",
        f"{ANNA}Mitt mobilnummer: {THEIRS}",
        f"Kan ni koppla om Anna Berg, lovanber11? Mitt nummer är {THEIRS}.",
        f"Koppla om Anna Berg, lovanber11, mitt nummer är {THEIRS}.",
        f"{ANNA}Hon hade {THEIRS}.",
        f"{ANNA}Hon har bytt telefon, hon hade {THEIRS}.",
        f"Anna Berg, lovanber11, hade {THEIRS} förut.",
        f"Anna Berg, lovanber11, har en ny telefon. Förut {THEIRS}.",
        f"{ANNA}Du når mig på {THEIRS}.",
        f"{ANNA}Nås på mobil: {THEIRS}",
        f"Koppla om Anna Berg, lovanber11, ni når mig på {THEIRS}",
        f"Koppla bort {THEIRS} från lovanber11.",
        f"Please link a new number to lovanber11. You can reach me at {THEIRS}.",
        f"Please help lovanber11. My number is {THEIRS}.",
        f"Please help Anna Berg, lovanber11. She had {THEIRS}.",
        f"Behörig beställare: Carin Ek\nMobil: {THEIRS}\n\n{ANNA}",
        f"{ANNA}{THEIRS} är stulet.",
        f"Anna Berg, lovanber11, behöver ett nytt nummer kopplat, Carin Ek {THEIRS}",
        f"Kontakt: {THEIRS}\nlovanber11 ska byta nummer.",
    ],
)
def test_somebody_elses_number_is_not_the_new_one(text: str) -> None:
    found = asked(text)
    assert (found.new_number, found.unread["new_number"]) == ("", "unclear")
    assert found.employee_username == "lovanber11"


@pytest.mark.parametrize(
    "text",
    [
        f"{ANNA}Nytt mobil nr som ska kopplas {NEW}",
        f"Behörig beställare Carin Ek\nNamn och användarnamn på Personalen Anna Berg lovanber11\n"
        f"Nytt mobil nr som ska kopplas {NEW}",
        f"Nytt mobil nr som ska kopplas till lovanber11 {NEW}",
        f"{ANNA}Nytt mobil nr som skall kopplas till kontot {NEW}",
        f"Anna Berg, lovanber11, {NEW}\n\nHa det fint!\n{SIGNED}",
        f"Anna Berg lovanber11\n{NEW}",
        f"Namn: Anna Berg\nKonto: lovanber11\nMobil: {NEW}",
        f"Namn: Anna Berg\n\nKonto: lovanber11\n\nMobil: {NEW}",
        f"Mobil: {NEW}\nKonto: lovanber11",
        f"Konto: lovanber11\nFöretag: Hemtjänst Ett AB\nGammalt nr: {THEIRS}\nMobil: {NEW}",
        f"{ANNA}Registrera {NEW}, tack.",
        f"{ANNA}Byt till {NEW}.",
        f"{ANNA}Byt från {THEIRS} till {NEW}.",
        f"{ANNA}Lägg in {NEW} i stället.",
        f"{ANNA}Kan ni ändra numret till {NEW}?",
        f"{ANNA}Hon hade {THEIRS} men ska nu ha {NEW}.",
        f"{ANNA}{NEW} ska kopplas.",
        f"{ANNA}{NEW} är hennes nya nummer. Mitt nummer är {THEIRS}.",
        f"Kan ni koppla det här numret till Anna Berg, lovanber11:\n\n{NEW}\n\nHa det fint!\n{SIGNED}",
        f"Kan ni koppla Anna Berg, lovanber11, till\n{NEW}? Det vore bra.",
        f"Koppla mitt nya nummer {NEW} till lovanber11.",
        f"Please link {NEW} to lovanber11.",
        f"Please change the number of lovanber11 to {NEW}. You can reach me at {THEIRS}.",
        f"{ANNA}Her new number is {NEW}.",
    ],
)
def test_what_the_mail_calls_the_new_number_is(text: str) -> None:
    found = asked(text)
    assert (found.new_number, found.employee_username) == ("+46701740612", "lovanber11")


@pytest.mark.parametrize("more", [f"Mitt nummer är {THEIRS}.", f"Ni når mig på {THEIRS}.", f"Call me at {THEIRS}."])
def test_the_orderers_own_number_is_no_doubt(more: str) -> None:
    assert asked(f"{ANNA}Nytt mobil nr: {NEW}\n{more}").doubts == ()


DIGEST = """

Från: Örebro Kommun <it-helpdesk@orebro.se>
Skickat: den 28 april 2026 06:00
Till: Carin Ek <carin@hemtjanst-ett.example>
Ämne: Utgående lösenord

Lösenordet till nedanstående medarbetare håller på att gå ut.

Konto: lovkalin01
Mobilnummer: registrerat

Konto: lovstlin32
Mobilnummer: inte registrerat
"""


@pytest.mark.parametrize(
    ("text", "username", "number"),
    [
        (f"Hej! Kan ni koppla {NEW} till Anna Berg, lovanber11?", "lovanber11", "+46701740612"),
        (f"Anna Berg, lovanber11, har bytt nummer till {NEW}.", "lovanber11", "+46701740612"),
        ("Kan ni koppla ett nytt mobilnummer till lovstlin32? Jag återkommer.", "lovstlin32", ""),
        (f"Kan ni koppla {NEW} till Anna Berg?", "", "+46701740612"),
        (f"Namn: Anna Berg\nKonto: lovanber11\nMobil: {NEW}", "lovanber11", "+46701740612"),
    ],
)
def test_an_answer_to_the_daily_mail_may_ask_for_a_number(text: str, username: str, number: str) -> None:
    found = asked(text + DIGEST, "SV: Utgående lösenord")
    assert (found.kind, found.employee_username, found.new_number) == ("phone", username, number)
    assert "several" not in found.unread.values(), "those in the daily mail are not asked for"


def test_an_answer_to_the_daily_mail_may_ask_for_recipients() -> None:
    text = f"Nya mottagare: lena@hemtjanst-ett.example{DIGEST}"
    found = asked(text, "SV: Utgående lösenord")
    assert (found.kind, found.recipients) == ("recipients", ("lena@hemtjanst-ett.example",))


@pytest.mark.parametrize(
    "text",
    [
        f"Tack, det är ordnat.{DIGEST}",
        f"Anna Berg, lovanber11, undrar varför. Hon nås på {THEIRS}.{DIGEST}",
        f"lovstlin32 har slutat.\n\nHa det fint!\n{SIGNED}{DIGEST}",
        f"Vi har bytt telefonnummer till {THEIRS}.{DIGEST}",
    ],
)
def test_an_answer_to_the_daily_mail_that_asks_for_nothing_is_other(text: str) -> None:
    assert asked(text, "SV: Utgående lösenord").kind == "other"
