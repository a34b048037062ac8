"""Mails made to cost time or memory, or to break whoever reads them: one of each kind, made when it is asked for."""

import base64
import io
import zipfile
from collections.abc import Callable

MEGABYTE = 1024 * 1024
FROM = b"From: Carin Ek <carin@hemtjanst-ett.example>\n"
HEAD = FROM + b"Subject: Koppla nytt mobil nr\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"

Make = Callable[[], bytes]


def plain(text: str | bytes, head: bytes = HEAD) -> bytes:
    content = text.encode() if isinstance(text, str) else text
    return head + b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + content


def html(content: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\n\n" + content


def nested(depth: int, inside: bytes = b"hej\n") -> bytes:
    begin = (b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (at, at) for at in range(depth))
    return HEAD + b"".join(begin) + b"Content-Type: text/plain\n\n" + inside


def parts(head: bytes, many: int = 99) -> bytes:
    return MIXED + (b"--b\n" + head + b"\n\nhej\n") * many + b"--b--\n"


def lines(line: str, length: int = 64 * 1024) -> str:
    return (line + "\n") * (length // (len(line) + 1))


def attached(content: bytes, name: bytes) -> bytes:
    head = b"Content-Type: application/zip\nContent-Transfer-Encoding: base64\n"
    head += b"Content-Disposition: attachment; filename=" + name + b"\n\n"
    return MIXED + b"--b\nContent-Type: text/plain\n\nhej\n--b\n" + head + base64.encodebytes(content) + b"\n--b--\n"


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        for at in range(20):
            bomb.writestr(f"{at}.txt", b"\0" * (20 * MEGABYTE))
    return attached(packed.getvalue(), b"bomb.zip")


HEADERS: dict[str, Make] = {
    "subject of 1 MB": lambda: FROM + b"Subject: " + b"x" * MEGABYTE + b"\n\nhej",
    "subject of 1 MB, folded": lambda: FROM + b"Subject: " + b"x\n " * (MEGABYTE // 3) + b"\n\nhej",
    "encoded words that end nowhere": lambda: FROM + b"Subject: " + b"=?a?q?" * (MEGABYTE // 6) + b"\n\nhej",
    "encoded words in many headers": lambda: HEAD + (b"X: " + b"=?a?q?" * 1300 + b"=?utf-8?q?a?=\n") * 120 + b"\nhej",
    "encoded words that are whole": lambda: HEAD + (b"X: " + b"=?utf-8?q?a?= " * 580 + b"\n") * 120 + b"\nhej",
    "From of 1 MB": lambda: b"From: " + b"x" * MEGABYTE + b"@a.example\n\nhej",
    "From with 200,000 addresses": lambda: b"From: " + b"a@b.c," * (MEGABYTE // 6) + b"\n\nhej",
    "From of brackets": lambda: b"From: " + b"(" * MEGABYTE + b"\n\nhej",
    "From of quotes": lambda: b"From: " + b'"\\' * (MEGABYTE // 2) + b"\n\nhej",
    "100,000 header lines": lambda: b"X-A: b\n" * 100_000 + HEAD + b"\nhej",
    "header lines without a name": lambda: b": b\n" * 100_000 + HEAD + b"\nhej",
    "parameters with quotes": lambda: HEAD + b"Content-Type: text/plain" + b'; a="b;c"' * 100_000 + b"\n\nhej",
    "parameters that end nowhere": lambda: HEAD + b"Content-Type: text/plain" + b';a="\\' * 200_000 + b"\n\nhej",
    "semicolons in each part": lambda: parts(b"Content-Type: text/plain" + b";" * 8000),
    "quotes in each part": lambda: parts(b"Content-Type: text/plain" + b';a="' * 2000),
    "file names in a thousand pieces": lambda: parts(
        b"Content-Disposition: attachment" + b"".join(b"; filename*%d*=x" % at for at in range(400))
    ),
    "file name with a number of 6,000 digits": lambda: parts(
        b"Content-Disposition: attachment; filename*" + b"9" * 6000 + b"*=x", 9
    ),
    "charset of 1 MB": lambda: HEAD + b"Content-Type: text/plain; charset=" + b"x" * MEGABYTE + b"\n\nhej",
    "return paths": lambda: (b"Return-Path: " + b"-bounce+" * 1000 + b"\n") * 120 + HEAD + b"\nhej",
}

SHAPES: dict[str, Make] = {
    "10,000 parts": lambda: parts(b"Content-Type: text/plain", 10_000),
    "40 levels": lambda: nested(40),
    "5,000 levels": lambda: nested(5000),
    "99 levels, and lines": lambda: nested(99, b"x\n" * 450_000),
    "99 levels, and lines like a border": lambda: nested(90, (b"--" + b"x" * 96 + b"\n") * 10_000),
    "mails in mails": lambda: HEAD + b"Content-Type: message/rfc822\n\n" * 3000 + b"hej",
    "50 MB attached": lambda: attached(b"a" * (37 * MEGABYTE), b"x.bin"),
    "zip bomb": zip_bomb,
    "no boundary": lambda: HEAD + b"Content-Type: multipart/mixed\n\n--x\n\nhej\n" * 1000,
    "empty boundary": lambda: HEAD + b'Content-Type: multipart/mixed; boundary=""\n\n' + b"--\n" * 300_000,
    "boundary everywhere": lambda: HEAD + b'Content-Type: multipart/mixed; boundary="-"\n\n' + b"---\n" * 250_000,
    "boundary, then blanks": lambda: MIXED + (b"--b" + b" " * 8000 + b"x\n") * 128,
    "boundary of 8 kB": lambda: (
        HEAD + b'Content-Type: multipart/mixed; boundary="' + b"-" * 8000 + b'"\n\n' + b"-" * MEGABYTE
    ),
}

HTML: dict[str, Make] = {
    "divs": lambda: html(b"<div>" * 200_000),
    "tables in tables": lambda: html(b"<table><tr><td>" * 60_000),
    "less than": lambda: html(b"<" * MEGABYTE),
    "comments that end nowhere": lambda: html(b"<!--" * (MEGABYTE // 4)),
    "attribute of 1 MB": lambda: html(b"<a href='" + b"x" * MEGABYTE),
    "100,000 attributes": lambda: html(b"<a " + b"".join(b"a%d=b " % at for at in range(100_000)) + b">"),
    "entities": lambda: html(b"&amp;&#99999999999;&#x1f600;&" * (MEGABYTE // 29)),
    "entities of a document type": lambda: html(
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + b"&b;" * 100_000
    ),
    "table of 10,000 rows": lambda: html(b"<table>" + b"<tr><td>a<td>b</tr>" * 10_000 + b"</table>"),
    "ends without a beginning": lambda: html(b"<div>" * 80_000 + b"</p></b>" * 70_000),
    "bold that never ends": lambda: html(b"<p><b><i><font>x</p>" * 50_000),
    "scripts in scripts": lambda: html(b"<script>" * (MEGABYTE // 8)),
}

_LONG = {
    "one line": "x" * MEGABYTE,
    "empty lines": "\n" * MEGABYTE,
    "carriage returns": "\r" * MEGABYTE,
    "combining signs": "e" + "\u0301\u0323" * 32_000,
    "signs that nobody sees": "Nytt mobil nr: \u202e070\u200b-174\u2066 06 90\n" * 5000,
    "blanks, and a sign": " " * 65_000 + "x",
    "dashes": "-" * 65_000 + "x",
    "blanks, dashes, blanks": " " * 30_000 + "--" + " " * 30_000 + "x",
    "mobile number labels": "nytt mobil nr som ska " * 3000,
    "address labels": "e-post adress mottagare " * 3000,
    "who wrote when": "Den den on 2026 skrev " * 3000,
    "digits": "0 7" * 21_000,
    "digits in brackets": "[(0)]" * 13_000,
    "numbers": "070-174 06 9x " * 4600,
    "at": "@" * 65_536,
    "a at": "a@" * 30_000,
    "quotation marks": ">" * 65_536,
    "bars": "| " * 30_000,
    "tabs": "\t" * 65_536,
    "brackets": "(" * 65_536,
    "old numbers": "gammalt mobil nr " * 3800,
    "account names": "lov" * 21_000,
    "capitals": "Aa " * 21_000,
    "domains": "ORG\\" * 16_000,
}
_LINES = {
    "names joined by hyphens": "A-" * 60 + "! lovanber11",
    "names joined by hyphens, with a label": "Användare: " + "A-" * 39 + "!",
    "who wrote, and blanks": "den " + "skrev " * 48 + " " * 290 + "x",
    "dates, and who wrote": "den " + "2026" * 90 + "\n" + ">" * 199 + " " * 399 + "x",
    "accounts": "konto: a1 " * 190,
    "new numbers": "nytt nr: 0701740690 " * 99,
    "half numbers": "nytt nr: " + "0 7+" * 400,
    "farewells": "med vänlig" + "vänlig" * 330,
    "headers as text": "från:" + " " * 990,
    "headers, and other lines": "från: a\nx",
    "quoted empty lines": "> > |",
    "table heads": "namn\tkonto\n\n",
    "from one address to another": "från " + "@" * 200,
    "addresses below a label": "mottagare: a\n" + "a@b.example\n" * 9,
}
CHANGE = FROM + b"Subject: =?utf-8?q?=C3=84ndring_av_e-postmottagare?=\n"
TEXTS: dict[str, Make] = {
    **{name: lambda text=text: plain(text) for name, text in _LONG.items()},  # type: ignore[misc]
    **{f"{name}, cut": lambda text=text: plain(_cut(text)) for name, text in _LONG.items()},  # type: ignore[misc]
    **{f"lines: {name}": lambda text=text: plain(lines(text)) for name, text in _LINES.items()},  # type: ignore[misc]
    **{f"change: {name}": lambda text=text: plain(lines(text), CHANGE) for name, text in _LINES.items()},  # type: ignore[misc]
}


def _cut(text: str) -> str:
    text = text[: 64 * 1024]
    return "\n".join(text[at : at + 80] for at in range(0, len(text), 80))
