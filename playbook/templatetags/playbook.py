"""How pages of the playbook write what policies hold: spans, fields, people of a ladder, days."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from escalations.core.policy import Keeping, Span, format_duration
from escalations.core.words import amount as amount_in_words
from escalations.core.words.phrases import inside
from playbook.addresses import address
from playbook.core.contents import Hours
from playbook.core.steps import Step, Told

register = template.Library()

FIELDS: Mapping[str, Any] = {
    "owner": gettext_lazy("owner"),
    "backups": gettext_lazy("covered by"),
    "specialisms": gettext_lazy("asks for"),
    "channel": gettext_lazy("channel"),
    "level": gettext_lazy("level"),
    "severity": gettext_lazy("severity"),
    "protocol": gettext_lazy("protocol"),
    "ladder": gettext_lazy("ladder"),
    "targets.assign": gettext_lazy("assigned within"),
    "targets.first_response": gettext_lazy("first answer within"),
    "targets.next_update": gettext_lazy("next update within"),
    "targets.resolution": gettext_lazy("resolved within"),
}
CLOCKS: Mapping[str, Any] = {
    "assign": gettext_lazy("assigned"),
    "first_response": gettext_lazy("first answer"),
    "next_update": gettext_lazy("next update"),
    "resolution": gettext_lazy("resolved"),
    "tier": gettext_lazy("steps of the ladder"),
    "statutory": gettext_lazy("deadlines by law"),
}
SIDES: Mapping[str, Any] = {
    "buyer": gettext_lazy("Buyers"),
    "seller": gettext_lazy("Sellers"),
    "platform": gettext_lazy("The marketplace"),
}
WHOSE: Mapping[str, Any] = {
    "buyer": gettext_lazy("the buyer's region counts"),
    "seller": gettext_lazy("the seller's region counts"),
    "storefront": gettext_lazy("the storefront's region counts"),
}
STARTS: Mapping[str, Any] = {
    "receipt": gettext_lazy("from the receipt of the case"),
    "verification": gettext_lazy("from the moment that it is verified"),
    "decision": gettext_lazy("from the decision"),
}
ENDS: Mapping[str, Any] = {
    "party_reply": gettext_lazy("the party answers"),
    "evidence": gettext_lazy("the evidence is there"),
}
BANDS: Mapping[str, Any] = {
    "low": gettext_lazy("low"),
    "normal": gettext_lazy("normal"),
    "high": gettext_lazy("high"),
    "critical": gettext_lazy("critical"),
}
MESSAGES: Mapping[str, Any] = {
    "acknowledgement": gettext_lazy("We have it"),
    "first_response": gettext_lazy("First answer"),
    "message": gettext_lazy("Any message"),
    "update": gettext_lazy("Where it stands"),
    "pause": gettext_lazy("We wait for something"),
    "handoff": gettext_lazy("Another team takes it"),
    "remedy": gettext_lazy("Something is given"),
    "resolution": gettext_lazy("It is decided"),
    "late_apology": gettext_lazy("We are late"),
    "reopened": gettext_lazy("It is open again"),
}
LANGUAGES: Mapping[str, Any] = {
    "en": gettext_lazy("English"),
    "de": gettext_lazy("German"),
    "es": gettext_lazy("Spanish"),
}
DAYS: Mapping[str, Any] = {
    "mon": gettext_lazy("Monday"),
    "tue": gettext_lazy("Tuesday"),
    "wed": gettext_lazy("Wednesday"),
    "thu": gettext_lazy("Thursday"),
    "fri": gettext_lazy("Friday"),
    "sat": gettext_lazy("Saturday"),
    "sun": gettext_lazy("Sunday"),
}
KINDS: Mapping[str, Any] = {
    "guide": gettext_lazy("Guides"),
    "protocol": gettext_lazy("Protocols"),
    "criteria": gettext_lazy("Decision criteria"),
    "stage": gettext_lazy("Stages of a case"),
}


def _named(words: Mapping[str, Any]) -> Any:
    return lambda key: words.get(key, str(key).replace("_", " ").replace(".", " "))


for _name, _words in {
    "field": FIELDS, "clock": CLOCKS, "side": SIDES, "whose": WHOSE, "starts": STARTS, "ends": ENDS, "band": BANDS,
    "message": MESSAGES, "language": LANGUAGES, "day": DAYS, "kind": KINDS,
}.items():  # fmt: skip
    register.filter(_name, _named(_words))


@register.simple_tag
def leads(name: str, number: int | None = None, **arguments: str) -> str:
    """The address of a page of the playbook: `{% leads "category" number code="order.damaged" %}`."""
    return address(name, number, **arguments)


@register.filter
def spoken(span: Span | None) -> str:
    """A length of time in words: `4 working hours`, `14 days`. Working time counts while the place is open."""
    if span is None:
        return ""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if span.seconds % size == 0 and (unit != "day" or (span.basis == "elapsed" and span.seconds > 4 * size)):
            break
    count = span.seconds // size
    if isinstance(span, Keeping) and span.years:
        return ngettext("%(n)d year", "%(n)d years", span.years) % {"n": span.years}
    if span.basis == "business":
        words = {
            "hour": ngettext("%(n)d working hour", "%(n)d working hours", count),
            "minute": ngettext("%(n)d working minute", "%(n)d working minutes", count),
            "second": ngettext("%(n)d working second", "%(n)d working seconds", count),
        }[unit]
    else:
        words = {
            "day": ngettext("%(n)d day", "%(n)d days", count),
            "hour": ngettext("%(n)d hour", "%(n)d hours", count),
            "minute": ngettext("%(n)d minute", "%(n)d minutes", count),
            "second": ngettext("%(n)d second", "%(n)d seconds", count),
        }[unit]
    return words % {"n": count}


@register.filter
def iso(span: Span | None) -> str:
    """A length of time for machines: `PT4H`."""
    return "" if span is None else format_duration(span.seconds)


@register.filter
def amount(number: Decimal, currency: str) -> str:
    """`EUR 1,500`, or `EUR 1,500.50` where there are cents."""
    return amount_in_words(number, currency)


@register.filter
def of(mapping: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping holds for a key that is a variable; None when nothing."""
    return mapping.get(key)


@register.filter
def names(things: Collection[Any]) -> str:
    """The names of several things, as a sentence lists them."""
    return _listing([str(thing.name) for thing in things])


@register.filter
def keys(things: Collection[Any]) -> str:
    """The keys of several things, for machines."""
    return " ".join(str(thing.key) for thing in things)


@register.filter
def within(name: str) -> str:
    """A name as it stands inside a sentence."""
    return inside(str(name)) if name else ""


@register.filter
def whom(told: Told) -> str:
    """Somebody who hears of a step."""
    if told.kind == "role":
        return told.name
    words = {
        "assignee": _("whoever has the case"),
        "team_lead": _("the team's lead"),
        "receiver": _("the lead who receives it"),
    }
    return words.get(told.kind, told.kind)


@register.filter
def tells(step: Step) -> str:
    """Everybody who hears of a step, as a sentence lists them."""
    return _listing([whom(told) for told in step.tells])


def step_words(step: Step) -> tuple[str, ...]:
    """A step as the lines of a picture: when, where to, whom it tells."""
    after = _("after %(time)s") % {"time": spoken(step.after)}
    where = _("to %(level)s") % {"level": f"{step.level} {step.level_name}"} if step.level else _("a reminder")
    takes = [_("%(team)s takes over") % {"team": step.team_name}] if step.team else []
    told = [_("tells %(people)s") % {"people": tells(step)}] if step.tells else []
    return (after, where, *takes, *told)


@register.filter
def open_hours(hours: Hours) -> str:
    """`Monday to Friday 09:00 to 18:00`."""
    start, end = str(DAYS[hours.first]), str(DAYS[hours.last])
    days = start if hours.first == hours.last else _("%(first)s to %(last)s") % {"first": start, "last": end}
    times = ", ".join(_("%(start)s to %(end)s") % {"start": begin, "end": close} for begin, close in hours.open)
    return f"{days}, {times}"


def _listing(words: list[str]) -> str:
    """`a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return _("%(most)s and %(last)s") % {"most": ", ".join(words[:-1]), "last": words[-1]}


@register.filter
def figures(number: Decimal) -> str:
    """An amount without its currency, which the column names: `1,500`."""
    return f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,.2f}"


_PLACE = re.compile(r"\{([a-z_]+)\}")


@register.simple_tag
def placeheld(text: str, category: str) -> SafeString:
    """The words of a message: the category by its name, and what a case will fill in by what it is, marked."""
    parts = _PLACE.split(text)
    made = [_filled(part, category) if number % 2 else part for number, part in enumerate(parts)]
    return format_html_join("", "{}", ((part,) for part in made))


def _filled(name: str, category: str) -> str:
    return category if name == "category" else format_html("<var>{}</var>", name.replace("_", " "))


@register.simple_tag
def address_of(addresses: Mapping[str, str | None], page: str) -> str:
    """The address of a page among those that a view has worked out."""
    return addresses.get(page) or ""
