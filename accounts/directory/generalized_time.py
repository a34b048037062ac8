"""Generalized time in UTC, as slapd writes it: with or without fractions of a second (RFC 4517 3.3.13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def moment(value: bytes) -> datetime:
    """To the second, in UTC. Raises :class:`ValueError`."""
    text = value.decode("ascii").partition(".")[0].removesuffix("Z")
    return datetime.fromisoformat(f"{text[:8]}T{text[8:]}+00:00")  # strptime takes twenty times as long


def before(moment: datetime, age: timedelta) -> bytes:
    """The time that lies ``age`` before a moment, to the second. Such times compare as texts do."""
    try:
        return b"%04d%02d%02d%02d%02d%02d" % (moment.astimezone(UTC) - age).timetuple()[:6]
    except OverflowError:
        return b""  # before all times
