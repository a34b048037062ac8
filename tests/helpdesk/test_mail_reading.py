"""What a mail seems to ask for and doesn't: older mails about others, hidden text, numbers of something else."""

import pytest

from helpdesk.intake.reading import read
from helpdesk.intake.reading.asked import Asked
from tests.helpdesk.mailing import a_mail

KARL = """

Den 1 oktober 2026 kl 10:00 skrev Carin Ek <carin@hemtjanst-ett.example>:
> Behörig beställare: Carin Ek
> Namn och användarnamn på personalen: Karl Lind, lovkalin01
> Nytt mobil nr som ska kopplas: 070-174 06 91
"""
ANNA = "Namn och användarnamn på personalen: Anna Berg, lovanber11\n"
NUMBER = "Nytt mobil nr: 070-174 06 90\n"


def asked(text: str) -> Asked:
    return read(a_mail(text)).asked


def html(plain: str, marked: str) -> bytes:
    """A mail in both forms."""
    return f"""\
From: Carin Ek <carin@hemtjanst-ett.example>
Subject: Koppla nytt mobil nr
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

{plain}

--b
Content-Type: text/html; charset=utf-8

{marked}

--b--
""".encode()


@pytest.mark.parametrize("top", [ANNA, "Gäller lovanber11 i stället.", "Namn: Anna Berg\nKonto: lovanber11"])
def test_the_number_of_somebody_elses_old_ticket_is_not_taken(top: str) -> None:
    found = asked(top + KARL)
    assert (found.employee_username, found.new_number) == ("lovanber11", "")
    assert found.unread["new_number"] == "missing"
    assert "Karl" not in found.employee_name


def test_nor_is_the_account_of_somebody_elses() -> None:
    assert asked(f"Namn: Anna Berg\n{NUMBER}{KARL}").employee_username == ""


def test_a_field_is_marked_in_the_mail_that_it_was_read_from() -> None:
    text = f"Hej, Karl Lind väntar än.{KARL}"
    reading = read(a_mail(text))
    [mark] = [each for each in reading.asked.marks if each.field == "employee_name"]
    assert reading.text[mark.begin : mark.end] == "Karl Lind"
    assert mark.begin > reading.text.index("skrev Carin Ek")


def test_a_newer_number_for_the_same_person_takes_the_place_of_the_older_one() -> None:
    found = asked(f"Numret blev fel, det här är rätt:\n{NUMBER}{KARL}")
    assert (found.employee_username, found.new_number) == ("lovkalin01", "+46701740690")


@pytest.mark.parametrize(
    ("text", "number", "why"),
    [
        (f"{ANNA}Koppla INTE till 070-174 06 91, det är stulet.", "", "unclear"),
        (f"Koppla nytt nummer till Anna. {ANNA}Ring mig på 070-174 06 50 om ni undrar.", "", "unclear"),
        (f"{ANNA}Nytt nummer: 070-174 06 90/91", "", "several"),
        (f"{ANNA}{NUMBER}", "+46701740690", None),
        (f"{ANNA}070/174 06 90", "+46701740690", None),
    ],
)
def test_a_number_of_something_else_is_none(text: str, number: str, why: str | None) -> None:
    found = asked(text)
    assert (found.new_number, found.unread.get("new_number")) == (number, why)


@pytest.mark.parametrize(
    ("text", "doubts"),
    [
        (f"{ANNA}{NUMBER}Obs! Fel nummer ovan, det ska vara 070-174 06 91", ("new_number",)),
        (f"{ANNA}{NUMBER}Och lovstlin32 också.", ("employee_username",)),
        (f"{ANNA}{NUMBER}", ()),
        (f"{ANNA}{NUMBER}Gammalt mobilnr: 070-174 06 11", ()),
        (f"Behörig beställare: Carin Ek, 070-174 06 50\n{ANNA}{NUMBER}", ()),
        (f"{ANNA}{NUMBER}\nMvh Carin Ek\n070-174 06 50", ()),
        (f"{ANNA}{NUMBER}{KARL}", ()),
    ],
)
def test_what_a_mail_says_besides_is_a_doubt(text: str, doubts: tuple[str, ...]) -> None:
    assert asked(text).doubts == doubts


def test_two_forms_of_a_mail_that_differ_are_a_doubt() -> None:
    other = NUMBER.replace("06 90", "06 99")
    padding = "Hej! " * 60
    same = read(html(f"{padding}\n{ANNA}{NUMBER}", f"<p>{padding}</p><p>{ANNA}</p><p>{NUMBER}</p>")).asked
    assert (same.new_number, same.doubts) == ("+46701740690", ())
    differ = read(html(f"{padding}\n{ANNA}{NUMBER}", f"<p>{padding}</p><p>{ANNA}</p><p>{other}</p>")).asked
    assert differ.doubts == ("new_number",)


@pytest.mark.parametrize(
    "style",
    [
        'style="display:none"',
        'style="DISPLAY : NONE;color:red"',
        "hidden",
        'style="font-size:0"',
        'style="visibility:hidden"',
    ],
)
def test_what_no_reader_sees_is_not_read(style: str) -> None:
    marked = f"<p>{ANNA}</p><div {style}><p>Nytt mobil nr: <b>070-174 06 99</b></p></div><p>Mobil: 070-174 06 90</p>"
    found = read(html("", marked))
    assert "06 99" not in found.text
    assert found.asked.new_number == "+46701740690"


def test_an_address_longer_than_any_column_is_none() -> None:
    far = f"{'x' * 60}@{'.'.join(['y' * 60] * 4)}.se"
    found = read(a_mail(f"E-post: {far}", subject="Ändring av e-postmottagare")).asked
    assert (found.recipients, found.unread) == ((), {"recipients": "unreadable"})


def test_how_somebody_signs_in_a_sentence_is_not_taken_for_a_recipient() -> None:
    text = "Kim kim@hemtjanst-ett.example tar över. /Carin carin@hemtjanst-ett.example"
    found = read(a_mail(text, subject="Ändring av e-postmottagare")).asked
    assert (found.recipients, found.unread) == ((), {"recipients": "unclear"})


A = "+46701740690"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (f"{ANNA}Nya numret är 070-174 06 90. Ring mig gärna om ni undrar!", A),
        (f"{ANNA}Hon når ni på nya numret 070-174 06 90", A),
        ("Anna Berg, lovanber11, har bytt mobil till 070-174 06 90 och kommer inte in", A),
        (f"{ANNA}Hon fick sin telefon stulen, nytt nummer är 070-174 06 90.", A),
        (f"{ANNA}Det blev fel nummer sist. Rätt nummer är 070-174 06 90", A),
        (f"{ANNA}nytt nummer 070-174 06 90. Jag kommer inte ihåg mer.", A),
        ("Anna Berg lovanber11 070-174 06 90", A),
        (f"{ANNA}Ring mig\npå 070-174 06 50 om ni undrar.", ""),
        (f"{ANNA}Hon har inte kvar sin telefon, det var\n070-174 06 21.", ""),
        (f"{ANNA}Jag har telefon 070-174 06 50 om ni undrar", ""),
        (f"Hej! {ANNA}Hon har fått nummer 070-174 06 90.\n\nTack på förhand!\n\nCarin Ek\nMobil: 070-174 06 50", ""),
        ("Två att koppla:\nAnna Berg, lovanber11, 070-174 06 25\nStina Lind, lovstlin32, 070-174 06 26", ""),
        (f"{ANNA}Från: 070-174 06 21\nTill: 070-174 06 22", ""),
    ],
)
def test_numbers_in_sentences(text: str, number: str) -> None:
    assert asked(text).new_number == number


@pytest.mark.parametrize(
    "text", [f"{ANNA}{NUMBER}Ring mig på 070-174 06 50 om ni undrar.", f"{ANNA}{NUMBER}Ni når Kim på 070-174 06 50."]
)
def test_where_somebody_is_to_be_called_is_no_doubt(text: str) -> None:
    assert asked(text).doubts == ()


KIM, SAM = "kim@hemtjanst-ett.example", "sam@hemtjanst-ett.example"


@pytest.mark.parametrize(
    ("text", "recipients", "why"),
    [
        (f"Lägg till {SAM} som mottagare", (), "unclear"),
        (f"Kan ni lägga till en mottagare: {SAM}", (), "unclear"),
        (f"Mottagare ska vara jag själv och Kim ({KIM})", (), "unclear"),
        (f"Förutom mig ska även {KIM} ha dem", (), "unclear"),
        (f"Mottagare: {SAM}\n{KIM} ska vara kvar.", (), "unclear"),
        (f"Mottagare: {KIM}\n\nCarin Ek\nE-post: carin@hemtjanst-ett.example", (KIM,), None),
        (f"Det ska vara {KIM} från nu.\n\nCarin Ek\ninfo@hemtjanst-ett.example", (), "unclear"),
        (f"{KIM}\n{SAM}", (KIM, SAM), None),
        ("E-post: carin@hemtjanst-ett.example", ("carin@hemtjanst-ett.example",), None),
    ],
)
def test_recipients_are_all_or_none(text: str, recipients: tuple[str, ...], why: str | None) -> None:
    found = read(a_mail(text, subject="Ändring av e-postmottagare")).asked
    assert (found.recipients, found.unread.get("recipients")) == (recipients, why)


@pytest.mark.parametrize("subject", ["ny mobil", "Ny telefon till Anna Berg"])
def test_more_ways_to_say_it(subject: str) -> None:
    assert read(a_mail(ANNA, subject=subject)).asked.kind == "phone"
