"""A story, told of one party, one order and one sum: what its words and facts become."""

from __future__ import annotations

import datetime as dt
import random
import string
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self
from zoneinfo import ZoneInfo

from escalations.core.policy import Policy
from escalations.demo import names
from escalations.demo.story import WORTH, Story

GREETING = {"en": "Dear {name},", "de": "Guten Tag {full},", "es": "Hola, {name}:"}
GOODBYE = {"en": "Kind regards", "de": "Freundliche Grüße", "es": "Un saludo"}


@dataclass(frozen=True, slots=True)
class Binding:
    """What is particular to one telling of a story. `source` is the way in by which the party writes."""

    story: Story
    region: str
    language: str
    source: str
    person: names.Person
    external_id: str
    email: str
    phone: str
    worth: Decimal
    currency: str
    values: Mapping[str, str]

    @classmethod
    def of(cls, story: Story, *, rng: random.Random, received: dt.datetime, policy: Policy, region: str = "") -> Self:
        """Tell a story: everything that it leaves open is drawn from `rng`."""
        region = region or rng.choice([key for key in story.regions if key in policy.central.regions])
        spec = policy.central.regions[region]
        worth = _sum(rng, story, spec.currency)
        seller = story.kind == "seller"
        who = names.person(rng, region, seller=seller)
        local = received.astimezone(ZoneInfo(policy.central.calendars[spec.calendar].timezone))
        days = rng.randint(3, 9)
        ordered, yesterday = local - dt.timedelta(days=days + 3), local - dt.timedelta(days=1)
        values = {
            "name": who.first,
            "full": f"{who.first} {who.last}",
            "item": rng.choice(story.items or names.GOODS),
            "order": f"MP-{rng.randrange(10**6, 10**7)}",
            "listing": f"L-{rng.randrange(10**5, 10**6)}",
            "payout": f"PO-{rng.randrange(10**4, 10**5)}",
            "invoice": f"{local.year}-{local.month:02d}-{rng.randrange(1000, 10000)}",
            "trace": "".join(rng.choices(string.ascii_uppercase, k=2)) + str(rng.randrange(10**8, 10**9)),
            "bank": f"BK{rng.randrange(10**6, 10**7)}",
            "days": str(days),
            "ordered": names.month_day(ordered.month, ordered.day, story.language),
            "yesterday": names.month_day(yesterday.month, yesterday.day, story.language),
            "carrier": rng.choice(names.CARRIERS),
            "town": rng.choice(names.TOWNS.get(region, names.TOWNS["eu"])),
            "brand": rng.choice(names.BRANDS),
            "shop": who.shop or names.shop(rng),
            "amount": written(worth, spec.currency),
            "part": written(_share(worth, 0.45, spec.currency), spec.currency),
            "half": written(_share(worth, 0.5, spec.currency), spec.currency),
        }
        return cls(
            story=story,
            region=region,
            language=story.language,
            source=rng.choice(story.sources),
            person=who,
            external_id=f"{'S' if seller else 'B'}-{rng.randrange(10**5, 10**6)}" if story.kind != "other" else "",
            email=names.address(rng, who),
            phone=names.telephone(rng, region),
            worth=worth,
            currency=spec.currency,
            values=values,
        )

    def say(self, words: str) -> str:
        """Words of the story with this telling's names, numbers and sums."""
        return words.format_map(self.values)

    def letter(self, words: str, *, agent: str, team: str) -> str:
        """An answer with greeting and signature."""
        body = self.say(words)
        if self.language != "de":  # after a greeting with a comma German goes on with a small letter
            body = body[:1].upper() + body[1:]
        greeting = self.say(GREETING.get(self.language, GREETING["en"]))
        return f"{greeting}\n\n{body}\n\n{GOODBYE.get(self.language, GOODBYE['en'])}\n{agent}, {team}"

    def share(self, share: float | None) -> Decimal | None:
        """A share of the story's sum, as money is written in this currency."""
        return None if share is None else _share(self.worth, share, self.currency)

    def fact(self, value: Any) -> Any:
        """A fact's value: the story's sum for WORTH, or a multiple of it for `worth*12`."""
        if isinstance(value, Mapping) and "value" in value:
            return {**value, "value": self.fact(value["value"])}
        if not isinstance(value, str) or not value.startswith(WORTH):
            return value
        times = Decimal(value.partition("*")[2] or 1)
        return {"amount": str(self.worth * times), "currency": self.currency}

    def document(self, *, summary: str = "", text: str = "", source: str = "") -> dict[str, Any]:
        """The case as the contract writes it."""
        story = self.story
        party = {"kind": story.kind, "name": self.person.name, "email": self.email, "phone": self.phone}
        if self.external_id:
            party["external_id"] = self.external_id
        return {
            "category": story.category,
            "symptom": story.symptom,
            "summary": self.say(summary or story.summary),
            "description": self.say(text or story.text),
            "region": self.region,
            "language": self.language,
            "source": source or self.source,
            "external_ref": self.values["order"],
            "party": {**party, "language": self.language},
            "facts": {key: self.fact(value) for key, value in story.facts.items()},
            "signals": {key: self.fact(value) for key, value in story.signals.items()},
        }


def written(amount: Decimal, currency: str) -> str:
    """A sum as it stands in a sentence."""
    return f"{currency} {amount:,}"


def _sum(rng: random.Random, story: Story, currency: str) -> Decimal:
    low, high = story.worth
    return _money(rng.uniform(low, high) * names.PER_EURO.get(currency, 1), currency)


def _share(worth: Decimal, share: float, currency: str) -> Decimal:
    return _money(float(worth) * share, currency)


def _money(amount: float, currency: str) -> Decimal:
    if currency in ("JPY", "INR"):
        return Decimal(max(10, round(amount / 10) * 10))
    # Prices end in 0 or 9 more often than not; what is paid is never nothing.
    return max(Decimal("1.00"), Decimal(round(amount * 10)) / 10 - Decimal("0.01")).quantize(Decimal("0.01"))
