"""Times and ids as the two kinds of directory write them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone
from unittest import mock

import pytest

from accounts.directory.dialects import filetime, openldap
from accounts.directory.dialects.active_directory import ActiveDirectory
from accounts.directory.ldap_client.answers import LdapEntry


def test_a_guid_reads_as_uuid_does() -> None:
    for value in (bytes(range(16)), bytes(16), b"\xff" * 16, uuid.uuid4().bytes):
        assert _identifier(value) == str(uuid.UUID(bytes_le=value))


@pytest.mark.parametrize("value", [b"", b"\x01" * 15, b"\x01" * 17])
def test_what_is_no_guid(value: bytes) -> None:
    with pytest.raises(ValueError, match="not a 16-char string"):
        _identifier(value)


def _identifier(value: bytes) -> str:
    dialect = mock.Mock(identifier="objectGUID", identifier_is_guid=True)
    return ActiveDirectory._identifier(dialect, LdapEntry("", {"objectGUID": [value]}))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1601, 1, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, 0, 123457, tzinfo=UTC),
        datetime(2032, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ],
)
def test_a_filetime_is_exact_to_the_microsecond(moment: datetime) -> None:
    assert filetime.moment(filetime.filetime(moment)) == moment


def test_never_is_no_moment() -> None:
    assert filetime.moment(filetime.NEVER) is None
    assert filetime.moment(filetime.LAST) is None


@pytest.mark.parametrize("written", [b"20320229235958Z", b"20320229235958.123456Z", b"20320229235958.9Z"])
def test_generalized_time_to_the_second(written: bytes) -> None:
    assert openldap.moment(written) == datetime(2032, 2, 29, 23, 59, 58, tzinfo=UTC)


@pytest.mark.parametrize("written", [b"", b"Z", b"20310229235958Z", b"000001010000Z", b"20320229235958+0100", b"\xe5"])
def test_what_is_no_generalized_time(written: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever kind
        openldap.moment(written)


def test_so_long_before_a_moment() -> None:
    stockholm = timezone(timedelta(hours=2))
    at = datetime(2026, 7, 1, 1, 30, 15, 999999, tzinfo=stockholm)
    assert openldap.before(at, timedelta(days=90)) == b"20260401233015"
    earliest, latest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert openldap.before(earliest, timedelta(days=1)) < b"00010101000000Z"
    assert openldap.before(latest, timedelta(0)) > b"9999"
