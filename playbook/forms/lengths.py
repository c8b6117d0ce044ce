"""Lengths of time and amounts as people write them: `4 h business`, `3 d elapsed`, `EUR 150, USD 160`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from escalations.core.policy import Span
from escalations.core.policy.values import Keeping

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "min": 60, "s": 1}
_WORDS = {
    **dict.fromkeys(("w", "week", "weeks"), "w"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("h", "hour", "hours"), "h"),
    **dict.fromkeys(("m", "min", "minute", "minutes"), "min"),
    **dict.fromkeys(("s", "second", "seconds"), "s"),
}
_YEARS = re.compile(r"(\d{1,2})\s*(?:y|years?)")
_PART = re.compile(r"(\d+)\s*([a-z]+)")
_AMOUNT = re.compile(r"([A-Za-z]{3})\s*(\d[\d,' ]*(?:\.\d{1,2})?)")


class Unreadable(ValueError):
    """What was typed is no length of time, or no amount; the message says how it is written."""


def show_length(written: Mapping[str, Any]) -> str:
    """A length as it is written in an edition, as people write it. Raises ValueError for what is none."""
    plain = {key: value for key, value in written.items() if key in ("business", "elapsed")}
    span = Keeping.model_validate(plain)
    if span.years:
        return f"{span.years} {'year' if span.years == 1 else 'years'} elapsed"
    rest, parts = span.seconds, []
    for unit, size in _UNITS.items():
        if unit == "w" or (unit == "d" and span.basis == "business"):
            continue
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return f"{' '.join(parts)} {span.basis}"


def read_length(typed: str) -> dict[str, str]:
    """A length as an edition writes it. Raises Unreadable, saying what to write."""
    words = typed.lower().strip()
    basis = next((basis for basis in ("business", "elapsed") if basis in words), None)
    rest = words.replace("business", " ").replace("elapsed", " ").replace(",", " ").strip()
    if basis is None:
        raise Unreadable(_("Say which time counts: “4 h business” on the calendar, or “72 h elapsed”."))
    if years := _YEARS.fullmatch(rest):
        if basis == "business":
            raise Unreadable(_("Years are time elapsed: “10 years elapsed”."))
        return {basis: f"P{int(years[1])}Y"}
    if re.fullmatch(r"p[\dtwdhms]+", rest):
        return _checked(basis, rest.upper())
    parts = _PART.findall(rest)
    if not parts or _PART.sub("", rest).strip():
        raise Unreadable(_("Write a number and a unit: “30 min”, “4 h” or “3 d”, then business or elapsed."))
    seconds: dict[str, int] = dict.fromkeys(_UNITS, 0)
    for count, unit in parts:
        if unit not in _WORDS:
            raise Unreadable(_("“%(unit)s” is no unit here; write min, h, d or w.") % {"unit": unit})
        seconds[_WORDS[unit]] += int(count)
    if basis == "business" and (seconds["d"] or seconds["w"]):
        raise Unreadable(_("Business time is written in hours: how long a working day is depends on the calendar."))
    days = seconds["d"] + seconds["w"] * 7
    time = "".join(f"{seconds[unit]}{unit[0].upper()}" for unit in ("h", "min", "s") if seconds[unit])
    return _checked(basis, f"P{days}D" * bool(days) + ("" if days else "P") + f"T{time}" * bool(time))


def _checked(basis: str, text: str) -> dict[str, str]:
    try:
        Span.model_validate({basis: text})
    except ValueError:
        try:
            Keeping.model_validate({basis: text})
        except ValueError:
            raise Unreadable(_("That is no length that can be kept: longer than nothing, and not endless.")) from None
    return {basis: text}


def show_amounts(written: Mapping[str, Any]) -> str:
    """Amounts by currency, in one line."""
    return ", ".join(f"{currency} {amount}" for currency, amount in sorted(written.items()))


def read_amounts(typed: str) -> dict[str, str]:
    """Amounts as an edition writes them. Raises Unreadable, saying what to write."""
    found: dict[str, str] = {}
    for currency, number in _AMOUNT.findall(typed):
        if currency.upper() in found:
            raise Unreadable(_("%(currency)s stands twice.") % {"currency": currency.upper()})
        found[currency.upper()] = re.sub(r"[,' ]", "", number)
    if not found or _AMOUNT.sub("", typed).strip(" ,;\n"):
        raise Unreadable(_("Write each currency with its amount: “EUR 150, USD 160”."))
    return found
