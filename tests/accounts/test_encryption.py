"""What is encrypted in the database, with which key, and what becomes of it when keys change (security.md X1)."""

from __future__ import annotations

import pytest
from cryptography.fernet import InvalidToken
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import Challenge, Phone, Purpose, User
from accounts.privacy import encryption
from accounts.privacy.encryption import digest, sealed

NUMBER = "+46701740605"
KEY, NEWER, NEWEST = ("the first key, as long as keys are" * 2, "the second key" * 5, "the third key" * 5)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_key(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS, settings.ENCRYPTION_KEYS = KEY, [], []


def stored(table: str, column: str) -> str:
    """What stands in the database itself, of the only row."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        rows = cursor.fetchall()
    assert len(rows) == 1
    return str(rows[0][0])


def register(number: str = NUMBER) -> Phone:
    user = User.objects.create(directory_id="7f0c1a52-0469-4c30-8f6e-000000000001", username="lovstlin32")
    return Phone.objects.create(user=user, number=number, number_digest=digest(number, "number"))


def number_on_file() -> str:
    number: str = Phone.objects.get().number
    return number


# --- What stands in the database -----------------------------------------------------------------


def test_a_number_is_ciphertext_in_its_row() -> None:
    register()
    assert number_on_file() == NUMBER
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_phone")
        row = " ".join(str(value) for value in cursor.fetchone() or ())
    assert "701740605" not in row
    assert stored("accounts_phone", "number").startswith("1.")


def test_the_same_number_is_another_ciphertext_each_time() -> None:
    phone = register()
    first = stored("accounts_phone", "number")
    phone.save()
    assert stored("accounts_phone", "number") != first
    assert number_on_file() == NUMBER


def test_what_is_typed_as_user_name_is_ciphertext_too() -> None:
    """Some type a password there."""
    Challenge.objects.create(
        purpose=Purpose.RESET, language="sv", username="canary-password", number=NUMBER, address=None
    )
    assert "canary" not in stored("accounts_challenge", "username")
    assert "701740605" not in stored("accounts_challenge", "number")
    challenge = Challenge.objects.get()
    assert (challenge.username, challenge.number) == ("canary-password", NUMBER)


def test_nothing_stays_nothing() -> None:
    Challenge.objects.create(purpose=Purpose.RESET, language="sv", address=None)
    assert stored("accounts_challenge", "number") == ""
    assert Challenge.objects.get().number == ""


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=100))
def test_any_text_comes_back(text: str) -> None:
    held = sealed(Challenge(purpose=Purpose.RESET, username=text), "username")["username"]
    assert Challenge(purpose=Purpose.RESET, username=held).username == text


def test_a_number_cannot_be_changed_in_its_row_unnoticed() -> None:
    register()
    ciphertext = stored("accounts_phone", "number")
    middle = len(ciphertext) // 2
    other = "A" if ciphertext[middle] != "A" else "B"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_phone SET number = %s", [ciphertext[:middle] + other + ciphertext[middle + 1 :]]
        )
    with pytest.raises(InvalidToken):
        number_on_file()


@pytest.mark.parametrize("value", ["+46701740605", "gAAAAA", "1.", "1.AAAA", "1.å", "1." + "A" * 60, "junk"])
def test_what_was_never_encrypted_is_not_taken_for_a_number(value: str) -> None:
    register()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_phone SET number = %s", [value])
    with pytest.raises(InvalidToken):
        number_on_file()


def test_what_was_written_before_there_was_this_form_is_read_and_written_anew(settings: Settings) -> None:
    """It was Fernet, with a key for each context."""
    phone = register()
    context = Phone._meta.get_field("number").context(phone)
    earlier = encryption._earlier_cipher(context, KEY).encrypt(NUMBER.encode()).decode()
    assert earlier.startswith("gAAAA"), "version 128"
    Phone.objects.update(number=encryption.Ciphertext(earlier))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEWER, [KEY]
    assert number_on_file() == NUMBER
    call_command("rotate_keys")
    assert stored("accounts_phone", "number").startswith("1.")
    assert number_on_file() == NUMBER
    other = encryption._earlier_cipher("another row", KEY).encrypt(NUMBER.encode()).decode()
    Phone.objects.update(number=encryption.Ciphertext(other))
    with pytest.raises(InvalidToken):
        number_on_file()


# --- Keys ----------------------------------------------------------------------------------------


def test_a_key_that_is_not_known_opens_nothing(settings: Settings) -> None:
    register()
    settings.SECRET_KEY = NEWER
    with pytest.raises(InvalidToken):
        number_on_file()


def test_an_earlier_secret_key_still_opens(settings: Settings) -> None:
    register()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEWER, [KEY]
    assert number_on_file() == NUMBER


def test_an_earlier_encryption_key_still_opens(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [NEWER]
    register()
    settings.ENCRYPTION_KEYS = [NEWEST, NEWER]
    assert number_on_file() == NUMBER
    settings.ENCRYPTION_KEYS = [NEWEST]
    with pytest.raises(InvalidToken):
        number_on_file()


def test_with_keys_of_their_own_numbers_do_not_depend_on_the_secret_key(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [NEWER]
    register()
    settings.SECRET_KEY = NEWEST
    assert number_on_file() == NUMBER


def test_numbers_move_from_the_secret_key_to_keys_of_their_own(settings: Settings) -> None:
    register()
    settings.ENCRYPTION_KEYS = [NEWER, KEY]
    assert number_on_file() == NUMBER
    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [NEWER]
    assert number_on_file() == NUMBER


def test_what_is_written_is_written_with_the_newest_key(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEWER, [KEY]
    register()
    settings.SECRET_KEY_FALLBACKS = []
    assert number_on_file() == NUMBER


# --- rotate_keys ---------------------------------------------------------------------------------


def test_after_rotation_the_earlier_key_may_go(settings: Settings) -> None:
    register()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEWER, [KEY]
    call_command("rotate_keys")
    settings.SECRET_KEY_FALLBACKS = []
    assert number_on_file() == NUMBER
    assert Phone.objects.get().number_digest == digest(NUMBER, "number")


def test_after_rotation_a_person_in_the_middle_of_a_reset_meets_no_error(settings: Settings) -> None:
    """Sessions outlive ENCRYPTION_KEYS; what the session has under way must be readable, or be gone."""
    settings.ENCRYPTION_KEYS = [NEWER]
    register()
    Challenge.objects.create(purpose=Purpose.RESET, language="sv", address=None, username="lovstlin32")
    settings.ENCRYPTION_KEYS = [NEWEST, NEWER]
    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [NEWEST]
    assert [challenge.username for challenge in Challenge.objects.all()] in (["lovstlin32"], [""], [])


def test_without_the_key_nothing_is_rotated_and_it_says_why(settings: Settings) -> None:
    register()
    before = stored("accounts_phone", "number")
    settings.SECRET_KEY = NEWER
    with pytest.raises(CommandError, match=r"key that is not set\. Nothing was changed\."):
        call_command("rotate_keys")
    assert stored("accounts_phone", "number") == before


# --- Digests -------------------------------------------------------------------------------------


def test_equal_values_have_equal_digests_and_others_have_not() -> None:
    assert digest(NUMBER, "number") == digest(NUMBER, "number")
    assert digest(NUMBER, "number") != digest("+46701740606", "number")
    assert digest("a", "code") == digest("a", "code")
    assert digest("a", "code") != digest("b", "code")
    assert digest("", "code")


def test_digests_of_the_same_value_differ_by_purpose() -> None:
    """Who sees a code's digest learns nothing of where else the same digits stand."""
    assert len({digest("012345", purpose) for purpose in ("number", "code", "name", "")}) == 4


def test_digests_cannot_be_made_without_the_key(settings: Settings) -> None:
    """Six digits would be tried through in a second."""
    first = digest("012345", "code")
    settings.SECRET_KEY = NEWER
    second = digest("012345", "code")
    settings.ENCRYPTION_KEYS = [NEWEST]
    assert len({first, second, digest("012345", "code")}) == 3
    assert len(first) == 64
    assert "012345" not in first
