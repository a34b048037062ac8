"""CSV files as people have them, and files that are not CSV at all."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable

import pytest

from accounts.companies.files import sheets
from accounts.companies.files.sheets import FileRefused
from accounts.models import Company
from deploy.local.cast import HEMTJANST_ETT
from tests.accounts.loader import Loader

COLUMNS = ("name", "number")


def lines(data: bytes) -> list[tuple[int, str]]:
    rows, problems = sheets.read(data, COLUMNS, ("active",))
    assert not problems
    return [(row.line, row.cells["name"]) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends(encoding: str, delimiter: str, end: str) -> None:
    text = end.join(delimiter.join(cells) for cells in (COLUMNS, ("Hemtjänst Ett på Ö", "1"), ("Två – tre", "2")))
    assert lines(text.encode(encoding)) == [(2, "Hemtjänst Ett på Ö"), (3, "Två – tre")]


def test_a_record_is_named_by_the_line_on_which_it_begins() -> None:
    assert lines(b'name,number\n"a\nb",1\n\n,,\n"c ""d"", e",2\n') == [(2, "a\nb"), (6, 'c "d", e')]


def test_columns_may_stand_in_any_order_and_case_with_empty_ones_on_the_right() -> None:
    assert lines(b" Number ;NAME;Active;;\n1;a;ja;;\n") == [(2, "a")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "tom"),
        (b"\n\n \n", "tom"),
        (b"name,number\n", "inga rader"),
        (b"name,number\n\n,\n", "inga rader"),
        (b"name\na\n", "saknas: number"),
        (b"name,number,colour\na,1,red\n", "colour"),
        (b"name,number,\na,1,x\n", "3 kolumner"),
        (b"name,number,name\na,1,b\n", "flera"),
        (b"a,1\nb,2\n", "saknas: name, number"),
        (b"name,number\na\0,1\n", "textfil"),
        (b"PK\x03\x04 and the rest of it", "kalkylark"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and the rest", "kalkylark"),
        ("name,number\nå,1\n".encode("utf-16"), "UTF-16"),
        (b"name,number\na,1\nb\x81,2\n", "tecken"),
        (b'name,number\n"a,1\nb,2\n', "citattecken"),
        (b"name,number\na\x07,1\n", "tecken"),
        (b"name,number\n" + b"a" * 4001 + b",1\n", "4000 tecken"),
        ("name,number\nÅsa,1\n".encode() + b"V\xe5rd,2\n", "UTF-8"),
        ("\N{ZERO WIDTH NO-BREAK SPACE}name,number\n".encode() + b"V\xe5rd,2\n", "UTF-8"),
        (bytes(range(1, 256)) * 50, "tecken"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(data: bytes, words: str) -> None:
    try:
        _rows, problems = sheets.read(data, COLUMNS)
    except FileRefused as refused:
        problems = refused.problems
    assert problems
    assert words in " ".join(problem.words for problem in problems)


def test_the_line_of_what_is_wrong() -> None:
    _rows, problems = sheets.read(b'name,number\n"a\nb",1\nc\nd,2,3\ne,5\n', COLUMNS)
    assert [problem.line for problem in problems] == [4, 5]
    with pytest.raises(FileRefused) as refused:
        sheets.read(b'name,number\na,1\n"b,2\nc,3\n', COLUMNS)
    assert refused.value.problems[0].line == 3


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_line_of_the_letter_that_is_no_utf8(end: bytes) -> None:
    """Read as Windows-1252, the other lines would become ”Ã…sa”."""
    with pytest.raises(FileRefused) as refused:
        sheets.read(end.join((b"name,number", "Åsa,1".encode(), b"V\xe5rd,2")), COLUMNS)
    assert refused.value.problems[0].line == 3


def test_more_records_than_are_asked_for_are_refused() -> None:
    data = b"name,number\n" + b"a,1\n" * 11
    assert len(sheets.read(data, COLUMNS)[0]) == 11
    with pytest.raises(FileRefused, match="fler än 10 rader"):
        sheets.read(data, COLUMNS, most=10)


@pytest.mark.parametrize(
    "text", ["=1+1", "+46701740605", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "'=1", "''@", "'a", "a=b", ""]
)
def test_formulas_are_inert_and_come_back(text: str) -> None:
    """H7."""
    cell = sheets.inert(text)
    assert cell[:1] not in set("=+-@\t\r＝")
    assert sheets.original(cell) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["Vård,=1+1", "Vård, =1+1", 'Vård,"=1+1', "Vård;;@x", "a\t=1", "Vård,'=1"])
def test_no_formula_begins_in_the_middle_of_a_cell(name: str, delimiter: str) -> None:
    """H7: for who opens the file with another delimiter than ours."""
    data = sheets.write(COLUMNS, iter([["1", name], [name, "1"]]))
    cut = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    assert not [cell for row in cut for cell in row if cell.lstrip(' "')[:1] in tuple("=+-@")]
    assert sheets.original(sheets.inert(name)) == name


@pytest.mark.django_db
def test_the_command_says_what_is_wrong_with_the_file(loader: Loader) -> None:
    loader.command = "import_companies"
    said = loader.refused("namn;orgnr", f"{HEMTJANST_ETT};556677-8899")
    assert said[0].startswith("line 1: ")
    assert "name, organisation_number, directory_value" in said[0]
    assert "namn, orgnr" in said[1]
    assert loader.refused_bytes(b"\0\1\2")[-1] == "Nothing was imported. Mistakes: 1."
    assert not Company.objects.exists()


@pytest.mark.parametrize("repeated", ["\n", "\r\n", "\t", " \t", "\n ", ",", ", ", "'", '"', " ", ';\n"'], ids=repr)
@pytest.mark.parametrize("work", [sheets.original, sheets.inert])
def test_a_cell_takes_work_by_its_length_and_not_by_the_square_of_it(work: Callable[[str], str], repeated: str) -> None:
    """As many characters in cells eight times as long take as long; by the square, they would take eight times that."""

    def seconds(length: int) -> float:
        cell, cells = "x" + repeated * (length // len(repeated)) + "x", 80_000 // length
        tries = []
        for _ in range(5):
            begun = time.process_time()
            for _ in range(cells):
                work(cell)
            tries.append(time.process_time() - begun)
        return min(tries)

    assert seconds(4000) < 4 * seconds(500)
