"""CSV files: read from Excel or other programs in any common encoding; written so that no cell is a formula."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

LONGEST_CELL = 4000  # characters; no register needs more
DELIMITERS = ",;\t"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Most Latin letters beyond ASCII in UTF-8. In Windows-1252 the bytes would be Ã and a character after it.
_UTF8_LETTER = re.compile(rb"[\xc2\xc3][\x80-\xbf]")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_OTHER_FILES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls

# A formula of Excel, LibreOffice or Google Sheets begins with these characters, also in full width; some programs drop
# a tab or line end before it. An apostrophe in front makes the cell a text, so a cell with one gets another. With
# another delimiter, cells begin in the middle of ours, even if they are quoted (security.md H7).
_BEGINNING = r"(^|[,;\t\r\n][\s\"]*)"
_CHARACTER = r"('*[=+\-@＝＋－＠\t\r\n])"
_FORMULA = re.compile(_BEGINNING + _CHARACTER)
# Matches each beginning once, with an apostrophe or without: one that began anew at each line end of a long row of them
# would take the square of its length.
_INERT = re.compile(r"(^(?=')|[,;\t\r\n][\s\"]*+)(?:'" + _CHARACTER + ")?")


class Problem(NamedTuple):
    """A mistake. ``line``: where the record begins in the file; None: the mistake is the file's."""

    line: int | None
    words: str


class FileRefused(ValueError):
    """The file can't be read, or has the wrong columns."""

    def __init__(self, *words: str, line: int | None = None) -> None:
        super().__init__(words[0])
        self.problems = [Problem(line, each) for each in words]


class SheetRow(NamedTuple):
    """One record: the line on which it begins, and its cells by column."""

    line: int
    cells: dict[str, str]


def read(
    data: bytes, columns: Sequence[str], optional: Sequence[str] = (), *, most: int | None = None
) -> tuple[list[SheetRow], list[Problem]]:
    """The records of a CSV file, and its broken lines. Raises FileRefused.

    UTF-8 with or without a byte-order mark, else Windows-1252; comma, semicolon or tab; all of ``columns`` once, in
    any order, ``optional`` ones at most once, no others. Empty lines are skipped. A file with more records than
    ``most`` is refused.
    """
    text = _text(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, columns), strict=True)
    records = _records(reader)
    _line, header = next(records, (1, []))
    if not header:
        raise FileRefused(_("Filen är tom."))
    names = [" ".join(name.split()).lower() for name in header]
    while not names[-1]:
        names.pop()  # Excel's empty columns on the right
    _check_columns(names, columns, optional)
    rows: list[SheetRow] = []
    problems: list[Problem] = []
    for at, (line, record) in enumerate(records):
        if most is not None and at >= most:
            raise FileRefused(_("Filen har fler än %(most)d rader. Dela upp den i flera.") % {"most": most})
        if wrong := _mistake(record, names):
            problems.append(Problem(line, wrong))
        else:
            tidy = (original(cell).strip() for cell in record)
            rows.append(SheetRow(line, dict(zip(names, tidy, strict=False))))
    if not rows and not problems:
        raise FileRefused(_("Filen har inga rader under rubrikraden."))
    return rows, problems


def _text(data: bytes) -> str:
    if data.startswith(_OTHER_FILES):
        raise FileRefused(_("Det är ett kalkylark, ingen CSV-fil. Spara det som ”CSV UTF-8” och försök igen."))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused(_("Filen är sparad som UTF-16. Spara den som ”CSV UTF-8” och försök igen."))
    if b"\0" in data:
        raise FileRefused(_("Det är ingen textfil. Välj en CSV-fil."))
    plain = data.removeprefix(codecs.BOM_UTF8)
    try:
        return plain.decode()
    except UnicodeDecodeError as error:
        if plain != data or _UTF8_LETTER.search(data):  # read as Windows-1252, its right letters would become wrong
            words = _(
                "Filen är UTF-8, men där finns ett tecken som är sparat på annat vis. Skriv om raden, spara filen som "
                "”CSV UTF-8” och försök igen."
            )
            raise FileRefused(words, line=_line_of(error.start, plain)) from error
    try:
        return data.decode("cp1252")  # Swedish Excel's plain "CSV"
    except UnicodeDecodeError as error:
        words = _("Där finns tecken som inte går att läsa. Spara filen som ”CSV UTF-8” och försök igen.")
        raise FileRefused(words, line=_line_of(error.start, data)) from error


def _line_of(at: int, data: bytes) -> int:
    return len(_LINE_END.findall(data, 0, at)) + 1


def _delimiter(text: str, columns: Sequence[str]) -> str:
    """The delimiter that gives the most known columns in the first line, else the most columns."""
    first = next((line for line in text.splitlines() if line.strip()), "")

    def merit(delimiter: str) -> tuple[int, int]:
        parts = [part.strip(' "').lower() for part in first.split(delimiter)]
        return len(set(parts) & set(columns)), len(parts)

    return max(DELIMITERS, key=merit)


def _records(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """The records that are not empty, each with the line on which it begins."""
    line = 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        words = _("Raden går inte att läsa. Kontrollera att varje citattecken har ett som avslutar det.")
        raise FileRefused(words, line=line) from error


def _check_columns(names: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> None:
    problems = []
    wanted = ", ".join(columns)
    if missing := ", ".join(name for name in columns if name not in names):
        words = _("Kolumner saknas: %(missing)s. Första raden ska vara: %(wanted)s.")
        problems.append(words % {"missing": missing, "wanted": wanted})
    known = [name for name in names if name in columns or name in optional]
    if unknown := [name for name in dict.fromkeys(names) if name not in known]:
        shown = ", ".join(name[:40] or "”” (" + _("utan rubrik") + ")" for name in unknown[:10])
        words = _("Okända kolumner: %(unknown)s. Första raden ska vara: %(wanted)s.")
        problems.append(words % {"unknown": shown, "wanted": wanted})
    if twice := ", ".join(name for name in dict.fromkeys(known) if known.count(name) > 1):
        problems.append(_("Kolumner som står flera gånger: %s.") % twice)
    if problems:
        raise FileRefused(*problems, line=1)


def _mistake(record: Sequence[str], names: Sequence[str]) -> str:
    if len(record) < len(names) or any(cell.strip() for cell in record[len(names) :]):
        words = _("Raden har %(found)d kolumner, den ska ha %(wanted)d.")
        return words % {"found": len(record), "wanted": len(names)}
    if any(len(cell) > LONGEST_CELL for cell in record):
        return _("Raden har en ruta med fler än %(most)d tecken. Korta den.") % {"most": LONGEST_CELL}
    if any(_CONTROL.search(cell) for cell in record):
        return _("Raden har tecken som inte går att skriva ut. Ta bort dem.")
    return ""


def write(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file for Swedish Excel and for :func:`read`: UTF-8 with a byte-order mark, semicolons, all cells quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def inert(text: str) -> str:
    """Puts an apostrophe before everything that a spreadsheet could take for a formula."""
    return _FORMULA.sub(r"\1'\2", text)


def original(cell: str) -> str:
    """The reverse of :func:`inert`."""
    return _INERT.sub(r"\1\2", cell)
