"""Mails that nobody wrote: made of real labels and values, of pieces of the corpus, and of noise.

    python -m tests.helpdesk.fuzz --seconds 300

reads such mails for so long, each run with seeds of its own. It ends with 1, and with the mail, if one of them breaks a
promise.
"""

import argparse
import base64
import os
import quopri
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

CORPUS = [file.read_bytes() for file in sorted((Path(__file__).parent / "mails").glob("*.eml"))]

LABELS = (
    *("Behörig beställare", "Namn och användarnamn på personalen", "Nytt mobil nr som ska kopplas", "Namn", "Konto"),
    *("Användarnamn", "Gammalt mobilnummer", "Telefon", "Företag", "E-postadresser", "Nya mottagare", "Mottagare 1"),
    *("Ämne", "Från", "Skickat", "Till", "Org.nr", "Personnummer", "Anv.namn", "nr", "mejl"),
)
VALUES = (
    *("Anna Berg, lovanber11", "lovstlin32", r"ORG\lovmalsund", "Carin Ek", "070-174 06 90", "+46 (0)70-174 06 91"),
    *("0046701740692", "٠٧٠١٧٤٠٦٩٣", "070-174 06 90 / 070-174 06 91", "lena@hemtjanst-ett.example", "a@b@c", "@"),
    *("lena@hemtjanst-ett.example; kim@hemtjanst-ett.example", "it-helpdesk@kommunen.example", "2026-00042"),
    *("Hemtjänst Ett AB", "556016-0680", "Mvh", "Den lör 28 nov. 2026 skrev Carin Ek <c@x.example>:", "-- ", "> "),
    *("-----Ursprungligt meddelande-----", "Ta bort", "i stället för", "\t", "\r", "\0", "\ud800", "\u202e", "İ", "ﷺ"),
)
CHARSETS = ("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16", "utf-7", "iso-2022-jp", "idna", "zip", "x", "")
ENCODINGS = ("7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "none")
TYPES = (
    *("text/plain", "text/html", "multipart/mixed", "multipart/alternative", "multipart/report", "multipart/digest"),
    *("message/rfc822", "message/delivery-status", "message/partial", "text/rfc822-headers", "application/pdf"),
)
NAMES = (
    *("From", "Subject", "Message-ID", "Return-Path", "Auto-Submitted", "Precedence", "Authentication-Results", "Date"),
    *("List-Id", "Content-Disposition", "Content-Transfer-Encoding", "Content-Type", "To", "X-Odd", "Reply-To", ""),
)
SUBJECTS = ("Koppla nytt mobil nr", "Ändring av e-postmottagare", "SV: 2026-00042", "Fråga", "VB: [EXTERN] Re: nytt nr")
HEADERS = (
    *("Carin Ek <carin@hemtjanst-ett.example>", "<>", "a@b, c@d", "bunch: a@b;", '"', "(", "no", "auto-replied"),
    *("mx.kommunen.example; dmarc=pass", "attachment; filename*0*=utf-8''%ff; filename*9=x", "inline; filename*=x'y"),
    *("=?utf-8?q?Hej=0D=0A=00?=", "=?utf-7?b?K0FBQS0=?=", "=?x?b?a?=", "=?utf-16?q?=00=d8?=", "multipart/mixed"),
    *SUBJECTS,
)
_junk = st.text(max_size=30)
_odd = st.sampled_from(HEADERS) | _junk


_SIGNS = (": ", " - ", "\t", "", "\n", "=", " (x): ")
_lines = (
    st.tuples(st.sampled_from(LABELS), st.sampled_from(_SIGNS), st.sampled_from(VALUES))
    .map("".join)
    .flatmap(lambda line: st.sampled_from((line, f"> {line}", f"* {line}", f"{line} {line}")))
    | st.sampled_from(VALUES)
    | _junk
)
texts = st.lists(_lines, max_size=12).map("\n".join)
TAGS = (
    *("<p>", "</p>", "<br>", "<table>", "<tr>", "<td>", "</td>", "<style>", "<title>", "</title>", "<!--", "-->", "<"),
    *("&amp;", "&#0;", "&#xd800;", "<![CDATA[", "<?x", "<meta charset=utf-16>", "<a href='", "</html>", "<plaintext>"),
)
_tags = st.sampled_from(TAGS)
htmls = st.lists(_tags | _lines, max_size=25).map("".join)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


_headers = st.lists(
    st.tuples(st.sampled_from(NAMES), _odd).map(lambda pair: _encoded(f"{pair[0]}: {pair[1]}\n")), max_size=6
)


@st.composite
def _parts(draw: st.DrawFn, depth: int = 3) -> bytes:
    """A part with its headers: a leaf, or with others in it."""
    kind = draw(st.sampled_from(TYPES))
    charset, encoding = draw(st.sampled_from(CHARSETS)), draw(st.sampled_from(ENCODINGS))
    boundary = draw(st.sampled_from(("b", "bb", "", "-", " ")))
    head = f'Content-Type: {kind}; charset="{charset}"; boundary="{boundary}"\n'.encode()
    head += f"Content-Transfer-Encoding: {encoding}\n".encode() + b"".join(draw(_headers))
    if depth and kind.startswith(("multipart", "message")):
        inner = draw(st.lists(_parts(depth=depth - 1), max_size=3))
        border = f"\n--{boundary}\n".encode()
        return head + b"\n" + b"".join((border if kind.startswith("multipart") else b"\n") + each for each in inner)
    return head + b"\n" + _body(draw(htmls if kind == "text/html" else texts), charset, encoding)


def _body(text: str, charset: str, encoding: str) -> bytes:
    try:
        content = text.encode(charset, "replace")
    except (LookupError, UnicodeError):
        content = _encoded(text)
    if encoding == "base64":
        return base64.encodebytes(content)
    return quopri.encodestring(content) if encoding == "quoted-printable" else content


@st.composite
def _made(draw: st.DrawFn) -> bytes:
    sender, subject = draw(_odd), draw(_odd)
    return _encoded(f"From: {sender}\nSubject: {subject}\n") + b"".join(draw(_headers)) + draw(_parts())


@st.composite
def _changed(draw: st.DrawFn) -> bytes:
    """A mail of the corpus with bytes flipped, cut out, doubled, or put into it from another one."""
    raw = bytearray(draw(st.sampled_from(CORPUS)))
    for _ in range(draw(st.integers(1, 8))):
        begin = draw(st.integers(0, len(raw)))
        end = min(len(raw), begin + draw(st.integers(0, 200)))
        match draw(st.sampled_from(["flip", "cut", "double", "splice", "insert"])):
            case "flip":
                raw[begin : begin + 1] = bytes([draw(st.integers(0, 255))])
            case "cut":
                del raw[begin:end]
            case "double":
                raw[begin:begin] = raw[begin:end]
            case "splice":
                other = draw(st.sampled_from(CORPUS))
                raw[begin:end] = other[draw(st.integers(0, len(other))) :]
            case _:
                raw[begin:begin] = _encoded(draw(_odd | _lines))
    return bytes(raw)


mails = _made() | _changed() | st.binary(max_size=500)


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--seconds", type=float, default=300)
    until = time.monotonic() + asked.parse_args().seconds
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from tests.helpdesk.promises import assert_kept

    count = 0

    @settings(
        max_examples=500,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(mails, htmls)
    def each(raw: bytes, html: str) -> None:
        nonlocal count
        count += 1
        assert_kept(raw, html)

    try:
        while time.monotonic() < until:
            each()
    except Exception:
        sys.stderr.write(f"after {count} mails one breaks a promise:\n")
        raise
    sys.stdout.write(f"{count} mails, and each promise kept\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
