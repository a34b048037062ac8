"""CSV files from Excel, in any of its encodings, or from another program."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.companies.files import cells

LARGEST = 2 * 1024 * 1024  # bytes: ten times 4,000 orderers; it is read into memory
LONGEST_CELL = 4000  # characters; no register needs more
DELIMITERS = ",;\t"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Most Latin letters beyond ASCII in UTF-8. In Windows-1252 the bytes would be Ã and a character after it.
_UTF8_LETTER = re.compile(rb"[\xc2\xc3][\x80-\xbf]")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_OTHER_FILES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake. ``line``: where the record begins in the file; None: the mistake is the file's."""

    line: int | None
    words: str


class FileRefused(ValueError):
    """The file can't be read, or has the wrong columns."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].words)
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One record: the line on which it begins, and its cells by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The records of a file, and its broken lines."""

    rows: list[SheetRow]
    problems: list[Problem]


def read(data: bytes, columns: Sequence[str], optional: Sequence[str] = (), *, most: int | None = None) -> Sheet:
    """The records of a CSV file. Raises FileRefused if it is no such file, or has the wrong columns.

    UTF-8 with or without a byte-order mark, else Windows-1252; comma, semicolon or tab; all of ``columns`` once, in
    any order, ``optional`` ones at most once, no others. Empty lines are skipped. A file with more records than
    ``most`` is refused.
    """
    text = _text(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, columns), strict=True)
    records = _records(reader)
    try:
        _line, header = next(records)
    except StopIteration:
        raise FileRefused(Problem(None, _("Filen är tom."))) from None
    names = [" ".join(name.split()).lower() for name in header]
    while not names[-1]:
        names.pop()  # Excel's empty columns on the right
    _check_columns(names, columns, optional)
    rows: list[SheetRow] = []
    problems: list[Problem] = []
    for at, (line, record) in enumerate(records):
        if most is not None and at >= most:
            words = _("Filen har fler än %(most)d rader. Dela upp den i flera.") % {"most": most}
            raise FileRefused(Problem(None, words))
        if wrong := _mistake(record, names):
            problems.append(Problem(line, wrong))
        else:
            tidy = (cells.original(cell).strip() for cell in record)
            rows.append(SheetRow(line, dict(zip(names, tidy, strict=False))))
    if not rows and not problems:
        raise FileRefused(Problem(None, _("Filen har inga rader under rubrikraden.")))
    return Sheet(rows, problems)


def _text(data: bytes) -> str:
    if data.startswith(_OTHER_FILES):
        raise FileRefused(
            Problem(None, _("Det är ett kalkylark, ingen CSV-fil. Spara det som ”CSV UTF-8” och försök igen."))
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused(Problem(None, _("Filen är sparad som UTF-16. Spara den som ”CSV UTF-8” och försök igen.")))
    if b"\0" in data:
        raise FileRefused(Problem(None, _("Det är ingen textfil. Välj en CSV-fil.")))
    plain = data.removeprefix(codecs.BOM_UTF8)
    try:
        return plain.decode()
    except UnicodeDecodeError as error:
        if plain != data or _UTF8_LETTER.search(data):  # read as Windows-1252, its right letters would become wrong
            words = _(
                "Filen är UTF-8, men där finns ett tecken som är sparat på annat vis. Skriv om raden, spara filen som "
                "”CSV UTF-8” och försök igen."
            )
            raise FileRefused(Problem(_line_of(error.start, plain), words)) from error
    try:
        return data.decode("cp1252")  # Swedish Excel's plain "CSV"
    except UnicodeDecodeError as error:
        words = _("Där finns tecken som inte går att läsa. Spara filen som ”CSV UTF-8” och försök igen.")
        raise FileRefused(Problem(_line_of(error.start, data), words)) from error


def _line_of(at: int, data: bytes) -> int:
    return len(_LINE_END.findall(data, 0, at)) + 1


def _delimiter(text: str, columns: Sequence[str]) -> str:
    """The delimiter that gives the most known columns in the first line, else the most columns."""
    first = next((line for line in text.splitlines() if line.strip()), "")

    def merit(delimiter: str) -> tuple[int, int]:
        parts = [part.strip(' "').lower() for part in first.split(delimiter)]
        return len(set(parts) & set(columns)), len(parts)

    return max(DELIMITERS, key=merit)


def _records(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The records that are not empty, each with the line on which it begins."""
    line = 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            words = _("Raden går inte att läsa. Kontrollera att varje citattecken har ett som avslutar det.")
            raise FileRefused(Problem(line, words)) from error
        if any(cell.strip() for cell in record):
            yield line, record
        line = reader.line_num + 1  # type: ignore[attr-defined]


def _check_columns(names: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> None:
    problems = []
    wanted = ", ".join(columns)
    if missing := [name for name in columns if name not in names]:
        problems.append(
            _("Kolumner saknas: %(missing)s. Första raden ska vara: %(wanted)s.")
            % {"missing": ", ".join(missing), "wanted": wanted}
        )
    if unknown := [name for name in dict.fromkeys(names) if name not in columns and name not in optional]:
        shown = ", ".join(name[:40] or "”” (" + _("utan rubrik") + ")" for name in unknown[:10])
        problems.append(
            _("Okända kolumner: %(unknown)s. Första raden ska vara: %(wanted)s.") % {"unknown": shown, "wanted": wanted}
        )
    known = [name for name in names if name in columns or name in optional]
    if twice := [name for name in dict.fromkeys(known) if known.count(name) > 1]:
        problems.append(_("Kolumner som står flera gånger: %s.") % ", ".join(twice))
    if problems:
        raise FileRefused(*(Problem(1, words) for words in problems))


def _mistake(record: Sequence[str], names: Sequence[str]) -> str:
    if len(record) < len(names) or any(cell.strip() for cell in record[len(names) :]):
        return _("Raden har %(found)d kolumner, den ska ha %(wanted)d.") % {
            "found": len(record),
            "wanted": len(names),
        }
    if any(len(cell) > LONGEST_CELL for cell in record):
        return _("Raden har en ruta med fler än %(most)d tecken. Korta den.") % {"most": LONGEST_CELL}
    if any(_CONTROL.search(cell) for cell in record):
        return _("Raden har tecken som inte går att skriva ut. Ta bort dem.")
    return ""


def write(columns: Sequence[str], rows: Iterator[Sequence[str]]) -> bytes:
    """A CSV file for Swedish Excel and for :func:`read`: UTF-8 with a byte-order mark, semicolons, all cells quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([cells.inert(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
