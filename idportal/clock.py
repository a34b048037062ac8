"""Times and durations in words, in the active language. The zone is Stockholm, by TIME_ZONE."""

from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_MINUTE, _HOUR, _DAY = 60, 60 * 60, 24 * 60 * 60
_YEAR, _MONTH = 365 * _DAY, 365.25 * _DAY / 12


def at_hour(day: date, hour: int) -> datetime:
    """So many o'clock on a day in Stockholm, in UTC. Not for 2 o'clock, which a day may have twice or not at all."""
    return datetime.combine(day, time(hour), timezone.get_default_timezone()).astimezone(UTC)


def stamp(at: datetime | None) -> str:
    """2026-03-12 14:35, in Stockholm; "" for None."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""


def moment(at: datetime) -> str:
    """12 mars 2026 kl. 14:35, in Stockholm."""
    local = timezone.localtime(at)
    return _("%(date)s kl. %(time)s") % {"date": date_format(local, "j F Y"), "time": f"{local:%H:%M}"}


def deadline(until: datetime, since: datetime) -> str:
    """The time, to stand after "before", "from" or "after"; with the day if ``since`` is on another day."""
    if timezone.localdate(since) == timezone.localdate(until):
        return _("kl. %(time)s") % {"time": f"{timezone.localtime(until):%H:%M}"}
    return _("den %(moment)s") % {"moment": moment(until)}


def clock(until: datetime, since: datetime) -> str:
    """As ``deadline``, in the few characters of an SMS."""
    end = timezone.localtime(until)
    return f"{end:%H:%M}" if timezone.localdate(since) == end.date() else f"{end.day}/{end.month} {end:%H:%M}"


def duration(length: float | timedelta) -> str:
    """Seconds or a timedelta in the largest unit without a remainder: "10 minuter", "24 timmar", "7 dagar"."""
    seconds = round(length.total_seconds() if isinstance(length, timedelta) else length)
    if seconds >= _YEAR:
        months = round(seconds / _MONTH)
        return ngettext("%(count)d månad", "%(count)d månader", months) % {"count": months}
    if seconds > _DAY and seconds % _DAY == 0:
        return ngettext("%(count)d dag", "%(count)d dagar", seconds // _DAY) % {"count": seconds // _DAY}
    if seconds and seconds % _HOUR == 0:
        return ngettext("%(count)d timme", "%(count)d timmar", seconds // _HOUR) % {"count": seconds // _HOUR}
    if seconds and seconds % _MINUTE == 0:
        return ngettext("%(count)d minut", "%(count)d minuter", seconds // _MINUTE) % {"count": seconds // _MINUTE}
    return ngettext("%(count)d sekund", "%(count)d sekunder", seconds) % {"count": seconds}
