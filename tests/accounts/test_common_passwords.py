"""Common words are refused however they are disguised, and leaked passwords by a list on disk (P2)."""

from __future__ import annotations

import hashlib
import logging
import random
import string
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.checks import run_checks
from hypothesis import assume, given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.passwords import breached, common
from accounts.passwords.common import is_common
from accounts.passwords.policy import Owner, broken_rules, sentence
from idportal.text import fold

OWN = sorted(
    word
    for line in common.OWN_WORDS.read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)
LONG_ENOUGH = [word for word in CommonPasswordValidator().passwords if len(fold(word)) >= common.SHORTEST]
WORDS = sorted({*OWN, *LONG_ENOUGH})
INSTEAD = {"o": "0", "i": "1", "l": "1", "e": "3", "a": "4@", "s": "5$"}
AROUND = st.text(alphabet=string.digits + string.punctuation + " ", max_size=12)

PASSPHRASES = (
    "Vinter-Skog-15",
    "Tallkotte-7-Stig",
    "Gammal-Bro-11",
    "Havre-Gryn-60",
    "Lugn-Telefon-24",
    "Nyckel-Knippa-99",
)


def broken(password: str) -> list[str]:
    return [rule.key for rule in broken_rules(password, Owner("lovanber11", "Anna", "Berg", "Hemtjänst Ett AB"))]


@pytest.mark.parametrize(
    "password",
    [
        "Sommar2026!",
        "Losen123",
        "P@ssw0rd1",
        "Welcome2026!",
        "Sverige123",
        "Fotboll123",
        "Kalle123",
        "Passord123!",
    ],
)
def test_p2_a_common_word_with_a_number_is_refused(password: str) -> None:
    assert broken(password) == ["common"]
    assert "vanligt ord" in sentence("common")


@pytest.mark.parametrize(
    "password",
    [
        "2026-Sommar",
        "$ommar2026!",
        "!!5OMM4R!!",
        "H3j$an-12",
        "Abc123!!",
        "Maandag2026",
        "Mandag-26!",
        "Loerdag 1!",
        "L0senord1!",
        "KalleKalle1",
        "Kalle-kalle-12",
        "Sommar2026Sommar2026",
        "P@ssw0rdP@ssw0rd1",
        "\uff33ommar2026!",  # a full-width S
    ],
)
def test_p2_so_is_each_other_dress(password: str) -> None:
    assert "common" in broken(password)


@pytest.mark.parametrize("password", [*PASSPHRASES, "Xk7%qw2z", "Blasippa7%", "SommarRegn-4", "7%B-444555"])
def test_p2_a_password_that_only_contains_a_common_word_is_accepted(password: str) -> None:
    assert broken(password) == []


def test_p2_swedish_words_of_each_kind_are_in_the_list() -> None:
    for word in ("sommar", "oktober", "tisdag", "tjena", "innebandy", "Lindesberg", "Torbjörn", "häcken", "katten"):
        assert is_common(f"{word}2026"), word


@given(st.sampled_from(WORDS), AROUND, AROUND, st.randoms(use_true_random=False))
def test_p2_no_dress_hides_a_common_word(word: str, before: str, after: str, chance: random.Random) -> None:
    dressed = "".join(chance.choice([each, each.upper(), *INSTEAD.get(each, "")]) for each in fold(word))
    assume(any(each.isalpha() for each in dressed))  # digits and signs alone are too few kinds
    assert is_common(before + dressed + after)


@given(
    st.sampled_from([word for word in OWN if len(fold(word)) >= common.SHORTEST]),
    st.integers(2, 4),
    st.sampled_from(["", "-", "2026", "!"]),
    AROUND,
)
def test_p2_a_word_several_times_is_that_word(word: str, times: int, between: str, after: str) -> None:
    assert is_common(between.join([word] * times) + after)


@given(st.sampled_from(OWN), st.sampled_from(OWN), st.sampled_from("-_. "), AROUND)
def test_p2_two_different_words_are_no_common_one(one: str, two: str, between: str, after: str) -> None:
    assume(fold(one) not in fold(two) and fold(two) not in fold(one))
    joined = f"{one}{between}{two}"
    assume(joined not in WORDS)
    assert not is_common(joined + after)


@given(st.text(max_size=256))
def test_any_text_is_undressed(password: str) -> None:
    assert is_common(password) in (True, False)


@pytest.mark.parametrize("password", ["\ufdfa" * 256, "1" * 128 + "a" + "1" * 127, "ab" * 128, "a-" * 128])
def test_no_text_takes_long(password: str) -> None:
    is_common("first use reads the lists")
    begun = time.process_time()
    is_common(password)
    assert time.process_time() - begun < 0.5


def test_many_threads_at_once_read_the_lists_once() -> None:
    """Each would take megabytes, which the process keeps."""
    common._words.cache_clear()
    with (
        mock.patch("accounts.passwords.common.CommonPasswordValidator", wraps=CommonPasswordValidator) as reader,
        ThreadPoolExecutor(8) as threads,
    ):
        assert all(threads.map(is_common, ["Sommar2026!"] * 8))
    reader.assert_called_once()


# --- Leaked passwords ----------------------------------------------------------------------------


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


LEAKED = [f"Leaked-{number}-Word" for number in range(500)]


def written(folder: Path, lines: list[str], end: str = "\n") -> str:
    file = folder / "leaked.txt"
    file.write_bytes("".join(f"{line}{end}" for line in lines).encode())
    return str(file)


@pytest.fixture(params=["HASH:COUNT", "with carriage returns", "HASH", "lower case"])
def leaked(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> None:
    """A list of leaked passwords in each form."""
    hashes = sorted(map(sha1, LEAKED))
    if request.param in ("HASH:COUNT", "with carriage returns"):
        hashes = [f"{each}:{10 ** (place % 7)}" for place, each in enumerate(hashes)]
    if request.param == "lower case":
        hashes = [each.lower() for each in hashes]
    end = "\r\n" if request.param == "with carriage returns" else "\n"
    settings.PASSWORD_BREACHED_FILE = written(tmp_path, hashes, end)


@pytest.mark.usefixtures("leaked")
def test_p2_a_leaked_password_is_refused_and_no_other() -> None:
    assert [password for password in LEAKED if broken(password) != ["breached"]] == []
    assert [password for password in LEAKED if broken(f"{password}!") != []] == []
    assert [*map(broken, PASSPHRASES)] == [[]] * len(PASSPHRASES)
    assert breached.problem() == ""


@given(st.lists(st.binary(min_size=20, max_size=20), max_size=30, unique=True), st.binary(min_size=20, max_size=20))
def test_p2_each_line_of_a_list_is_found(
    tmp_path_factory: pytest.TempPathFactory, hashes: list[bytes], another: bytes
) -> None:
    """By halves, in lines of any length, the first and the last as well."""
    lines = [f"{each.hex().upper()}:{int.from_bytes(each[:4]) % 10 ** (each[0] % 9 + 1)}" for each in sorted(hashes)]
    file = tmp_path_factory.mktemp("list") / "leaked.txt"
    file.write_text("\n".join(lines))
    with file.open("rb") as opened:
        for place, each in enumerate(sorted(hashes)):
            assert breached._place(opened, each.hex().upper().encode()) == len("\n".join([*lines[:place], ""]))
        after = sum(each < another for each in hashes)
        end = len("\n".join(lines))
        found = breached._place(opened, another.hex().upper().encode())
        assert found == (len("\n".join([*lines[:after], ""])) if after < len(lines) else end)


def test_p2_without_a_list_nothing_is_asked(settings: Settings) -> None:
    assert settings.PASSWORD_BREACHED_FILE == ""
    assert broken(LEAKED[0]) == []


def test_p2_a_list_that_is_gone_refuses_nothing_and_is_an_error_in_the_log(
    tmp_path: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody may be kept out at night because of a file. The other rules hold."""
    settings.PASSWORD_BREACHED_FILE = str(tmp_path / "gone.txt")
    assert broken(LEAKED[0]) == []
    assert broken("Sommar2026!") == ["common"]
    assert [(record.levelno, "PASSWORD_BREACHED_FILE" in record.message) for record in caplog.records] == [
        (logging.ERROR, True)
    ]
    assert LEAKED[0] not in caplog.text
    assert sha1(LEAKED[0]) not in caplog.text


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "is empty"),
        (["Sommar2026!"], "no SHA-1"),
        (["0" * 32], "no SHA-1"),
        (["x" * 10_000], "no SHA-1"),
        (["2" * 40, "1" * 40], "not sorted"),
        ([f"{number:040X}:1" for number in [*range(5_000), *range(5_000)]], "not sorted"),
    ],
)
def test_p2_a_list_that_would_find_nothing_is_an_error_of_check(
    lines: list[str], words: str, tmp_path: Path, settings: Settings
) -> None:
    settings.PASSWORD_BREACHED_FILE = written(tmp_path, lines)
    [found] = [each for each in run_checks() if each.id == "accounts.E002"]
    assert words in found.msg


def test_p2_a_list_that_is_not_there_is_an_error_of_check(tmp_path: Path, settings: Settings) -> None:
    settings.PASSWORD_BREACHED_FILE = str(tmp_path / "gone.txt")
    assert "accounts.E002" in [each.id for each in run_checks()]
    settings.PASSWORD_BREACHED_FILE = written(tmp_path, sorted(map(sha1, LEAKED)))
    assert "accounts.E002" not in [each.id for each in run_checks()]
