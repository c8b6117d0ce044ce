"""How the desk writes time, states and people: one place, so that every page says it the same way.

Time is written in words with a shape and a colour of its own, never by colour alone, and with the exact moment in the
reader's zone on hover and for screen readers.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from escalations import panels
from escalations.selectors.radar import Lane, lane_of
from escalations.selectors.wording import age, ago, full_moment, left_in_words, moment, size, span

register = template.Library()

ICONS: dict[str, str] = {
    "calm": "schedule",
    "soon": "hourglass_bottom",
    "late": "notification_important",
    "still": "pause_circle",
    "met": "check_circle",
    "restricted": "lock",
}


register.filter("moment", moment)
register.filter("full_moment", full_moment)
register.filter("ago", ago)
register.filter("age", age)
register.filter("size", size)


@register.filter(name="span")
def span_filter(seconds: float | None) -> str:
    """Seconds as a length of time in words."""
    return "" if seconds is None else span(seconds)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A symbol of the font that comes with the pages; hidden from screen readers unless it has a label."""
    if label:
        return format_html('<span class="icon" role="img" aria-label="{}">{}</span>', label, name)
    return format_html('<span class="icon" aria-hidden="true">{}</span>', name)


@register.simple_tag
def when(at: dt.datetime | None, now: dt.datetime) -> SafeString | str:
    """A past moment, relative with the absolute on hover and for screen readers."""
    if at is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        full_moment(at),
        ago(at, now) if at <= now else moment(at),
    )


@register.simple_tag
def time_left(due: dt.datetime | None, now: dt.datetime, because: str = "") -> SafeString:
    """What is left until `due`, as the desk writes it; a clock that stands still says why (`because`)."""
    lane = lane_of(due, now)
    if lane is Lane.STILL or due is None:
        words = _("paused: %(because)s") % {"because": because} if because else _("no clock runs")
        return format_html('<span class="due due-still">{}<span>{}</span></span>', icon(ICONS["still"]), words)
    return format_html(
        '<time class="due due-{}" datetime="{}" title="{}">{}<span>{}</span><span class="sr-only">, {}</span></time>',
        lane.value,
        due.isoformat(),
        _("due %(at)s") % {"at": full_moment(due)},
        icon(ICONS[lane.value]),
        left_in_words(due, now),
        _("due %(at)s") % {"at": full_moment(due)},
    )


@register.simple_tag
def clock_time(clock: Any, now: dt.datetime, because: str = "") -> SafeString:
    """A clock row in words: running, late, standing still, met in time or late."""
    if clock.ended_at is not None:
        late = clock.breached_at is not None
        words = _("met late") if late else _("met")
        if clock.state == "cancelled":
            words = _("not needed any more")
        return format_html(
            '<span class="due due-{}" title="{}">{}<span>{}</span></span>',
            "still" if clock.state == "cancelled" else "met-late" if late else "met",
            full_moment(clock.ended_at),
            icon(ICONS["met"]),
            words,
        )
    if clock.state == "paused":
        return time_left(None, now, because or _("clock stopped"))
    return time_left(clock.due_at, now)


BARS = {0: _("low"), 1: _("normal"), 2: _("high"), 3: _("critical")}


@register.simple_tag
def severity(band: int, label: str = "", aged: bool = False) -> SafeString:
    """A severity band as bars and a word: readable without colour."""
    bars = format_html_join("", '<i class="{}"></i>', (("on" if n <= band else "",) for n in range(4)))
    return format_html(
        '<span class="band band-{}"{}><span class="bars" aria-hidden="true">{}</span>{}{}</span>',
        band,
        format_html(' title="{}"', _("raised because it has waited long")) if aged else "",
        bars,
        label or _(BARS[band]),
        format_html('<span class="aged">{}</span>', _("aged")) if aged else "",
    )


@register.simple_tag
def channel(row: Any) -> SafeString | str:
    """A channel's name; a sensitive one with its lock."""
    if not row.sensitive:
        return str(row.name)
    return format_html('<span class="restricted">{}{}</span>', icon(ICONS["restricted"]), row.name)


@register.filter
def money(amount: Any, currency: str = "") -> str:
    """An amount with its currency: `EUR 1,250.00`."""
    return "" if amount is None else f"{currency} {amount:,.2f}".strip()


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """A value of a mapping by a key that is a variable."""
    return mapping.get(key, "") if mapping else ""


@register.simple_tag(takes_context=True)
def desk_rooms(context: dict[str, Any]) -> list[dict[str, Any]]:
    """The rooms of the desk that this person may open, for pages outside the admin; `here` marks where they are."""
    request = context["request"]
    rooms = [(_("Desk"), reverse("admin:index"))] if request.user.is_staff else []
    rooms += [(str(item.title), item.address) for item in panels.links(request.user)]
    here = max((address for _title, address in rooms if request.path.startswith(address)), key=len, default="")
    return [{"title": title, "address": address, "here": address == here} for title, address in rooms]
