"""Acts on a case as a person finds them: which are possible now, which not and why; and carrying one out.

One thin view (`cases.act_view`) serves them all.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as __

from escalations.admin.act_table import ACTS, Act
from escalations.core import lifecycle
from escalations.core.actor import Actor
from escalations.forms.base import ActForm
from escalations.models import Case, User
from escalations.selectors.casepage import Top

#: The bar's places; of each, the first act that is possible is shown, or else the first one with its reason.
BAR: tuple[tuple[str, ...], ...] = (
    ("accept", "take"),
    ("reply",),
    ("note",),
    ("hand-off",),
    ("escalate",),
    ("pause", "resume"),
    ("resolve", "close", "reopen"),
)

#: Steps that a case takes once, at its beginning: afterwards nobody wants to hear why not.
FIRST_STEPS = frozenset({"triage", "start"})

#: The one next step of a state.
PRIMARY: dict[str, tuple[str, ...]] = {
    "new": ("accept", "take", "reply"),
    "triaged": ("accept", "take", "reply"),
    "assigned": ("accept", "reply"),
    "in_progress": ("accept", "resolve", "reply"),
    "waiting": ("accept", "resume"),
    "reopened": ("accept", "take", "reply"),
    "resolved": ("close",),
    "closed": ("reopen",),
    "merged": (),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """An act as this person finds it on this case now: possible, or the reason why not."""

    act: Act
    reason: str = ""
    primary: bool = False

    @property
    def possible(self) -> bool:
        """Whether it may be done now."""
        return not self.reason


def offer(act: Act, top: Top) -> Offer:
    """Whether an act is possible for the reader of this page now, and why not."""
    if act.rule in lifecycle.ON_ACCESS:
        return _on_access(act, top)
    if not top.works:
        return Offer(act, __("You may read this case, not work on it: its channel's owner decides who does."))
    move = lifecycle.allowed(top.case.status, act.rule)  # type: ignore[arg-type]
    if isinstance(move, lifecycle.Refused):
        return Offer(act, str(move))
    refusal = move.refusal_for(top.standing)
    unmet = move.unmet(top.holding)
    if act.name == "evidence" and not top.evidence_items_open:
        return Offer(act, __("No item of evidence is open here."))
    if act.name == "remedy" and not (top.category and top.category.remedies):
        return Offer(act, __("The playbook knows no remedy for this category."))
    if act.name == "escalate" and not top.levels_above:
        return Offer(act, __("The highest level has it already: hand it to another team, or add a note."))
    if act.name == "resolve" and top.approvals:
        return Offer(act, __("A remedy of this case waits for a decision: have it decided first."))
    if act.name == "move-version" and not top.other_versions:
        return Offer(act, __("There is no other version of the playbook in force or before it."))
    return Offer(act, " ".join(unmet) or refusal)


def _on_access(act: Act, top: Top) -> Offer:
    """An act on who may see the case: asked of the reader's part in its channel."""
    move = lifecycle.allowed(top.case.status, act.rule)
    if isinstance(move, lifecycle.Refused):
        return Offer(act, str(move))
    refusal = move.refusal_for(top.guards)
    if act.name == "end-grant" and top.mine:
        refusal = ""
    if act.name == "decide-release" and top.move is not None and top.move.asked_by_id == top.reader:
        return Offer(act, __("Somebody else decides: not who asked."))
    if act.name == "restrict" and not top.stricter:
        return Offer(act, __("There is no stricter channel than %(channel)s.") % {"channel": top.case.channel})
    if act.name == "ask-release" and not top.wider:
        return Offer(act, __("No channel is less strict than %(channel)s.") % {"channel": top.case.channel})
    return Offer(act, refusal or " ".join(move.unmet(top.holding)))


@dataclass(frozen=True, slots=True)
class Offers:
    """All acts of a case's page: the bar, and what is kept in the menu."""

    bar: tuple[Offer, ...]
    menu: tuple[Offer, ...]


def offers(top: Top) -> Offers:
    """What this person may do on this case now. No queries."""
    found = {name: offer(act, top) for name, act in ACTS.items()}
    primary = next((name for name in PRIMARY[top.case.status] if found[name].possible), "")
    if top.case.status == Case.Status.IN_PROGRESS and primary == "resolve" and _answer_due(top):
        primary = "reply"
    bar = []
    for place in BAR:
        if "take" in place and top.handoff is None and top.case.assignee_id is not None:
            continue  # somebody has it: giving it to somebody else is in the menu
        name = next((name for name in place if found[name].possible), _shown(place, top))
        bar.append(Offer(found[name].act, found[name].reason, name == primary))
    in_bar = {item.act.name for item in bar}
    hidden = {"apply-route", "take", "accept", "pause", "resume", "resolve", "close", "reopen"}
    menu = [
        item
        for name, item in found.items()
        if name not in in_bar and name not in hidden and (item.possible or not _only_when_possible(item.act))
    ]
    menu.sort(key=lambda item: not item.possible)
    return Offers(tuple(bar), tuple(menu))


def _only_when_possible(act: Act) -> bool:
    return act.name in FIRST_STEPS or act.rule in lifecycle.ON_ACCESS


def _shown(place: tuple[str, ...], top: Top) -> str:
    """Which act of a place is shown when none of it is possible: the one that the state would suggest."""
    status = top.case.status
    if "resume" in place:
        return "resume" if status == Case.Status.WAITING else "pause"
    if "close" in place:
        return {"resolved": "close", "closed": "reopen"}.get(status, "resolve")
    if "accept" in place:
        return "accept" if top.handoff is not None else "take"
    return place[0]


def _answer_due(top: Top) -> bool:
    """Whether the party waits for a word: the first answer, or the next update, has a running clock."""
    return any(
        line.clock.kind == "first_response"
        or (line.clock.kind == "next_update" and line.lane.value in ("late", "soon"))
        for line in top.running
    )


def perform(act: Act, form: ActForm, *, case: Case, user: User, now: dt.datetime) -> Any:
    """Call the act's service with what the form says. Raises what the service raises."""
    data = form.cleaned_data
    common = {"actor": Actor.user(user), "now": now, "version": data["version"]}
    arguments = form.arguments()
    if act.name not in ("decide", "end-grant"):  # these name a row of the case
        common["case_id"] = case.pk
    return act.service(**arguments, **common)


def outcome(act: Act, result: Any) -> str:
    """What to say when it is done."""
    if act.name == "remedy":
        return __("Granted.") if result.state == "granted" else __("Asked for: a higher level decides.")
    if act.name == "facts":
        if result.offered:
            return __("Saved. The route could change: see the offer below.")
        return __("Saved, and evaluated again.")
    return str(act.done)
