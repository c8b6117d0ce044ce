"""Whether a text is neutral: nothing in it by which somebody of a case could be found.

    known = Known(names=("Jane Roe", "Ana Lind"), contacts=("jane@example.org",), references=("TL-0042",), words="...")
    personal("Jane wrote twice about TL-0042.", known)      [name "Jane", reference "TL-0042"]

A precedent is read by people who may not see its case, and outlives the case's words. So whatever looks like an
address, a number that is dialled or paid with, or a form of address before a name is refused in any text; names,
references and addresses that the case holds are refused because the case holds them. Refusing too much costs a second
try; the message says what to write instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from escalations.core.redaction import MAIL, PHONE

Kind = Literal["name", "contact", "address", "reference"]
INSTEAD: dict[Kind, str] = {
    "name": "it names somebody. Write “the buyer”, “the seller”, “a colleague”",
    "contact": "somebody could be reached by it. Say only that there was an address, a number or a page",
    "address": "it is where somebody lives or works. Name the country, if that matters",
    "reference": "the case can be found by it. An amount is written with its currency",
}
"""Why a kind is refused, and what to write."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_TOKEN = re.compile(r"(?:[^\s,;()\[\]{}<>\"“”„»«|]|(?<=\d),(?=\d))+")
_WEB = re.compile(r"(?:https?://|www\.)\S+|(?<![\w@.])@[\w.]{3,}", re.IGNORECASE)
# What is paid with, and other long numbers: groups of digits that belong together, or an account by its country.
_LONG = re.compile(
    r"(?<!\w)(?:\d[ \-]?){7,}\d(?!\w)|(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,}(?: ?[A-Z0-9]{1,3})?(?!\w)"
)
_TITLED = re.compile(
    r"(?<!\w)(?:(?i:mr|mrs|ms|dr|prof|herrn?|frau|se[ñn]or(?:a|ita)?|sra?)|Miss|Don|Doña)\b\.?\s+"
    r"(?!(?:und|and|y|or|oder|o)\b)([^\W\d_a-zß-ÿ][\w’'-]+(?:\s+[^\W\d_a-zß-ÿ][\w’'-]+)?)"
)
_GREETED = re.compile(
    r"(?<!\w)(?:Dear|Hi|Hello|Hey|Liebe[rs]?|Hallo|Hola|Estimad[oa]|Querid[oa]|Regards|Thanks|Sincerely|Grüße|Gruß|"
    r"Saludos|Gracias|Atentamente)[\s,!]+([^\W\d_]{3,})",
    re.IGNORECASE,
)
_CAPITAL = r"[^\W\d_a-zß-ÿ]"
_STREETS = (
    re.compile(
        rf"(?<!\w)\d{{1,5}}[a-z]?\s+(?:{_CAPITAL}[\w.'’-]*\s+){{1,3}}"
        r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Square|Court|Terrace)\b"
    ),
    re.compile(
        rf"(?<!\w)(?:[^\W\d_]{{3,}}(?:straße|strasse|str\.|weg|allee|gasse|platz|damm|ufer)"
        rf"|{_CAPITAL}\w+[\s-](?:Straße|Strasse|Str\.|Weg|Allee|Gasse|Platz|Damm|Ufer))\s+\d{{1,4}}\s?[a-z]?(?!\w)"
    ),
    re.compile(
        r"(?<!\w)(?:Calle|Avenida|Avda\.?|Plaza|Paseo|Rua|Rue|Via|calle|avenida|plaza|rua|rue|via)\s+"
        rf"(?:(?:de|del|la|las|los|el|da|do|dos|du|des)\s+)*{_CAPITAL}\w*(?:\s+{_CAPITAL}\w*)*,?\s+\d{{1,4}}(?!\w)"
    ),
)
_CURRENCY = re.compile(r"(?:[A-Z]{3}|[€$£₹¥])")
_YEAR = re.compile(r"(?:19|20)\d\d")
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Known:
    """What a case holds of people: their names, how they are reached, how it is called, and all that was said in it.

    `ordinary` are words, folded, that are in common use here: a name that is one of them (a Mr Price) is looked for
    with its capital letter only.
    """

    names: Collection[str] = ()
    contacts: Collection[str] = ()
    references: Collection[str] = ()
    words: str = ""
    ordinary: Collection[str] = frozenset()


class Found(NamedTuple):
    """Words of a text that are not neutral."""

    words: str
    kind: Kind

    def __str__(self) -> str:
        return f"Leave out “{self.words}”: {INSTEAD[self.kind]}."


def personal(text: str, known: Known) -> Sequence[Found]:
    """What of a text is not neutral, in its order, each once. Empty: nothing was found, which is no proof that there
    is nothing; whoever archives reads it through."""
    text = unicodedata.normalize("NFKC", text)
    finders = (_contacts, _streets, _names, _references)
    hits = {*_anywhere(text), *(hit for finder in finders for hit in finder(text, known))}
    found: list[Found] = []
    reached = 0
    for start, end, kind in sorted(hits, key=lambda hit: (hit[0], -hit[1], hit[2])):  # the longest of a place
        if start >= reached:
            found.append(Found(text[start:end].strip(), kind))
            reached = end
    return list(dict.fromkeys(found))


def folded(text: str) -> str:
    """A text as it is compared: small letters without accents."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def vocabulary(texts: Collection[str]) -> frozenset[str]:
    """The words, folded, that stand in some texts."""
    return frozenset(folded(word) for text in texts for word in _WORD.findall(text))


Hit = tuple[int, int, Kind]


def _anywhere(text: str) -> Iterator[Hit]:
    for pattern in (MAIL, _WEB, PHONE):
        yield from ((one.start(), one.end(), "contact") for one in pattern.finditer(text))
    yield from ((one.start(), one.end(), "reference") for one in _LONG.finditer(text))
    yield from ((one.start(1), one.end(1), "name") for one in _TITLED.finditer(text))
    for street in _STREETS:
        yield from ((one.start(), one.end(), "address") for one in street.finditer(text))


def _streets(text: str, known: Known) -> Iterator[Hit]:
    """A street that the case names, however it is written here."""
    for street in _STREETS:
        for one in {match.group() for match in street.finditer(known.words)}:
            spelt = r"\W+".join(map(re.escape, re.findall(r"\w+", one)))
            yield from ((hit.start(), hit.end(), "address") for hit in re.finditer(spelt, text, re.IGNORECASE))


def _contacts(text: str, known: Known) -> Iterator[Hit]:
    """Contact data of the case in another spelling: a number without its country, an address with blanks in it."""
    for contact in known.contacts:
        digits = _digits(contact)
        if "@" in contact:
            name, _, domain = contact.partition("@")
            spelt = rf"{re.escape(name)}\s*(?:@|\(at\)|\[at\]|\bat\b)\s*{re.escape(domain)}"
            yield from ((one.start(), one.end(), "contact") for one in re.finditer(spelt, text, re.IGNORECASE))
        elif len(digits) >= 7:
            last = r"[ ()/.\-]*".join(digits[-7:])
            yield from ((one.start(), one.end(), "contact") for one in re.finditer(last, text))


def _names(text: str, known: Known) -> Iterator[Hit]:
    words = [(one.start(), one.end(), one.group(), folded(one.group())) for one in _WORD.finditer(text)]
    full = {tuple(folded(part) for part in _WORD.findall(name)) for name in known.names}
    single = {part for name in full for part in name if len(part) >= _SHORTEST}
    for place, (start, end, written, plain) in enumerate(words):
        if plain in single and (plain not in known.ordinary or (written[0].isupper() and not _begins(text, start))):
            yield start, end, "name"
        for name in full:
            if len(name) > 1 and tuple(word[3] for word in words[place : place + len(name)]) == name:
                yield start, words[place + len(name) - 1][1], "name"
    mentioned = set(_mentioned(known))
    greeted = {folded(one.group(1)) for one in _GREETED.finditer(known.words)} - set(known.ordinary)
    for (start, end, written, plain), (_, after, _, following) in pairwise(words):
        if (plain, following) in mentioned and text[end : after - len(following)].strip(" \t\n-") == "":
            yield start, after, "name"
        if plain in greeted and written[0].isupper():
            yield start, end, "name"
    if words and words[-1][3] in greeted and words[-1][2][0].isupper():
        yield words[-1][0], words[-1][1], "name"


def _mentioned(known: Known) -> Iterator[tuple[str, str]]:
    """Two words with capital letters beside each other in the case: a name, unless both are words in common use."""
    words = [(one.start(), one.end(), one.group()) for one in _WORD.finditer(known.words)]
    for (_, end, one), (start, _, other) in pairwise(words):
        beside = known.words[end:start] in (" ", "-", "\u00a0")
        if beside and one[0].isupper() and other[0].isupper() and len(one) > 1 and len(other) > 1:
            pair = (folded(one), folded(other))
            if not (pair[0] in known.ordinary and pair[1] in known.ordinary):
                yield pair


def _begins(text: str, start: int) -> bool:
    """Whether a sentence begins at a place."""
    before = text[:start].rstrip(" \t\"“„'(*_#>-")
    return not before or before[-1] in ".!?:\n"


def _references(text: str, known: Known) -> Iterator[Hit]:
    exact = {_plain(one) for one in known.references if len(_plain(one)) >= _SHORTEST}
    held = {
        _plain(token) for token in _TOKEN.findall(known.words) if sum(map(str.isdigit, token)) >= _SHORTEST
    }  # fmt: skip
    tokens = [(one.start(), one.start() + len(said), said) for one in _TOKEN.finditer(text)
              for said in (one.group().rstrip(".,:!?"),)]  # fmt: skip
    for place, (start, end, token) in enumerate(tokens):
        plain = _plain(token)
        if plain in exact:
            yield start, end, "reference"
        elif plain in held and len(plain) > _SHORTEST and not _YEAR.fullmatch(plain):
            around = [tokens[near][2] for near in (place - 1, place + 1) if 0 <= near < len(tokens)]
            if not any(_CURRENCY.fullmatch(word) for word in around) and token[:1] not in "€$£₹¥":
                yield start, end, "reference"


def _plain(token: str) -> str:
    return "".join(letter for letter in folded(token) if letter.isalnum())


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
