"""Moments and durations in words, in the language that is active."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_MINUTE, _HOUR, _DAY = 60, 60 * 60, 24 * 60 * 60
_YEAR, _MONTH = 365 * _DAY, 365.25 * _DAY / 12


def local(at: datetime) -> datetime:
    """A moment as the clocks on the wall show it, in Stockholm."""
    return timezone.localtime(at, timezone.get_default_timezone())


def moment(at: datetime) -> str:
    """12 mars 2026 kl. 14:35, in Stockholm."""
    return _("%(date)s kl. %(time)s") % {"date": date_format(local(at), "j F Y"), "time": f"{local(at):%H:%M}"}


def deadline(until: datetime, since: datetime) -> str:
    """For the place after "before", "from" or "after": the time, with the day if ``since`` is on another one."""
    if local(since).date() == local(until).date():
        return _("kl. %(time)s") % {"time": f"{local(until):%H:%M}"}
    return _("den %(moment)s") % {"moment": moment(until)}


def clock(until: datetime, since: datetime) -> str:
    """The same, as short as an SMS wants it."""
    end = local(until)
    return f"{end:%H:%M}" if local(since).date() == end.date() else f"{end.day}/{end.month} {end:%H:%M}"


def duration(length: float | timedelta) -> str:
    """Seconds or a timedelta in the largest unit that has no rest: "10 minuter", "24 timmar", "7 dagar"."""
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
