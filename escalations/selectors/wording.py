"""Time in words, the same on every page and in every sentence. Moments are shown in the reader's zone, which the
middleware has made current."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

MINUTE, HOUR, DAY = 60, 3600, 86_400


def span(seconds: float) -> str:
    """A length of time in two units at most: `35 min`, `2 h 10`, `2 d 3 h`. Rounded down to the minute."""
    left = int(abs(seconds))
    if left < MINUTE:
        return _("under 1 min")
    if left < HOUR:
        return _("%(n)d min") % {"n": left // MINUTE}
    if left < DAY:
        hours, rest = divmod(left, HOUR)
        words = _("%(n)d h") % {"n": hours}
        return f"{words} {rest // MINUTE:02d}" if rest >= MINUTE else words
    days, rest = divmod(left, DAY)
    words = _("%(n)d d") % {"n": days}
    return f"{words} {_('%(n)d h') % {'n': rest // HOUR}}" if rest >= HOUR and days < 10 else words


def left_in_words(due: dt.datetime, now: dt.datetime) -> str:
    """`2 h 10 left`, or `late 35 min` from the due second on."""
    seconds = (due - now).total_seconds()
    if seconds <= 0:
        return _("late %(span)s") % {"span": span(seconds)}
    return _("%(span)s left") % {"span": span(seconds)}


def moment(at: dt.datetime | None) -> str:
    """A moment in the reader's zone, the year only when it is another one: `Tue 24 Nov, 14:00`."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    year = " Y" if local.year != timezone.localtime().year else ""
    return date_format(local, f"D j M{year}, H:i")


def full_moment(at: dt.datetime | None) -> str:
    """A moment written out, with the zone: `Tuesday 24 November 2026, 14:00 (Europe/Berlin)`."""
    if at is None:
        return ""
    return f"{date_format(timezone.localtime(at), 'l j F Y, H:i')} ({timezone.get_current_timezone_name()})"


def ago(at: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """How long ago: `20 s ago`, `5 h 10 ago`; `never` for None."""
    return _("never") if at is None else age(((now or timezone.now()) - at).total_seconds())


def age(seconds: float) -> str:
    """An age in seconds as `20 s ago`, `5 h 10 ago`."""
    if seconds < MINUTE:
        return _("%(n)d s ago") % {"n": max(0, int(seconds))}
    return _("%(span)s ago") % {"span": span(seconds)}


def size(count: int) -> str:
    """A number of bytes as people say it: `840 bytes`, `36 KB`, `2.4 MB`."""
    if count < 1000:
        return f"{count} bytes"
    if count < 1_000_000:
        return f"{round(count / 1000)} KB"
    return f"{count / 1_000_000:.1f} MB"
