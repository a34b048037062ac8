"""Times and durations as Active Directory writes them."""

from datetime import UTC, datetime, timedelta

# FILETIME (MS-DTYP 2.3.3): 100 ns since 1601-01-01 UTC; the largest value means never.
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
NEVER = 0x7FFF_FFFF_FFFF_FFFF
LAST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 10


def moment(filetime: int) -> datetime | None:
    """``None`` for never, and for times after the year 9999."""
    return None if filetime >= LAST else EPOCH + timedelta(microseconds=filetime // 10)


def filetime(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 10


def interval(value: int | None) -> timedelta:
    """A duration, from negative steps of 100 ns (MS-ADTS 2.2.17). At most a year, also for "for ever"."""
    return min(timedelta(microseconds=abs(value or 0) // 10), timedelta(days=365))
