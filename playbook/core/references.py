"""What an article quotes of the playbook: written as a reference, read as what the version in force says.

    {target:order.damaged first_response}   a target of a category           4 working hours
    {limit:refund L1 EUR}                   up to what a level may decide    EUR 100
    {owner:order.damaged}                   the team that owns a category    Delivery and returns
    {team:payments}                         a team's name                    Payments
    {fact:3 to 5 days}                      a number that is nobody's promise here, said on purpose

An article that named the number itself would go on saying it after the playbook has changed. So numbers with a unit of
time or money and names of teams are refused (`literals`), and what a reference cannot find is, too (`problems`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from escalations.core.policy import Policy
from escalations.core.policy.values import Span
from escalations.core.words.phrases import amount

_REFERENCE = re.compile(r"\{([A-Za-z]{1,20}):([^{}\n]{0,200})\}")
_EMPHASIS = re.compile(r"[*_`~\u00ad\u200b-\u200d\u2060]")
_PRIVATE = re.compile("[\ue000-\uf8ff\0]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~-])")

SHAPES: Mapping[str, str] = {
    "target": "{target:CATEGORY KIND}, for example {target:order.damaged first_response}",
    "limit": "{limit:REMEDY LEVEL CURRENCY}, for example {limit:refund L1 EUR}",
    "owner": "{owner:CATEGORY}, for example {owner:order.damaged}",
    "team": "{team:KEY}, for example {team:payments}",
    "fact": "{fact:WORDS}, for example {fact:3 to 5 days}",
}
"""How each kind of reference is written."""

_UNITS: Mapping[str, tuple[Mapping[str, tuple[str, str]], Mapping[str, tuple[str, str]]]] = {
    "en": (
        {"day": ("day", "days"), "hour": ("hour", "hours"), "minute": ("minute", "minutes")},
        {"hour": ("working hour", "working hours"), "minute": ("working minute", "working minutes")},
    ),
    "de": (
        {"day": ("Tag", "Tage"), "hour": ("Stunde", "Stunden"), "minute": ("Minute", "Minuten")},
        {"hour": ("Arbeitsstunde", "Arbeitsstunden"), "minute": ("Arbeitsminute", "Arbeitsminuten")},
    ),
    "es": (
        {"day": ("día", "días"), "hour": ("hora", "horas"), "minute": ("minuto", "minutos")},
        {"hour": ("hora laborable", "horas laborables"), "minute": ("minuto laborable", "minutos laborables")},
    ),
}
_GONE: Mapping[str, str] = {
    "en": "(no longer in the playbook: {what})",
    "de": "(steht nicht mehr im Playbook: {what})",
    "es": "(ya no está en el playbook: {what})",
}


class Unknown(LookupError):
    """A reference that leads nowhere; `str()` of it says why, and what to write."""


def problems(text: str, policy: Policy) -> list[str]:
    """What is wrong with the references of a text, a sentence each, in order and each once."""
    found: list[str] = []
    for match in _REFERENCE.finditer(text):
        try:
            _say(match[1], match[2], policy, "en")
        except Unknown as error:
            found.append(str(error))
    return list(dict.fromkeys(found))


def resolved(text: str, policy: Policy, language: str, mark: Callable[[str], str] | None = None) -> str:
    """The Markdown text with each reference replaced by what the policy says, in words of `language`.

    What the policy does not know any more is said in its place: a gap that is seen is better than an old number. `mark`
    may put signs around each (a page that shows what is quoted).
    """

    def replaced(match: re.Match[str]) -> str:
        try:
            said = _say(match[1], match[2], policy, language)
        except Unknown:
            what = f"{match[1]} {match[2]}".strip()
            said = _GONE.get(language, _GONE["en"]).format(what=what)
        said = _MARKDOWN.sub(r"\\\1", said)
        return mark(said) if mark else said

    return _REFERENCE.sub(replaced, text)


def stale(text: str, policy: Policy) -> bool:
    """Whether a text quotes something that the policy does not know any more."""
    return bool(problems(text, policy))


def unreferenced(text: str) -> str:
    """A text as it is searched: facts as they stand, other references left out, and no signs of private use."""
    plain = _REFERENCE.sub(lambda match: match[2] if match[1] == "fact" else "…", text)
    return _PRIVATE.sub("", plain)


def quoted_facts(text: str) -> list[str]:
    """What the author says is nobody's promise here, for a reviewer's second look."""
    return [match[2].strip() for match in _REFERENCE.finditer(text) if match[1] == "fact"]


def span(length: Span, language: str) -> str:
    """A length of time in words: `4 working hours`, `3 Tage`."""
    elapsed, business = _UNITS.get(language, _UNITS["en"])
    names = business if length.basis == "business" else elapsed
    parts, left = [], length.seconds
    for unit, seconds in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if unit not in names or (unit == "day" and length.seconds % 86_400):
            continue
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {names[unit][count != 1]}")
    return " ".join(parts) or f"{length.seconds} s"


def _say(kind: str, written: str, policy: Policy, language: str) -> str:
    parts = written.split()
    central = policy.central
    if kind == "fact":
        if not parts:
            raise Unknown(f"Say the fact: {SHAPES['fact']}.")
        return " ".join(parts)
    if kind not in SHAPES:
        raise Unknown(f"There is no reference {{{kind}:…}}. Write one of: {'; '.join(SHAPES.values())}.")
    if len(parts) != {"target": 2, "limit": 3, "owner": 1, "team": 1}[kind]:
        raise Unknown(f"Write it as {SHAPES[kind]}, not {{{kind}:{written}}}.")
    if kind == "team":
        team = central.teams.get(parts[0])
        if team is None:
            raise Unknown(f"The playbook has no team {parts[0]!r}; there are {_some(central.teams)}.")
        return team.name
    if kind == "limit":
        return _limit(policy, *parts)
    category = central.categories.get(parts[0])
    if category is None:
        raise Unknown(f"The playbook has no category {parts[0]!r}.")
    if kind == "owner":
        return central.teams[category.owner].name
    known = {str(name): target for name, target in {**central.defaults.targets, **category.targets}.items()}
    if parts[1] not in known:
        raise Unknown(f"{parts[0]} has no target {parts[1]!r}; there are {_some(known)}.")
    return span(known[parts[1]], language)


def _limit(policy: Policy, remedy: str, level: str, currency: str) -> str:
    known = policy.central.remedies.get(remedy)
    if known is None:
        raise Unknown(f"The playbook has no remedy {remedy!r}; there are {_some(policy.central.remedies)}.")
    amounts = known.limits.get(level)
    if amounts is None:
        raise Unknown(f"{remedy} has no limit at {level!r}; there are {_some(known.limits) or 'none'}.")
    if currency not in amounts.by_currency:
        raise Unknown(f"{remedy} at {level} has no limit in {currency!r}; there are {_some(amounts.by_currency)}.")
    return amount(amounts.by_currency[currency], currency)


def _some(keys: Mapping[str, object]) -> str:
    listed = sorted(keys)
    return ", ".join(listed[:20]) + (", …" if len(listed) > 20 else "")


# ------------------------------------------------------------------------------------------------- what is written out


class Found(NamedTuple):
    """Something that is written out where a reference belongs."""

    kind: Literal["time", "money", "team"]
    words: str

    def __str__(self) -> str:
        return f"“{self.words}”: {_INSTEAD[self.kind]}"


_INSTEAD = {
    "time": "write a time of the playbook as {target:CATEGORY KIND}; one that is nobody's promise here as {fact:…}",
    "money": "write a limit of the playbook as {limit:REMEDY LEVEL CURRENCY}; another amount as {fact:…}",
    "team": "write the team as {owner:CATEGORY} or {team:KEY}, so that it stays right when somebody else takes over",
}

_COUNT = (
    r"(?:\d+(?:[.,]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty"
    r"|einen?|eine[rms]?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|vierzehn"
    r"|un|una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|catorce)"
)
_KIND_OF_DAY = r"(?:(?:working|business|calendar|full|volle[nr]?|ganze[nr]?|natural(?:es)?|hábil(?:es)?)[\s-]*)?"
_UNIT = (
    r"(?:h|hrs?|hours?|mins?|minutes?|days?|weeks?|months?"
    r"|stunden?|std|minuten?|tagen?|tage?s?|(?:werk|arbeits|kalender)tag(?:en?|s|es)?|arbeitsstunden?|wochen?|monaten?|monate?s?"
    r"|horas?|minutos?|d[ií]as?|semanas?|mes|meses)"
)
_TIME = re.compile(
    rf"(?<![\w.,]){_COUNT}(?:\s*(?:-|–|to|bis|a|/|or|oder|o)\s*{_COUNT})?[\s-]*{_KIND_OF_DAY}{_UNIT}(?!\w)"
    r"|(?<!\w)(?:half\s+an?\s+(?:hour|day)|halbe[nr]?\s+(?:stunde|tag)|media\s+hora|medio\s+d[ií]a)(?!\w)",
    re.IGNORECASE,
)
_NUMBER = r"\d(?:[\d.,' ]*\d)?"
_SIGN = r"(?:€|\$|£|¥|₹|zł)"
_MONEY_WORD = r"(?:euros?|dollars?|pounds?|cents?|yen|rupees?|pfund|dólares|libras|rupias|yenes|złoty)"

Teams = Sequence[str]


def literals(text: str, policy: Policy) -> list[Found]:
    """What a text writes out that the playbook says: times, amounts, names of teams of the policy. In order, once each.

    A team whose name is one word (Payments) is meant where it stands inside a sentence with its capital, or beside the
    word team; the thing itself (check the payments) is not.
    """
    plain = unicodedata.normalize("NFKC", _EMPHASIS.sub("", _REFERENCE.sub(" … ", text)))
    currencies = "|".join(sorted(_currencies(policy)))
    money = re.compile(
        rf"(?:{_SIGN}|(?<![A-Za-z])(?:{currencies}))\s*{_NUMBER}"
        rf"|(?<![\w.,]){_NUMBER}\s*(?:{_SIGN}|(?:{currencies}|{_MONEY_WORD})(?!\w))",
        re.IGNORECASE,
    )
    found: list[tuple[int, Found]] = []
    found += [(match.start(), Found("time", _one_line(match[0]))) for match in _TIME.finditer(plain)]
    found += [(match.start(), Found("money", _one_line(match[0]))) for match in money.finditer(plain)]
    found += _teams(plain, [team.name for team in policy.central.teams.values()])
    return list(dict.fromkeys(item for _, item in sorted(found, key=lambda item: item[0])))


def _teams(plain: str, names: Teams) -> Iterator[tuple[int, Found]]:
    for name in names:
        words = r"\s+".join(map(re.escape, unicodedata.normalize("NFKC", name).split()))
        if " " in name.strip():
            pattern = re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
        else:
            team = r"(?:team|equipo(?:\s+de)?)"
            pattern = re.compile(
                rf"(?<!\w)(?i:{team}\s+{words}|{words}[\s-]+team)(?!\w)|(?<=[\w,;:)]\s){words}(?!\w)"
            )  # a capital after the end of a sentence says nothing
        for match in pattern.finditer(plain):
            yield match.start(), Found("team", _one_line(match[0]))


def _currencies(policy: Policy) -> set[str]:
    known = {"EUR", "USD", "GBP", "CHF"} | {region.currency for region in policy.central.regions.values()}
    for remedy in policy.central.remedies.values():
        for amounts in remedy.limits.values():
            known |= set(amounts.by_currency)
    return known


def _one_line(text: str) -> str:
    return " ".join(text.split())
