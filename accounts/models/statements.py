"""What each reset asks of these tables and notes in them, in SQL. Tables, columns and locks are those of the models."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from django.apps import apps

from accounts import limits
from idportal.runtime.written_sql import Shape, change, for_update, rows

# As long as fewer wrong codes than a day may have. Its values: whose, of which kind, since when, of known browsers.
_FEWER_WRONG_CODES = f"""NOT EXISTS (
    SELECT 1 FROM accounts_failedtry WHERE subject = %s AND kind = %s AND at > %s AND known = %s
    LIMIT 1 OFFSET {limits.CODE_FAILURES_A_DAY - 1}
)"""  # noqa: S608  a number of ours


@cache
def _shape(model: str, without: tuple[str, ...] = ()) -> Shape[Any]:
    return Shape(apps.get_model("accounts", model), without)


# People


def lock_user(directory_id: str) -> Any:
    """The record of an account, for which others wait until the transaction ends; None if there is none."""
    user = _shape("User")
    sql = f"SELECT {user.columns} FROM accounts_user WHERE directory_id = %s"  # noqa: S608
    for row in rows(sql + for_update("accounts_user"), [directory_id]):
        return user.of(row)[0]
    return None


def lock_user_with_phone(directory_id: str) -> Any:
    """As ``lock_user``, with its number, which is locked, too; None also without a number.

    PostgreSQL would else keep a number that is stopped while this waits.
    """
    user, phone = _shape("User"), _shape("Phone")
    sql = f"""
        SELECT {user.columns}, {phone.columns}
        FROM accounts_user JOIN accounts_phone ON accounts_phone.user_id = accounts_user.id
        WHERE directory_id = %s"""  # noqa: S608
    for row in rows(sql + for_update("accounts_user", "accounts_phone"), [directory_id]):
        found, rest = user.of(row)
        if found:
            found.phone = phone.of(rest)[0]
        return found
    return None


def read_phone(user: int) -> Any:
    """The number of a user; None if there is none."""
    phone = _shape("Phone")
    for row in rows(f"SELECT {phone.columns} FROM accounts_phone WHERE user_id = %s", [user]):  # noqa: S608
        return phone.of(row)[0]
    return None


def end_sessions(user: int) -> None:
    """Raises the epoch that the sessions of a user were begun in."""
    change("UPDATE accounts_user SET session_epoch = session_epoch + 1 WHERE id = %s", [user])


# Challenges


def lock_challenge(pk: int) -> Any:
    """A challenge, sealed and with its user, for which others wait until the transaction ends."""
    return _challenge("accounts_challenge.id = %s", [pk], sealed=True, lock=True)


def read_sealed_challenge(pk: int, purpose: str) -> Any:
    """A challenge with its user, and without what is encrypted."""
    return _challenge("accounts_challenge.id = %s AND purpose = %s", [pk, purpose], sealed=True)


def read_challenge(pk: int, purpose: str) -> Any:
    """A challenge with its user."""
    return _challenge("accounts_challenge.id = %s AND purpose = %s", [pk, purpose])


def _challenge(where: str, values: Sequence[Any], *, sealed: bool = False, lock: bool = False) -> Any:
    challenge, user = _shape("Challenge", ("username", "number") if sealed else ()), _shape("User")
    sql = f"""
        SELECT {challenge.columns}, {user.columns}
        FROM accounts_challenge LEFT JOIN accounts_user ON accounts_user.id = accounts_challenge.user_id
        WHERE {where}"""  # noqa: S608
    for row in rows(sql + for_update("accounts_challenge") if lock else sql, values):
        found, rest = challenge.of(row)
        if found:
            found.user = user.of(rest)[0]
        return found
    return None


def read_challenge_to_send(pk: int) -> Any:
    """A challenge with its user or orderer."""
    challenge, user, orderer = _shape("Challenge"), _shape("User"), _shape("Orderer")
    sql = f"""
        SELECT {challenge.columns}, {user.columns}, {orderer.columns}
        FROM accounts_challenge
        LEFT JOIN accounts_user ON accounts_user.id = accounts_challenge.user_id
        LEFT JOIN accounts_orderer ON accounts_orderer.id = accounts_challenge.orderer_id
        WHERE accounts_challenge.id = %s"""  # noqa: S608
    for row in rows(sql, [pk]):
        found, rest = challenge.of(row)
        if found:
            found.user, rest = user.of(rest)
            found.orderer = orderer.of(rest)[0]
        return found
    return None


def give_code(pk: int, of: dict[str, Any], own: dict[str, Any]) -> bool:
    """Gives an open challenge its code and what the look-up found (``own``); False if it was ended meanwhile.

    ``of``: the purpose, user and orderer whose earlier codes end. A code of a known browser ends all of them. One of a
    stranger ends strangers' alone (D1): False is less.
    """
    others = {name: "''" if name == "token" else name for name in own}
    columns = ", ".join(f"{name} = CASE WHEN id = %s THEN %s ELSE {others[name]} END" for name in own)
    sql = f"""
        UPDATE accounts_challenge SET {columns}
        WHERE verified_at IS NULL AND ended_at IS NULL
          AND (id = %s OR ((user_id = %s OR orderer_id = %s) AND purpose = %s AND known <= %s))
        RETURNING id"""  # noqa: S608
    values = [each for value in own.values() for each in (pk, value)]
    values += [pk, of["user"], of["orderer"], of["purpose"], own["known"]]
    return (pk,) in map(tuple, rows(sql, values))


def spend_code(pk: int, wrong: Sequence[Any], now: datetime) -> bool:
    """Marks a challenge's code as accepted, unless a day's number of wrong ones (``WrongCodes``) came before it."""
    sql = f"""
        UPDATE accounts_challenge SET token = '', valid_until = %s, verified_at = %s
        WHERE {_FEWER_WRONG_CODES} AND id = %s"""  # noqa: S608
    return change(sql, [now, now, *wrong, pk]) == 1


def count_failure(pk: int) -> None:
    """Counts one wrong try of a challenge's code."""
    change("UPDATE accounts_challenge SET failures = failures + 1 WHERE id = %s", [pk])


def claim_right(pk: int, now: datetime, since: datetime, until: datetime) -> bool:
    """Takes a challenge's right to set a password, until a time, for one write; False if it is taken or over."""
    sql = """
        UPDATE accounts_challenge SET setting_until = %s
        WHERE id = %s AND ended_at IS NULL AND refusals < %s AND verified_at > %s
          AND (setting_until IS NULL OR setting_until < %s)"""
    return change(sql, [until, pk, limits.PASSWORD_REFUSALS, since, now]) == 1


def end_challenges(user: int, now: datetime) -> None:
    """Ends a user's open challenges."""
    sql = "UPDATE accounts_challenge SET ended_at = %s, token = '' WHERE user_id = %s AND ended_at IS NULL"
    change(sql, [now, user])


# Counts


def lock_quota(digest: str, purpose: str) -> Any:
    """A number's quota, for which others wait until the transaction ends; None if there is none."""
    quota = _shape("SendQuota")
    sql = f"SELECT {quota.columns} FROM accounts_sendquota WHERE digest = %s AND purpose = %s"  # noqa: S608
    for row in rows(sql + for_update("accounts_sendquota"), [digest, purpose]):
        return quota.of(row)[0]
    return None


def add_quota(digest: str, purpose: str, sent: list[float]) -> int | None:
    """The key of a new quota; None if there is one already."""
    sql = """
        INSERT INTO accounts_sendquota (digest, purpose, sent, failed) VALUES (%s, %s, %s, %s)
        ON CONFLICT DO NOTHING RETURNING id"""
    return next((key for [key] in rows(sql, [digest, purpose, sent, []])), None)


def note_sent(pk: int, sent: list[float], failed: list[float]) -> None:
    """Writes the times of a quota."""
    change("UPDATE accounts_sendquota SET sent = %s, failed = %s WHERE id = %s", [sent, failed, pk])


def take_sms_of_day(day: date, most: int, wrong: Sequence[Any]) -> int:
    """Counts one SMS of the day and returns how many there were with it.

    0: the day has no row, its share is used up, or there were too many wrong codes (``WrongCodes``).
    """
    sql = f"""
        UPDATE accounts_smsday SET sent = sent + 1
        WHERE {_FEWER_WRONG_CODES} AND day = %s AND sent < %s
        RETURNING sent"""  # noqa: S608
    return next((sent for [sent] in rows(sql, [*wrong, day, most])), 0)


def count_tries(subject: str, kind: str, since: datetime, known: bool) -> int:
    """How many tries failed."""
    sql = "SELECT COUNT(*) FROM accounts_failedtry WHERE subject = %s AND kind = %s AND at > %s AND known = %s"
    [[count]] = rows(sql, [subject, kind, since, known])
    return int(count)


def forget_wrong_passwords(subject: str) -> None:
    """Forgets the passwords that the directory has called wrong."""
    sql = "DELETE FROM accounts_failedtry WHERE subject = %s AND kind = 'password' AND answered = %s"
    change(sql, [subject, True])
