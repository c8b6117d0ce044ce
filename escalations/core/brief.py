"""The brief: the concise history that travels with a case through every handoff.

Made from what is on record, never typed anew: impact from the facts, what was done from the events, what was promised
from the clocks, what is missing from the evidence, what is open from the notes that end in a question, the path from
the intervals of ownership. Whoever gets the case reads this first and asks the party for nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

LONGEST = 12
"""Steps that a brief tells; older ones are counted."""

# What an event means in the story of a case; kinds that are bookkeeping are not told.
TOLD: dict[str, str] = {
    "case.opened": "case opened",
    "case.assigned": "given to {person}",
    "message.sent": "answered the party",
    "message.received": "the party wrote",
    "note.added": "noted",
    "evidence.received": "received: {item}",
    "evidence.waived": "not needed any more: {item}",
    "case.paused": "paused: {reason}",
    "case.resumed": "went on ({because})",
    "handoff.offered": "handed off",
    "handoff.returned": "returned as misrouted",
    "case.escalated": "escalated from {from} to {to}",
    "rung.fired": "escalated by time to {to}",
    "case.de_escalated": "back down from {from} to {to}",
    "remedy.granted": "granted {remedy}",
    "remedy.requested": "asked for {remedy}",
    "remedy.refused": "refused {remedy}",
    "facts.changed": "facts changed: {keys}",
    "case.resolved": "resolved: {root_cause}",
    "case.reopened": "reopened",
    "case.merged_here": "{reference} was merged into this case",
    "import.opened": "opened at another desk",
    "import.handed_off": "handed off there",
    "import.resolved": "resolved there",
    "import.reopened": "reopened there",
    "import.closed": "closed there",
}


class Step(NamedTuple):
    """One event as the brief reads it. `words` is its erasable text, empty when it has none or was erased."""

    at: dt.datetime
    kind: str
    who: str
    data: dict[str, Any]
    words: str = ""


class Line(NamedTuple):
    """One line of the brief."""

    at: dt.datetime
    who: str
    text: str


class Stay(NamedTuple):
    """One interval of ownership; `returned` says that the handoff there was returned as misrouted."""

    team: str
    level: str
    since: dt.datetime
    returned: bool = False


class Promise(NamedTuple):
    """What the party was told, for when."""

    what: str
    due: dt.datetime


class Brief(NamedTuple):
    """The brief, ready to be shown or stored."""

    impact: tuple[str, ...]
    done: tuple[Line, ...]
    untold: int
    promised: tuple[Promise, ...]
    missing: tuple[str, ...]
    questions: tuple[Line, ...]
    next_action: str
    path: tuple[Stay, ...]

    def document(self) -> dict[str, Any]:
        """The brief as JSON: what a handoff stores."""
        return {
            "impact": list(self.impact),
            "done": [{"at": line.at.isoformat(), "who": line.who, "text": line.text} for line in self.done],
            "untold": self.untold,
            "promised": [{"what": item.what, "due": item.due.isoformat()} for item in self.promised],
            "missing": list(self.missing),
            "questions": [{"at": line.at.isoformat(), "who": line.who, "text": line.text} for line in self.questions],
            "next_action": self.next_action,
            "path": [
                {"team": stay.team, "level": stay.level, "since": stay.since.isoformat(), "returned": stay.returned}
                for stay in self.path
            ],
        }


def make(
    *,
    impact: Sequence[str],
    steps: Sequence[Step],
    promised: Sequence[Promise],
    missing: Sequence[str],
    path: Sequence[Stay],
    status: str,
    held: bool = True,
    offered: bool = False,
    waiting_for_approval: bool = False,
    longest: int = LONGEST,
) -> Brief:
    """The brief of a case. `steps` in their order; the last `longest` that are told are kept, the opening always.

    `status`, whether somebody has it (`held`) and the two flags decide the next action, in the order in which they
    hold a case up.
    """
    lines = [(step, _line(step)) for step in steps if step.kind in TOLD]
    told = [line for _, line in lines]
    kept = told if len(told) <= longest else [told[0], *told[-(longest - 1) :]]
    answered = {"message.sent", "note.added"}
    questions = [
        line
        for place, (step, line) in enumerate(lines)
        if step.kind == "note.added"
        and step.words.rstrip().endswith("?")
        and not any(later.kind in answered and later.words for later, _ in lines[place + 1 :])
    ]
    return Brief(
        impact=tuple(impact),
        done=tuple(kept),
        untold=len(told) - len(kept),
        promised=tuple(sorted(promised, key=lambda item: item.due)),
        missing=tuple(missing),
        questions=tuple(questions),
        next_action=_next(status, missing, held=held, offered=offered, waiting_for_approval=waiting_for_approval),
        path=tuple(path),
    )


def _line(step: Step) -> Line:
    values = {key: ", ".join(map(str, value)) if isinstance(value, list) else value for key, value in step.data.items()}
    text = TOLD[step.kind].format_map(_Blank(values))
    words = " ".join(step.words.split())
    if words:
        text = f"{text}: {words if len(words) <= 200 else words[:197] + '…'}"
    return Line(step.at, step.who, text)


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def _next(status: str, missing: Sequence[str], *, held: bool, offered: bool, waiting_for_approval: bool) -> str:
    if offered:
        return "accept the handoff, or return it with the reason"
    if waiting_for_approval:
        return "decide on the remedy that waits for approval"
    if not held and status in ("new", "triaged", "reopened", "assigned", "in_progress"):
        return "take the case, or give it to somebody"
    if status == "waiting":
        return "wait; the clocks go on by themselves"
    if missing:
        return f"get what is missing: {', '.join(missing)}"
    if status == "resolved":
        return "close the case when the party agrees"
    if status in ("closed", "merged"):
        return "nothing"
    return "decide, tell the party, resolve"
