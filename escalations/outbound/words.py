"""Words of messages: templates filled safely, spans and moments in words.

A template is law, the values are anybody's: values are put in once, as plain text, and are never read as a template.
A sentence or line whose value is not known is left out, so that nobody reads a hole.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import formats, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from escalations.core.policy import MessageTemplate
from escalations.core.policy.references import PLACEHOLDERS

SUBJECT_LENGTH = 180
VALUE_LENGTH = 600
WRAPPED_FROM = 90
"""A line of a template at least this long goes on in the next one: it was wrapped by an editor."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_LABELLED = re.compile(r"^([^\s{}:][^{}:]{0,38}):\s+(\S.*)$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
# Needed inside words of some scripts and in emoji; all other invisible signs can disguise a text.
_JOINERS = {"\u200c", "\u200d"}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with their values: `Due: Monday, 14:00`."""

    rows: tuple[tuple[str, str], ...]


Block = Paragraph | Facts


def clean(value: object, *, lines: bool = False, longest: int = VALUE_LENGTH) -> str:
    """A value as it may stand in a message: no control or invisible signs, clipped, on one line unless `lines`."""
    text = str(value)
    text = "".join(
        sign
        if sign == "\n" or sign in _JOINERS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else " "
        for sign in text.replace("\r\n", "\n").replace("\r", "\n")
    )
    text = "\n".join(" ".join(line.split()) for line in text.split("\n")) if lines else " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def subject(template: str, values: Mapping[str, str]) -> str:
    """A subject line: one line, clipped; what is not known leaves no trace but tidy punctuation."""

    def put(match: re.Match[str]) -> str:
        return clean(values.get(match[1], "")) if match[1] in PLACEHOLDERS else match[0]

    text = clean(_PLACEHOLDER.sub(put, template), longest=SUBJECT_LENGTH)
    text = re.sub(r"\s+([,.:;!?])", r"\1", text)
    return re.sub(r"[\s,:;]+$", "", text)


def blocks(template: str, values: Mapping[str, str]) -> tuple[Block, ...]:
    """The body of a template as paragraphs and labelled facts, filled from `values`; unknown ones leave their sentence
    or line out, a block of which nothing is left disappears. A name that is no placeholder stays as it is written."""
    found: list[Block] = []
    for part in re.split(r"\n[ \t]*\n", template.replace("\r\n", "\n").strip()):
        lines: list[str] = []
        rows: list[tuple[str, str]] = []
        for line in _unwrapped(part):
            match = _LABELLED.match(line)
            if match is None:
                if rows:
                    found.append(Facts(tuple(rows)))
                    rows = []
                lines += _filled(line, values)
                continue
            if lines:
                found.append(Paragraph(tuple(lines)))
                lines = []
            rows += [(match[1], text) for text in [" ".join(_filled(match[2], values))] if text]
        if lines:
            found.append(Paragraph(tuple(lines)))
        if rows:
            found.append(Facts(tuple(rows)))
    return tuple(found)


def plain(text: str) -> tuple[Block, ...]:
    """Somebody's own words as paragraphs, line by line as they wrote them."""
    parts = re.split(r"\n[ \t]*\n", clean(text, lines=True, longest=100_000).strip())
    return tuple(Paragraph(tuple(part.split("\n"))) for part in parts if part.strip())


def _unwrapped(part: str) -> Iterator[str]:
    held = ""
    for raw in part.split("\n"):
        line = raw.strip()
        if held:
            line = f"{held} {line}"
            held = ""
        if len(raw.strip()) >= WRAPPED_FROM:
            held = line
        elif line:
            yield line
    if held:
        yield held


def _filled(line: str, values: Mapping[str, str]) -> list[str]:
    """One template line as the lines that it becomes; none when every sentence of it lacks a value."""
    kept = [
        sentence
        for sentence in _SENTENCE.split(line)
        if all(values.get(name) for name in _PLACEHOLDER.findall(sentence) if name in PLACEHOLDERS)
    ]

    def put(match: re.Match[str]) -> str:
        name = match[1]
        return clean(values[name], lines=name == "items", longest=20_000) if name in PLACEHOLDERS else match[0]

    return [text for text in _PLACEHOLDER.sub(put, " ".join(kept)).split("\n") if text.strip()]


def in_language(wordings: Mapping[str, MessageTemplate], *languages: str) -> tuple[str, MessageTemplate] | None:
    """The wording in the first of `languages` that there is, then English, then any, as (language, template).

    `de-AT` falls back to `de` before the next one. None when there is no wording at all.
    """
    for language in (*languages, "en"):
        for code in dict.fromkeys((language, language.partition("-")[0])):
            if code in wordings:
                return code, wordings[code]
    for code in sorted(wordings):
        return code, wordings[code]
    return None


def span(seconds: float, *, business: bool = False) -> str:
    """A span of time: `35 min`, `4 h 10 min`, `3 d 4 h`, `8 working hours`. Days only of elapsed time, from 72 h on."""
    minutes = max(0, round(seconds / 60))
    if business:
        if minutes % 60 == 0:
            return ngettext("%(n)d working hour", "%(n)d working hours", minutes // 60) % {"n": minutes // 60}
        return _("%(span)s of working time") % {"span": _clock(minutes)}
    if minutes > 72 * 60:
        days, rest = divmod(minutes, 24 * 60)
        return _("%(days)d d") % {"days": days} + (f" {_clock(rest - rest % 60)}" if rest >= 60 else "")
    return _clock(minutes)


def _clock(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [_("%(n)d h") % {"n": hours}] * bool(hours) + [_("%(n)d min") % {"n": rest}] * bool(rest or not hours)
    return " ".join(parts)


def zone(name: str) -> ZoneInfo:
    """The time zone of a name; UTC when the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def moment(at: dt.datetime, where: str) -> str:
    """An instant for a reader in a zone: `Sat 21 Nov 2026, 14:00 (Europe/Berlin)`."""
    place = zone(where)
    return f"{formats.date_format(at.astimezone(place), 'D j M Y, H:i')} ({place.key})"


def speaking(language: str) -> translation.override:
    """A context in which the program's own words are in `language`, as far as it speaks it."""
    return translation.override(language or "en")
