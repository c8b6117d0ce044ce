"""Searching an edition: its categories and pages, the best first, with the words around what was found.

An edition has some hundred texts, so they are simply looked through. Every word of the question must be in a text, at
the beginning of one of its words; the title counts most, then what a category is about, then the rest.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from playbook.core.diff.prose import Marked

MOST = 40
_WORD = re.compile(r"\w+")
_AROUND = 70


@dataclass(frozen=True, slots=True)
class Text:
    """Something that can be found. `kind` is `category` or a kind of page."""

    kind: str
    key: str
    title: str
    language: str
    body: str
    also: str = ""
    """Words that count more than the body: codes, names, what people report."""


class Found(NamedTuple):
    """A text that was found, and the words around: kept as they are, or `added` where they answer the question."""

    text: Text
    snippet: tuple[Marked, ...]


def find(question: str, texts: Iterable[Text]) -> Sequence[Found]:
    """The texts that hold every word of the question, the best first; at most MOST."""
    wanted = tuple(dict.fromkeys(_WORD.findall(folded(question))))[:8]
    if not wanted:
        return []
    found = []
    for text in texts:
        score = _score(wanted, text)
        if score:
            found.append((-score, text.title.casefold(), text.key, text))
    return [Found(text, snippet(wanted, text)) for *_, text in sorted(found, key=lambda one: one[:3])[:MOST]]


def folded(text: str) -> str:
    """A text as it is compared: small letters, without accents. As many letters as the text has."""
    made = []
    for letter in text:
        plain = unicodedata.normalize("NFD", letter)[0].lower()
        made.append(plain if len(plain) == 1 else letter)
    return "".join(made)


def _score(wanted: Sequence[str], text: Text) -> int:
    fields = [(_WORD.findall(folded(part)), weight) for part, weight in
              ((text.title, 50), (text.also, 12), (text.body, 1))]  # fmt: skip
    score = 0
    for word in wanted:
        best = 0
        for words, weight in fields:
            hits = sum(1 for one in words if one.startswith(word))
            whole = word in words
            best += min(hits, 5) * weight + (weight if whole else 0)
        if not best:
            return 0
        score += best
    return score


def snippet(wanted: Sequence[str], text: Text) -> tuple[Marked, ...]:
    """The words around the first hit in the body, with every hit marked; the beginning where the title alone hit."""
    body = " ".join(text.body.split())
    plain = folded(body)
    hit = re.compile(rf"\b(?:{'|'.join(map(re.escape, wanted))})\w*")
    first = hit.search(plain)
    start = max(0, first.start() - _AROUND) if first else 0
    if start:
        start = plain.find(" ", start) + 1
    end = min(len(body), start + 3 * _AROUND)
    runs: list[Marked] = [Marked("kept", "… ")] if start else []
    last = start
    for one in hit.finditer(plain, start, end):
        if one.start() > last:
            runs.append(Marked("kept", body[last : one.start()]))
        runs.append(Marked("added", body[one.start() : one.end()]))
        last = one.end()
    runs.append(Marked("kept", body[last:end] + (" …" if end < len(body) else "")))
    return tuple(run for run in runs if run.text)
