"""Hostile mails: each costs bounded time and memory, and the next one is read as usual (security.md M4)."""

import codecs
import encodings
import multiprocessing
import re
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import pytest

from helpdesk.intake import bounces, senders
from helpdesk.intake.reading import Reading, mime, read
from helpdesk.intake.reading.decoding import text_of
from helpdesk.models import IncomingMail
from idportal.runtime.logs import masked
from notifications.models import Message
from tests.helpdesk.conftest import Register
from tests.helpdesk.hostile import HEAD, HEADERS, HTML, SHAPES, TEXTS, Make, attached, html, parts, plain, zip_bomb
from tests.helpdesk.mailing import FIELDS, SERVER, a_mail, ticket_of

# Generous, for a machine that does ten things besides; what grows with the square takes a minute.
SECONDS = 5
MEGABYTES = 150
CASES = {**HEADERS, **SHAPES, **HTML, **TEXTS}


def _measured(made: bytes, whole: bool, answer: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (4 * SECONDS + int(time.process_time()), resource.RLIM_INFINITY))
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        letter = read(made if whole else made[: mime.MOST_BYTES]).letter
        senders.dmarc(letter, SERVER)
    except mime.Unreadable:
        pass
    took = time.process_time() - begun
    grew = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    asked = read(a_mail()).asked
    answer.send((took, grew, (asked.employee_name, asked.employee_username, asked.new_number)))


def assert_bounded(made: bytes, *, whole: bool = True) -> None:
    """In a process of its own: what it takes there is the mail's, and one that goes on for ever is ended."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_measured, args=(made, whole, there))
    child.start()
    there.close()
    child.join()
    assert here.poll(), f"it took more than {4 * SECONDS} seconds"
    took, grew, fields = here.recv()
    assert took < SECONDS
    assert grew < MEGABYTES
    assert fields == ("Anna Berg", "lovanber11", "+46701740690")


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_m4_it_takes_bounded_time_and_memory(case: str) -> None:
    assert_bounded(CASES[case]())


@pytest.mark.slow
def test_as_the_mailbox_gives_it() -> None:
    assert_bounded(SHAPES["50 MB attached"](), whole=False)


def longest(value: Callable[[int], str], take: Callable[[str], object]) -> None:
    begun = time.process_time()
    take(value(64 * 1024))
    assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize(
    "unit", ["a", "a@", '"', '"a', "0", "0 7", "+(", "a.", "a@a.", "46-", "0   ", "a%40", "(", "[@["]
)
def test_what_another_server_says_is_masked_in_time(unit: str) -> None:
    longest(lambda length: unit * (length // len(unit)), masked)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ['"\\', '\\"', "(", "()", "(\\(", ";", "dmarc", "dmarc=pass ", "header.from", " ", "="]
)
def test_results_are_read_in_time(unit: str) -> None:
    header = f'Authentication-Results: {SERVER}; dmarc=pass "'.encode()
    assert_bounded((header + unit.encode() * (8000 // len(unit)) + b"\n") * 120 + HEAD + b"\nhej")


# --- Nothing of it comes further than it should ---------------------------------------------------


def clean(reading: Reading) -> list[str]:
    return [
        *(reading.subject, reading.sender, reading.sender_name, reading.text, reading.asked.orderer_name),
        *(reading.asked.employee_name, reading.asked.company_name, *(each.name for each in reading.letter.attachments)),
    ]


@pytest.mark.parametrize("character", ["=0D=0A", "=0A", "=0D", "=00", "=E2=80=A8", "=C2=85", "=0B", "=0C", "=1E"])
def test_no_header_holds_a_line_end(character: str) -> None:
    word = f"=?utf-8?q?Hej{character}Bcc:_vem=40example.net?="
    head = f'Subject: {word}\nFrom: "{word}" <x@example.net>\nContent-Disposition: attachment; filename="{word}"\n'
    reading = read(head.encode() + b"Content-Type: application/pdf\n\nx")
    assert reading.letter.attachments[0].name
    for text in clean(reading):
        assert len(text.splitlines()) < 2
        assert "\0" not in text
    assert "Bcc:" in reading.subject, "it is a text, and stays one"


def test_a_file_name_in_pieces() -> None:
    odd = b"Content-Type: application/pdf\nContent-Disposition: attachment; filename*0*=utf-8''a%0D%0Ab; filename*7=c"
    assert read(parts(odd, 1)).letter.attachments[0].name == "a bc"
    huge = b"Content-Type: application/pdf\nContent-Disposition: attachment; filename*" + b"9" * 5000 + b"=x"
    assert read(parts(huge, 1)).letter.attachments[0].name == "application/pdf", "a header of that length is cut"


def test_m4_of_html_only_the_text() -> None:
    text = text_of(
        "<meta http-equiv=refresh content='0;url=https://evil.example'><style>p{background:url(https://evil.example)}"
        "</style><script>alert(1)</script><p onclick='alert(2)'>Hej <a href='javascript:alert(3)'>du</a></p>"
        "<form action=https://evil.example><input value=evil><button>Skicka</button></form><iframe src=evil></iframe>"
        "<img src=https://evil.example/x.png alt=evil onerror=alert(4)><svg onload=alert(5)>x</svg><!-- evil -->"
    )
    assert "Hej du" in text
    assert not re.search(r"evil|alert|javascript|[<>]", text)


def test_html_in_another_charset_than_it_says() -> None:
    made = html("<meta charset=utf-16><p>Behörig beställare: Åsa</p>".encode())
    assert read(made).text == "Behörig beställare: Åsa"


CHARSETS = [
    *("zip", "zlib", "bz2", "base64", "hex", "rot13", "quopri", "uu", "idna", "punycode", "unicode_escape"),
    *("unicode-escape", "raw_unicode_escape", "undefined", "utf-7", "mbcs", "utf\0", "../x", "x" * 9000, "", "*", "å"),
]


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable", "x-uuencode", "x-none"])
def test_a_charset_that_is_none(charset: str, encoding: str) -> None:
    head = f'Content-Type: text/plain; charset="{charset}"\nContent-Transfer-Encoding: {encoding}\n\n'
    reading = read(HEAD + head.encode() + "Företag: Åsa \\x41 +AGE-".encode())
    assert reading.letter.senders
    if encoding in ("8bit", "x-none") and charset != "utf-7":
        assert reading.text == "Företag: Åsa \\x41 +AGE-"


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_charset_that_is_none_of_what_is_attached(charset: str) -> None:
    head = f'Content-Type: application/pdf; charset="{charset}"\nContent-Disposition: attachment; '
    head += f"filename*={charset[:30]}''%C3%A5.pdf"
    assert read(parts(head.encode() + b"\n\n\xc3\xa5", 1)).letter.attachments[0].name == "å.pdf"


def test_names_of_charsets_that_nobody_knows_are_not_kept_for_ever() -> None:
    known = len(encodings._cache)
    words = " ".join(f"=?x-{at}?q?a?=" for at in range(400))
    read(HEAD + f"X: {words}\n".encode() + b"Content-Type: text/plain; charset=x-body\n\n\xc3\xa5")
    assert len(encodings._cache) - known <= 3
    assert codecs.lookup("utf-8")


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-uuencode", "uuencode"])
@pytest.mark.parametrize(
    "content", [b"!!!!", b"a", b"=", b"=ZZ=\n", b"begin 644 x\n\xff\n", b"begin 999 x\nM", b"\0" * 99]
)
def test_what_is_not_encoded_as_it_says(encoding: str, content: bytes) -> None:
    head = f"Content-Type: text/plain\nContent-Transfer-Encoding: {encoding}\n\n"
    assert read(HEAD + head.encode() + content).sender == "carin@hemtjanst-ett.example"


def test_what_is_attached_is_named_and_not_opened() -> None:
    reading = read(zip_bomb())
    assert [each.name for each in reading.letter.attachments] == ["bomb.zip"]
    assert "hej" in reading.text
    assert read(attached(b"x", b'"../../etc/passwd"')).letter.attachments[0].name == ".._.._etc_passwd"


def test_signs_that_nobody_sees_change_no_value() -> None:
    odd = "".join(f"{character}\N{ZERO WIDTH SPACE}\N{RIGHT-TO-LEFT OVERRIDE}" for character in "Anna Berg, lovanber11")
    asked = read(a_mail(FIELDS.replace("Anna Berg, lovanber11", odd))).asked
    assert (asked.employee_name, asked.employee_username) == ("Anna Berg", "lovanber11")
    turned = read(a_mail(FIELDS.replace("070-174 06 90", "\N{RIGHT-TO-LEFT OVERRIDE}09 60 471-070"))).asked
    assert turned.new_number == "", "as it looks is not as it stands: the agent asks"


# --- With all that stands behind it ---------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("sender", ["carin@hemtjanst-ett.example", "vem@example.net"])
def test_an_acknowledgement_carries_nothing_of_the_mail(register: Register, sender: str) -> None:
    word = "=?utf-8?q?Kanarie=0D=0ABcc:_vem=40example.net=0D=0A=0D=0A<b>kanarie</b>_https://evil.example?="
    head = f'From: "{word}" <{sender}>\nSubject: {word}\nMessage-ID: <kanarie@example.net>\n'
    head += "Reply-To: kanarie@evil.example\nContent-Language: kanarie\n"
    one = ticket_of(plain(FIELDS.replace("Anna Berg, lovanber11", "Kanarie Kanarie, lovanber11"), head.encode()))
    queued = list(Message.objects.all())
    assert sender in [each.to for each in queued]
    assert {each.to for each in queued} <= {sender, register.carin.email}
    for each in queued:
        told = f"{each.subject}\n{each.text}\n{each.html}".lower()
        assert [word for word in ("kanarie", "bcc:", "evil", "<b>") if word in told] == []
        assert one.number in told


@pytest.mark.django_db
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "case",
    ["10,000 parts", "5,000 levels", "subject of 1 MB", "From of 1 MB", "100,000 header lines", "divs"],
)
def test_each_becomes_a_ticket_and_so_does_the_next(register: Register, case: str) -> None:
    made: Make = CASES[case]
    begun = time.process_time()
    one = ticket_of(made())
    assert time.process_time() - begun < SECONDS
    assert ticket_of(made()) == one
    assert ticket_of(a_mail()).employee_username == "lovanber11"
    assert IncomingMail.objects.count() == 2


@pytest.mark.django_db
def test_a_report_with_a_thousand_recipients_takes_bounded_time() -> None:
    block = b"Final-Recipient: rfc822; x@example.net\nAction: failed\nDiagnostic-Code: smtp; " + b"0 7" * 2000 + b"\n\n"
    head = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/"
    begun = time.process_time()
    letter = mime.read(HEAD + head + b"delivery-status\n\n" + block * 400)
    assert not bounces.note(letter)
    assert time.process_time() - begun < SECONDS


def test_the_type_of_what_is_attached_hides_nothing() -> None:
    letter = mime.read(b"From: x@example.net\nContent-Type: a/\x1e\x1fb\nContent-Disposition: attachment\n\nx")
    assert [each.name for each in letter.attachments] == ["a/ b"]
