"""The facts of a case that the engine may read: typed values, each with its source and state.

A fact that nobody gave is *unknown*. Free text never becomes a fact: conditions read fields, not prose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple

FactState = Literal["given", "claimed", "verified", "dismissed"]

# What every case has by itself; a policy declares all others.
BUILTIN: Mapping[str, str] = {
    "category": "text",
    "symptom": "text",
    "region": "text",
    "language": "text",
    "source": "text",
    "party_kind": "text",
}


class Money(NamedTuple):
    """An amount in one currency; the core never converts between currencies."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,.2f}"


Value = bool | int | str | Money | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: `given` by the system, `claimed` by somebody, `verified` by staff, or `dismissed` with a reason."""

    value: Value
    state: FactState = "given"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of one case at one moment. Built-in facts are always `given`."""

    values: Mapping[str, Fact] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)

    def get(self, key: str) -> Value | None:
        """The value of a fact, or None when it is unknown or was dismissed."""
        fact = self.values.get(key)
        return None if fact is None or fact.state == "dismissed" else fact.value

    def text(self, key: str) -> str:
        """A built-in text fact; the empty string when absent."""
        value = self.get(key)
        return value if isinstance(value, str) else ""


class FactError(ValueError):
    """A fact that cannot be read; `field` names the place in the case document."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


def parse_value(key: str, kind: str, raw: Any) -> Value:
    """A fact's value from JSON, checked against its declared type (`flag`, `number`, `money`, `text`, `list`).

    Raises FactError that names the field and what was expected.
    """
    if kind == "flag" and isinstance(raw, bool):
        return raw
    if kind == "number" and isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if kind == "text" and isinstance(raw, str) and raw:
        return raw
    if kind == "list" and isinstance(raw, list | tuple) and all(isinstance(item, str) for item in raw):
        return tuple(raw)
    if kind == "money" and isinstance(raw, Mapping):
        try:
            amount = Decimal(str(raw["amount"]))
            currency = str(raw["currency"])
        except (KeyError, InvalidOperation):
            raise FactError(key, 'give money as {"amount": "250.00", "currency": "EUR"}') from None
        if (
            not amount.is_finite()
            or amount < 0
            or amount >= Decimal(10) ** 12
            or amount != amount.quantize(Decimal("0.01"))
        ):
            raise FactError(key, "an amount is zero or more, below a million million, with at most two decimals")
        if len(currency) != 3 or not currency.isascii() or not currency.isupper():
            raise FactError(key, "a currency is three capital letters, for example EUR")
        return Money(amount, currency)
    wanted = {
        "flag": "true or false",
        "number": "a whole number",
        "text": "a text",
        "list": "a list of texts",
        "money": 'an amount such as {"amount": "250.00", "currency": "EUR"}',
    }[kind]
    raise FactError(key, f"expected {wanted}, got {raw!r}")


def plain(value: Value) -> Any:
    """A value as JSON: the inverse of `parse_value`."""
    if isinstance(value, Money):
        return {"amount": f"{value.amount:f}", "currency": value.currency}
    return list(value) if isinstance(value, tuple) else value
