"""Phrases: facts, amounts, spans and conditions of one policy in plain words.

Two ways to read a condition. `asks` says what it demands, for pages and diffs; `because` says how it stands with the
facts of one case, which is the same sentence whether the condition held or not: it states facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from escalations.core.facts import Facts, Money, Value
from escalations.core.matrix.logic import Reading, holds
from escalations.core.policy import All, Amounts, AnyOf, Condition, Not, Policy, Span, Test

MaySee = Callable[[str], bool]
"""Whether the reader may see what is guarded by a channel, given its key."""

RESTRICTED = "a restricted condition"
BUILTIN_NAMES = {"party_kind": "party"}
TARGET_NAMES = {
    "assign": "assigned within",
    "first_response": "first answer within",
    "next_update": "next update within",
    "resolution": "resolved within",
}


def everyone(visibility: str) -> bool:
    """The reader who may see everything."""
    return True


class Phrases:
    """Words for one policy and one reader; with the facts of a case, also how conditions stand there."""

    def __init__(self, policy: Policy, may_see: MaySee = everyone, facts: Facts | None = None) -> None:
        self._central = policy.central
        self._may_see = may_see
        self._facts = facts or Facts()

    def hidden(self, visibility: str | None) -> bool:
        """Whether something of this visibility is kept from the reader."""
        return visibility is not None and not self._may_see(visibility)

    def fact_hidden(self, key: str) -> bool:
        """Whether the reader may not see a fact's value."""
        definition = self._central.facts.get(key)
        return definition is not None and self.hidden(definition.visibility)

    def fact(self, key: str) -> str:
        """A fact's name inside a sentence."""
        definition = self._central.facts.get(key)
        return inside(definition.name) if definition else BUILTIN_NAMES.get(key, key)

    def value(self, key: str, value: Value) -> str:
        """A fact's value; keys of categories, regions and symptoms by their names."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, Money):
            return amount(value.amount, value.currency)
        if isinstance(value, str):
            return self._word(key, value)
        if isinstance(value, int):
            return str(value)
        return listing([self._word(key, str(item)) for item in value]) or "nothing"

    def _word(self, key: str, word: str) -> str:
        if key == "category" and word in self._central.categories:
            return self._central.categories[word].name
        if key == "region" and word in self._central.regions:
            return self._central.regions[word].name
        if key == "symptom":
            own = self._central.categories.get(self._facts.text("category"))
            return own.symptoms.get(word, word) if own else word
        definition = self._central.facts.get(key)
        if definition is not None and not definition.values:
            return word  # a text of its own, such as a parcel's number: kept letter by letter
        return word.replace("_", " ") if word else "something else"

    def asks(self, condition: Condition) -> str:
        """What a condition demands: `money at risk is at least EUR 1,000 or USD 1,100`."""
        if isinstance(condition, All):
            return " and ".join(unique(self._grouped(part) for part in condition.all))
        if isinstance(condition, AnyOf):
            return " or ".join(unique(self._grouped(part) for part in condition.any))
        if isinstance(condition, Not):
            return f"not so: {self._grouped(condition.negated)}"
        if self.test_hidden(condition):
            return RESTRICTED
        name, operand = self.fact(condition.fact), self._operand(condition)
        if condition.op == "present":
            return f"{name} is known" if condition.value else f"{name} is not known"
        if isinstance(condition.value, bool):
            return f"{name}: {'yes' if condition.value is (condition.op == 'eq') else 'no'}"
        return {
            "eq": f"{name} is {operand}",
            "ne": f"{name} is not {operand}",
            "in": f"{name} is {operand}",
            "gte": f"{name} is at least {operand}",
            "lte": f"{name} is at most {operand}",
            "contains": f"{operand} is among {name}",
        }[condition.op]

    def because(self, condition: Condition, no_band: bool | None = None) -> str:
        """How a condition stands with the facts of the case, named as far as they decide it.

        `no_band` as in `matrix.holds`.
        """
        if isinstance(condition, Test):
            return self._stands(condition)
        if isinstance(condition, Not):
            return self.because(condition.negated, None if no_band is None else not no_band)
        parts = condition.all if isinstance(condition, All) else condition.any
        answer = holds(condition, self.read, no_band)
        decisive = isinstance(condition, AnyOf)
        if answer is (not decisive):
            said = unique(self.because(part, no_band) for part in parts)
            told = {fact for fact in map(self._tells, parts) if fact is not None}
            # That a fact is known goes without saying where its value is told.
            needless = {f"{self.fact(fact)} is known" for fact in told}
            return " and ".join(phrase for phrase in said if phrase not in needless)
        # One part decides: the first that does, or the first that leaves it open.
        return next(self.because(part, no_band) for part in parts if holds(part, self.read, no_band) is answer)

    @staticmethod
    def _tells(part: Condition) -> str | None:
        """The fact whose value a comparison tells."""
        return part.fact if isinstance(part, Test) and part.op != "present" else None

    def read(self, key: str) -> Reading:
        """The facts of the case, as conditions read them."""
        return self._facts.get(key)

    def state(self, key: str) -> str:
        """`claimed` for a claim, else nothing."""
        fact = self._facts.values.get(key)
        return "claimed" if fact is not None and fact.state == "claimed" else ""

    def _stands(self, test: Test) -> str:
        if self.test_hidden(test):
            return RESTRICTED
        name, value, state = self.fact(test.fact), self._facts.get(test.fact), self.state(test.fact)
        if value is None:
            return f"{name} is not known"
        if test.op == "present":
            return f"{name} is known"
        words = self.value(test.fact, value)
        said = f"{words} ({state})" if state else words
        if isinstance(value, bool):
            return f"{name} ({state}): {words}" if state else f"{name}: {words}"
        answer = holds(test, self.read)
        if answer is None and isinstance(value, Money):
            return f"{name} is {said}, and no amount is named for {value.currency}"
        operand = self._operand(test)
        if test.op == "contains":
            return f"{operand} is {'' if answer else 'not '}among {name}"
        if test.op in ("gte", "lte"):
            bound = f"at {'least' if test.op == 'gte' else 'most'} {operand}"
            held = f"{name} ({', '.join(filter(None, (words, state)))}) is {bound}"
            return held if answer else f"{name} is {said}, not {bound}"
        if answer is (test.op == "ne"):
            return f"{name} is {said}, not {operand}"
        return f"{name} is {said}"

    def test_hidden(self, test: Test) -> bool:
        """Whether a comparison, or the fact that it reads, is kept from the reader."""
        return self.hidden(test.visibility) or self.fact_hidden(test.fact)

    def _operand(self, test: Test) -> str:
        """What a test compares with; of amounts the one in the case's currency, or all."""
        wanted = test.value
        if isinstance(wanted, Amounts):
            value = self._facts.get(test.fact)
            named = wanted.by_currency
            if isinstance(value, Money) and value.currency in named:
                return amount(named[value.currency], value.currency)
            return listing([amount(number, currency) for currency, number in sorted(named.items())], "or")
        if isinstance(wanted, tuple):
            return listing([self.value(test.fact, word) for word in wanted], "or")
        return self.value(test.fact, wanted)

    def _grouped(self, part: Condition) -> str:
        words = self.asks(part)
        return f"({words})" if isinstance(part, All | AnyOf) and " " in words else words


def amount(number: Decimal, currency: str) -> str:
    """`EUR 4,100`, or `EUR 4,100.50` where there are cents."""
    return f"{currency} {number:,.0f}" if number == number.to_integral_value() else f"{currency} {number:,.2f}"


def span(length: Span) -> str:
    """`4 business hours`, `72 hours`, `30 business minutes`, `30 days`."""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if length.seconds % size == 0 and (unit != "day" or (length.basis == "elapsed" and length.seconds > 4 * size)):
            break
    count = length.seconds // size
    kind = "business " if length.basis == "business" else ""
    return f"{count} {kind}{unit}{'' if count == 1 else 's'}"


def listing(words: list[str], last: str = "and") -> str:
    """`a, b and c`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def unique(phrases: Iterable[str]) -> list[str]:
    """Each phrase once, in order: several restricted conditions are told as one."""
    return list(dict.fromkeys(phrases))


def inside(name: str) -> str:
    """A name as it stands inside a sentence: without its capital, unless it is an abbreviation."""
    return name[0].lower() + name[1:] if name[1:2] == " " or name[1:2].islower() else name
