"""What somebody typed into the search, as words that both databases can be asked for.

    parse('"damaged parcel" refund -voucher')   two wanted (one of them a phrase), one unwanted

Whatever is typed becomes a question: signs of the databases' own query languages are never passed on, only words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 400
"""Characters that are read; what comes after is left."""
MOST = 16
"""Words and phrases that are asked for."""
WORD = 64

_PART = re.compile(r'(-?)"([^"]*)"?|(\S+)')
_WORDS = re.compile(r"\w+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Words and phrases that must be there (or, for `any`, of which some must), and those that must not."""

    wanted: tuple[tuple[str, ...], ...] = ()
    unwanted: tuple[tuple[str, ...], ...] = ()
    any: bool = False

    def __bool__(self) -> bool:
        return bool(self.wanted)

    @property
    def still_typed(self) -> bool:
        """Whether the last word counts as a beginning, too: somebody may still be typing it."""
        return not self.any and bool(self.wanted) and len(self.wanted[-1]) == 1 and len(self.wanted[-1][0]) > 2

    def fts5(self) -> str:
        """For SQLite's MATCH."""
        terms = [_quoted(phrase) for phrase in self.wanted]
        if self.still_typed:
            terms[-1] = f"({terms[-1]} OR {terms[-1]} *)"
        said = f" {'OR' if self.any else 'AND'} ".join(terms)
        return " ".join([f"({said})" if self.unwanted else said, *(f"NOT {_quoted(item)}" for item in self.unwanted)])

    def tsquery(self) -> str:
        """For PostgreSQL's to_tsquery."""
        terms = [_followed(phrase) for phrase in self.wanted]
        if self.still_typed:
            terms[-1] = f"({terms[-1]} | {terms[-1]}:*)"
        said = f" {'|' if self.any else '&'} ".join(terms)
        return " & ".join([f"({said})" if self.unwanted else said, *(f"!{_followed(item)}" for item in self.unwanted)])


def parse(text: str) -> Asked:
    """What was typed: words, "phrases in quotation marks", and -words that must not be there."""
    wanted: list[tuple[str, ...]] = []
    unwanted: list[tuple[str, ...]] = []
    for match in _PART.finditer(text[:LONGEST].replace("\0", " ")):
        minus, phrase, bare = match[1], match[2], match[3]
        if bare is not None:
            minus, phrase = ("-", bare[1:]) if bare.startswith("-") else ("", bare)
        words = tuple(word[:WORD] for word in _WORDS.findall(phrase or ""))
        if words and len(wanted) + len(unwanted) < MOST:
            (unwanted if minus else wanted).append(words)
    return Asked(tuple(wanted), tuple(unwanted))


def alike(text: str, *, most: int = 24, shortest: int = 4) -> Asked:
    """A question for what shares words with a text: its longer words, each once, the longest first."""
    words = dict.fromkeys(
        word[:WORD].lower() for word in _WORDS.findall(text[:4000].replace("\0", " ")) if len(word) >= shortest
    )
    chosen = sorted((word for word in words if not word.isdigit()), key=len, reverse=True)[:most]
    return Asked(tuple((word,) for word in chosen), any=True)


def _followed(words: tuple[str, ...]) -> str:
    said = " <-> ".join(f"'{word}'" for word in words)
    return f"({said})" if len(words) > 1 else said


def _quoted(words: tuple[str, ...]) -> str:
    return f'"{" ".join(words)}"'
