"""How a story is written: what came in, and what everybody did about it, step by step.

    Story(
        "parcel-lost", "order.not-received", "no-movement",
        "Parcel with {item} has not moved for {days} days",
        "I ordered {item} ...",
        worth=(40, 120),
        steps=(
            answer(25, "Thank you for writing. I have opened a trace ..."),
            pause(5, "waiting-carrier", "Trace {trace}, opened today"),
            got(2600, "tracking", "Carrier's answer to {trace}: lost"),
            give(20, "refund", 1, "Lost by the carrier."),
            resolve(5, "carrier-lost", "The carrier has lost your parcel ..."),
        ),
    )

`after` is in minutes since the step before: working minutes of the team that has the case for what colleagues do,
minutes on the wall clock for what the party or somebody outside does. A step for which there is no occasion when its
time comes (nothing to accept, nothing to decide) is left out. Words may name `{item}`, `{order}`, `{amount}` and the
other values of `binding.Binding`; answers get greeting and signature by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

By = Literal["holder", "lead", "receiver", "senior", "party", "outside", "engine"]

EVERYWHERE = ("gb", "us", "eu", "in", "br", "jp", "eu-de", "eu-es", "gb", "us")
EUROPE = ("eu", "eu-de", "eu-es", "eu")

WORTH = "worth"
"""Stands for the story's sum of money among facts and signals."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody does, `after` minutes later. `act` names a method of `acts.Acts`."""

    act: str
    after: float
    words: str = ""
    by: By = "holder"
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outside(self) -> bool:
        """Whether it happens outside the desk, at any hour."""
        return self.by in ("party", "outside")


@dataclass(frozen=True, slots=True)
class Story:
    """A case as it could happen. `worth` is a range in euros; other currencies are scaled as the playbook's limits."""

    key: str
    category: str
    symptom: str
    summary: str
    text: str
    steps: tuple[Step, ...]
    regions: tuple[str, ...] = EVERYWHERE
    language: str = "en"
    kind: Literal["buyer", "seller", "other"] = "buyer"
    sources: tuple[str, ...] = ("form", "mail", "chat")
    worth: tuple[float, float] = (18, 120)
    items: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[str, Any] = field(default_factory=dict)


def of_seller(key: str, category: str, symptom: str, summary: str, text: str, **more: Any) -> Story:
    """A story of a seller, who writes by form or mail and rarely by telephone."""
    given = {"kind": "seller", "sources": ("form", "mail", "form", "phone")} | more
    return Story(key, category, symptom, summary, text, **given)


def answer(after: float, words: str, *, promise_h: float | None = None) -> Step:
    """A colleague writes to the party; with `promise_h`, promises to write again within so many hours."""
    return Step("answer", after, words, data={"promise_h": promise_h})


def hears(after: float, words: str, *, means: str = "mail") -> Step:
    """The party writes."""
    return Step("hears", after, words, "party", {"means": means})


def note(after: float, words: str) -> Step:
    """A note among colleagues."""
    return Step("note", after, words)


def got(after: float, item: str, words: str = "", *, outside: bool = False) -> Step:
    """An item of evidence is there; `outside` when it comes by itself, at any hour."""
    return Step("got", after, words, "outside" if outside else "holder", {"item": item})


def waive(after: float, item: str, words: str) -> Step:
    """An item of evidence is not needed."""
    return Step("waive", after, words, data={"item": item})


def pause(after: float, reason: str, words: str) -> Step:
    """The case waits, on this evidence."""
    return Step("pause", after, words, data={"reason": reason})


def hand_off(after: float, team: str, words: str, *, to_person: bool = False) -> Step:
    """The case goes to another team, or to the best of its people."""
    return Step("hand_off", after, words, data={"team": team, "to_person": to_person})


def accept(after: float) -> Step:
    """Somebody of the receiving team accepts it."""
    return Step("accept", after, by="receiver")


def send_back(after: float, words: str) -> Step:
    """The receiving team returns it as misrouted."""
    return Step("send_back", after, words, "receiver")


def triage(after: float, words: str = "") -> Step:
    """A lead looks at a case that nobody has yet."""
    return Step("triage", after, words, "lead")


def assign_to(after: float, username: str) -> Step:
    """A lead gives it to somebody."""
    return Step("assign_to", after, by="lead", data={"username": username})


def escalate(after: float, cause: str, words: str, *, kind: str = "manual") -> Step:
    """Somebody raises it by hand."""
    return Step("escalate", after, words, data={"cause": cause, "kind": kind})


def calm(after: float, words: str) -> Step:
    """An escalation is taken back."""
    return Step("calm", after, words, "lead")


def give(after: float, remedy: str, share: float | None = None, words: str = "") -> Step:
    """A remedy, in money as a share of the story's worth. Above the authority it is asked for."""
    return Step("give", after, words, data={"remedy": remedy, "share": share})


def decide(after: float, approve: bool, words: str) -> Step:
    """Somebody whose level suffices answers the request for a remedy."""
    return Step("decide", after, words, "senior", {"approve": approve})


def facts(
    after: float,
    words: str = "",
    *,
    changes: Mapping[str, Any] | None = None,
    states: Mapping[str, str] | None = None,
) -> Step:
    """Facts are found out, verified or dismissed."""
    return Step("facts", after, words, data={"changes": changes or {}, "states": states or {}})


def again(after: float, summary: str, words: str) -> Step:
    """The party opens a second case about the same matter, by another way in."""
    return Step("again", after, words, "party", {"summary": summary})


def merge(after: float, words: str) -> Step:
    """The second case is merged into this one."""
    return Step("merge", after, words)


def resolve(after: float, root_cause: str, words: str) -> Step:
    """The end: what it turned out to be, and what the party is told."""
    return Step("resolve", after, words, data={"root_cause": root_cause})


def close(after: float) -> Step:
    """The holder closes the resolved case before the desk does."""
    return Step("close", after)


def reopen(after: float, words: str) -> Step:
    """The party is not content and the case is open again."""
    return Step("reopen", after, words, "party")
