"""Who vouches for a sender (security.md M1), and which mails are from programs (M2): forgeries and their opposites."""

import pytest

from helpdesk.intake import senders
from helpdesk.intake.reading import decoding, mime
from tests.helpdesk.mailing import CARIN, PASSED, SERVER

FROM = f"From: {CARIN}"
HOME = "hemtjanst-ett.example"


def said(*lines: str | bytes, end: bytes = b"\r\n") -> str:
    """What the border server is taken to say of a mail with these header lines."""
    raw = end.join([*(line if isinstance(line, bytes) else line.encode() for line in lines), b"", b"Hej"])
    return senders.dmarc(mime.read(raw), SERVER)


def results(value: str) -> str:
    """…of a mail from Carin with this header."""
    return said(f"Authentication-Results: {value}", FROM)


@pytest.mark.parametrize(
    "value",
    [
        PASSED,
        f"{SERVER}; dmarc=pass",
        f"{SERVER} 1; dmarc=pass",
        f"{SERVER}(filter 3);dmarc = pass",
        f"{SERVER.upper()}; DMARC=Pass header.from={HOME.upper()}",
        f"{SERVER}; spf=fail smtp.mailfrom=evil.example; dkim=none; dmarc=pass (p=none (dis=none)) header.from={HOME}",
        f"{SERVER};\r\n\tspf=pass;\r\n dmarc=pass\r\n header.from={HOME}",
        f'{SERVER}; spf=pass reason="good; dmarc=fail (" smtp.mailfrom="a;b"@x.example; dmarc=pass header.from={HOME}',
        f"{SERVER}; dmarc/1=pass header.from={HOME}",
    ],
)
def test_what_the_border_server_writes(value: str) -> None:
    assert results(value) == "pass"


@pytest.mark.parametrize(
    "value",
    [
        "mx.evil.example; dmarc=pass",
        f"{SERVER}.evil.example; dmarc=pass",
        f"evil.{SERVER}; dmarc=pass",
        f"evil; {SERVER}; dmarc=pass",
        f"({SERVER}) mx.evil.example; dmarc=pass",
        f"(x) {SERVER}; dmarc=pass",
        f'"{SERVER}"; dmarc=pass',
        f"=?utf-8?q?{SERVER}?=; dmarc=pass",
        f"=?utf-8?q?{SERVER}=3B_dmarc=3Dpass?=",
        "mx.\N{ZERO WIDTH SPACE}kommunen.example; dmarc=pass",
        "mx.kommunen\N{SOFT HYPHEN}.example; dmarc=pass",
        "mx.kommunen.example\0; dmarc=pass",
        "mx.\N{KELVIN SIGN}ommunen.example; dmarc=pass",
        f"{SERVER} 2; dmarc=pass",
        f"{SERVER} 1 1; dmarc=pass",
        f"{SERVER}, dmarc=pass",
        f"{SERVER} dmarc=pass",
        f"{SERVER}; (dmarc=pass)",
        f"{SERVER}; (\\); dmarc=pass;)",
        f"{SERVER}; ((;) dmarc=pass ;)",
        f'{SERVER}; spf=fail reason="; dmarc=pass"',
        f'{SERVER}; spf=fail reason="\\"; dmarc=pass ;"',
        f"{SERVER}; spf=fail smtp.mailfrom=x dmarc=pass",
        f"{SERVER}; spf=fail smtp.mailfrom==?utf-8?q?x=3B_dmarc=3Dpass?=@evil.example",
        f'{SERVER}; spf=fail (a "b) smtp.mailfrom="c; dmarc=pass; (d"@evil.example',
        f"{SERVER}; dmarc=pass@evil.example",
        f"{SERVER}; dmarc=passed",
        f"{SERVER}; dmarc=pass.not",
        f"{SERVER}; dmarc=pass=fail",
        f"{SERVER}; xdmarc=pass",
        f"{SERVER}; policy.dmarc=pass",
        f"{SERVER}; arc.dmarc=pass; spf=pass",
        f"{SERVER}; dmarc=pass header.from=evil.example",
        f"{SERVER}; dmarc=pass header.from=mail.{HOME}",
        f"{SERVER}; dmarc=pass header.from={HOME}.evil.example",
        f"{SERVER}; dmarc=pass header.from={HOME} header.from=evil.example",
        f'{SERVER}; dmarc=pass header.from="evil.example"',
        f"{SERVER}; dmarc=pass; dmarc=fail",
        f"{SERVER}; dmarc=pass (",
        f'{SERVER}; dmarc=pass reason="',
        f"{SERVER}; dmarc=pass )",
        f"{SERVER}; none",
        SERVER,
        "",
    ],
)
def test_what_is_no_word_of_the_border_server(value: str) -> None:
    assert results(value) != "pass"


def test_several_headers() -> None:
    ours, fails = f"Authentication-Results: {PASSED}", f"Authentication-Results: {SERVER}; dmarc=fail"
    other = "Authentication-Results: mx.evil.example; dmarc=pass"
    unclosed = f"Authentication-Results: {SERVER}; dmarc=pass ("
    assert said(ours, ours, FROM) == "pass"
    assert said(ours, other, FROM) == "pass"
    assert said(ours, f"Authentication-Results: {SERVER}; spf=fail", FROM) == "pass"
    assert said(ours, fails, FROM) == said(fails, ours, FROM) == "fail"
    assert said(ours, unclosed, FROM) == "mixed"
    assert said(fails, other, FROM) == "fail"
    assert said("X-Authentication-Results: " + PASSED, "ARC-" + ours, FROM) == ""


def test_a_header_that_is_cut_says_nothing() -> None:
    """What was cut away could be the end of another domain, or a second result."""
    for length in range(decoding.LONGEST_HEADER - 40, decoding.LONGEST_HEADER + 40):
        begin = f"{SERVER}; x=y "
        value = f"{begin.ljust(length - len(HOME) - 26, 'z')}; dmarc=pass header.from={HOME}"
        assert results(f"{value}.evil.example") != "pass"
        assert results(f"{value} ; dmarc=fail") != "pass"
    folded = f"{SERVER};" + "\r\n z=1;" * 2000 + "\r\n dmarc=pass"
    assert results(folded) != "pass"


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_carriage_return_begins_no_header(end: bytes) -> None:
    """To a mail server what follows is still X-Odd, so it takes nothing away."""
    assert said(f"X-Odd: a\rAuthentication-Results: {PASSED}", FROM, end=end) == ""
    assert said(f"X-Odd: a\r\rAuthentication-Results: {PASSED}", FROM, end=end) == ""
    assert said("Authentication-Results: " + PASSED, "X-Odd: a\rFrom: evil@evil.example", FROM, end=end) == "pass"


@pytest.mark.parametrize(
    "lines",
    [
        ["From: Carin Ek <carin@hemtjanst-ett.example>", "From: evil@evil.example"],
        ["From: Carin Ek <carin@hemtjanst-ett.example>", "From: Carin Ek <carin@hemtjanst-ett.example>"],
        [FROM, *["From:"] * 4, "From: evil@evil.example"],
        [FROM, *["From: "] * 5, "From: evil@evil.example"],
        [FROM, *["X-Many: 1"] * 2000, "From: evil@evil.example"],
        ["From: carin@hemtjanst-ett.example, evil@evil.example"],
        [f'From: carin@hemtjanst-ett.example, "{"x" * 1000}" <evil@evil.example>'],
        [f"From: carin@hemtjanst-ett.example, {' ' * 9000} evil@evil.example"],
        ["From: carin@hemtjanst-ett.example,\r\n" + " \r\n" * 2000 + " evil@evil.example"],
        ["From: bunch: carin@hemtjanst-ett.example, evil@evil.example;"],
        ["From: carin@hemtjanst-ett.example <evil@evil.example>"],
        ['From: "carin@hemtjanst-ett.example" <evil@evil.example>'],
        ["From: <evil@evil.example> carin@hemtjanst-ett.example"],
        ["From: carin@hemtjanst-ett.example@evil.example"],
        ["From: evil@evil.example (carin@hemtjanst-ett.example)"],
        ["From: =?utf-8?q?carin=40hemtjanst-ett.example?="],
        ["From: =?utf-8?q?carin=40hemtjanst-ett.example?= <evil@evil.example>"],
        ["From: =?utf-8?q?=3Ccarin=40hemtjanst-ett.example=3E?= <evil@evil.example>"],
        ["From: carin@hemtj\N{CYRILLIC SMALL LETTER A}nst-ett.example"],
        ["From: carin@hemtjan\N{LATIN SMALL LETTER LONG S}t-ett.example"],
        ["From: car\N{LATIN SMALL LETTER DOTLESS I}n@hemtjanst-ett.example"],
        ["From: carin@hemtjanst\N{ZERO WIDTH SPACE}-ett.example"],
        [b"From: carin@hemtjanst-ett\0.example"],
        ["From:"],
        ["From: "],
        ["From: <>"],
        ["From: undisclosed-senders:;"],
        ["From: Carin Ek"],
        ["Sender: carin@hemtjanst-ett.example"],
        [],
    ],
)
def test_whom_no_pass_is_for(lines: list[str | bytes]) -> None:
    """Of another domain's pass the server names the domain; where it doesn't, the sender is not one, or not Carin."""
    ours = [f"Authentication-Results: {PASSED}", *lines]
    assert said(*ours) != "pass"
    short = b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in [*lines, "", "Hej"])
    letter = mime.read(f"Authentication-Results: {SERVER}; dmarc=pass\r\n".encode() + short)
    addresses = [address for _, address in letter.senders]
    assert addresses != ["carin@hemtjanst-ett.example"] or senders.dmarc(letter, SERVER) != "pass"


@pytest.mark.parametrize(
    "line",
    [
        "From: carin@hemtjanst-ett.example",
        "FROM: Carin Ek <CARIN@HEMTJANST-ETT.EXAMPLE>",
        "From: Carin (i) Ek <carin@hemtjanst-ett.example> (Hemtjänst)",
        'From: "Ek, Carin" <carin@hemtjanst-ett.example>',
        "From: =?utf-8?q?Carin_=C3=85s?=\r\n <carin@hemtjanst-ett.example>",
        'From: "evil@evil.example" <carin@hemtjanst-ett.example>',
    ],
)
def test_one_sender(line: str) -> None:
    assert said(f"Authentication-Results: {PASSED}", line) == "pass"


def test_without_a_name_for_the_border_server_nobody_vouches() -> None:
    letter = mime.read(f"Authentication-Results: {PASSED}\n{FROM}\n\nHej".encode())
    assert senders.dmarc(letter, "") == ""
    assert senders.dmarc(mime.read(f"Authentication-Results: ; dmarc=pass\n{FROM}\n\nHej".encode()), "") == ""


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; x=y",
        "auto-submitted: AUTO-NOTIFIED (vacation)",
        "Auto-Submitted: no\nAuto-Submitted: auto-replied",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "Precedence: bulk",
        "Precedence: Auto_Reply",
        "X-Autoreply: yes",
        "X-Autorespond: Borta",
        "Return-Path: <>",
        "Return-Path: < >",
        "List-Id: <info.example.net>",
        "List-Unsubscribe: <https://example.net>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        "Return-Path: <mailer-daemon@example.net>",
        "Return-Path: <bounces+carin=hemtjanst-ett.example@example.net>",
        "Return-Path: <info-bounces@example.net>",
        f"Return-Path: <bounce+{'x' * 500}@example.net>",
    ],
)
def test_by_a_program(line: str) -> None:
    assert senders.is_automatic(mime.read(f"{FROM}\n{line}\n\nHej".encode()))


@pytest.mark.parametrize(
    "sender", ["MAILER-DAEMON@x.example", "no-reply@x.example", "noreply-24@x.example", "svara-ej@x.example"]
)
def test_from_nobody(sender: str) -> None:
    assert senders.is_automatic(mime.read(f"From: <{sender}>\n\nHej".encode()))


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: NO; x=y",
        "Auto-Submitted: no (really)",
        "Auto-Submitted:",
        "Precedence: normal",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: DR, RN, NRN",
        "X-Auto-Response-Suppress: None",
        "Return-Path: <carin@hemtjanst-ett.example>",
        "Return-Path: <carin+no-reply@hemtjanst-ett.example>",
        "X-MS-Exchange-Inbox-Rules-Loop: x",
        "X-Priority: 1",
        "Subject: Automatiskt svar",
        "Content-Type: multipart/mixed; boundary=b",
    ],
)
def test_by_a_person(line: str) -> None:
    assert not senders.is_automatic(mime.read(f"{FROM}\n{line}\n\nHej".encode()))
