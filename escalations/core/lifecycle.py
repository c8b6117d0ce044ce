"""The life of a case: its statuses, the acts, and which act is possible when, by whom, and with what.

MOVES is the whole rule. A row says: in these statuses the act is possible, it leads there, these people may do it,
this is given with it, and this must hold. `tests/data/lifecycle.md` shows the same table act by status.

    new ---- triage --> triaged -- take, assign --> assigned -- start, respond --> in_progress
    assigned, in_progress, reopened -- pause --> waiting -- resume --> in_progress
    assigned, in_progress, waiting, reopened -- resolve --> resolved -- close --> closed
    resolved, closed -- reopen --> reopened                every open status -- merge --> merged

Escalated is no status: an escalation is a record of its own, and can be de-escalated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple, cast, get_args

Status = Literal["new", "triaged", "assigned", "in_progress", "waiting", "reopened", "resolved", "closed", "merged"]
Act = Literal[
    "triage",
    "take",
    "assign",
    "release",
    "start",
    "respond",
    "receive",
    "note",
    "add_evidence",
    "waive_evidence",
    "remove_file",
    "promise",
    "pause",
    "resume",
    "hand_off",
    "accept",
    "return_misrouted",
    "escalate",
    "de_escalate",
    "change_facts",
    "move_version",
    "remedy",
    "decide_remedy",
    "link",
    "merge",
    "resolve",
    "close",
    "reopen",
    "call_in",
    "end_grant",
    "break_glass",
    "review_glass",
    "restrict",
    "ask_release",
    "decide_release",
    "withdraw_links",
]
Role = Literal[
    "assignee",
    "team_member",
    "team_lead",
    "works_channel",
    "approver",
    "uploader",
    "specialist",
    "channel_owner",
    "granted",
    "colleague",
    "administrator",
    "party",
    "integration",
    "engine",
]
Holder = Literal["same", "team", "person"]
To = Literal[Status, "stays", "to_person", "to_team", "as_held"]

STATUSES: tuple[Status, ...] = get_args(Status)
ACTS: tuple[Act, ...] = get_args(Act)

FIRST: Status = "new"
"""The status that opening a case gives."""

WORKED_ON: frozenset[Status] = frozenset({"new", "triaged", "assigned", "in_progress", "waiting", "reopened"})
"""Statuses in which somebody still owes something. Only here do clocks run."""

OPEN: frozenset[Status] = WORKED_ON | {"resolved"}
"""Statuses of an open case (`case.is_open`): neither closed nor merged. A resolved one waits to be closed."""

# Where an act leads, when not to one status. A case that waits goes on waiting, whoever has it then.
STAYS: To = "stays"
"""The status does not change."""

TO_PERSON: To = "to_person"
"""A person has the case afterwards: `assigned` (a team's queue, when the act names only a team)."""

TO_TEAM: To = "to_team"
"""A team's queue has it afterwards: `triaged` (`assigned`, when the act names a person too)."""

AS_HELD: To = "as_held"
"""As before, unless the act gives the case to another team (`triaged`) or person (`assigned`)."""


class Move(NamedTuple):
    """One row of the table. `who` names roles of which one suffices; all of `needs` is given with the act by whoever
    does it; all of `when` holds for the case beforehand."""

    act: Act
    frm: tuple[Status, ...]
    to: To
    who: tuple[Role, ...]
    needs: tuple[str, ...] = ()
    when: tuple[str, ...] = ()


_HELD: tuple[Status, ...] = ("assigned", "in_progress", "reopened")
_WORKED: tuple[Status, ...] = (*_HELD, "waiting")
_ALL: tuple[Status, ...] = ("new", "triaged", *_WORKED)
_NOT_MERGED: tuple[Status, ...] = (*_ALL, "resolved", "closed")
_EVERY: tuple[Status, ...] = (*_NOT_MERGED, "merged")
_TEAM: tuple[Role, ...] = ("assignee", "team_member", "team_lead")
_GUARDS: tuple[Role, ...] = ("specialist", "channel_owner")

MOVES: tuple[Move, ...] = (
    # act, possible in, leads to, who may, what is given with it, what must hold
    Move("triage", ("new",), "triaged", ("works_channel", "team_lead", "engine")),
    Move("take", _ALL, TO_PERSON, ("team_member", "team_lead"), (), ("unheld",)),
    Move("assign", _ALL, TO_PERSON, ("team_lead", "engine"), ("person",)),
    Move("release", _WORKED, TO_TEAM, ("assignee", "team_lead", "engine"), ("reason",)),
    Move("start", ("assigned", "reopened"), "in_progress", ("assignee",)),
    Move("respond", _HELD, "in_progress", _TEAM, ("message",)),
    Move("respond", ("waiting", "resolved"), STAYS, _TEAM, ("message",)),
    Move("receive", _NOT_MERGED, STAYS, ("party", "integration", "engine"), ("message",)),
    Move("note", _NOT_MERGED, STAYS, ("works_channel", "integration"), ("note",)),
    Move("add_evidence", (*_ALL, "resolved"), STAYS, (*_TEAM, "party", "integration", "engine"), ("item",)),
    Move("waive_evidence", _ALL, STAYS, ("assignee", "team_lead"), ("item", "reason")),
    Move("remove_file", _EVERY, STAYS, ("assignee", "team_lead", "uploader"), ("reason",)),
    Move("promise", _WORKED, STAYS, ("assignee", "team_lead"), ("message", "due")),
    Move("pause", _HELD, "waiting", ("assignee", "team_lead"), ("pause_reason", "evidence")),
    Move("resume", ("waiting",), "in_progress", (*_TEAM, "engine")),
    Move("hand_off", _ALL, TO_TEAM, _TEAM, ("team", "note")),
    Move("accept", _ALL, TO_PERSON, ("team_member", "team_lead"), (), ("pending_handoff",)),
    Move("return_misrouted", _ALL, TO_TEAM, _TEAM, ("reason",), ("pending_handoff",)),
    Move("escalate", _ALL, AS_HELD, (*_TEAM, "engine"), ("escalation_type", "cause", "reason")),
    Move("de_escalate", _ALL, AS_HELD, ("assignee", "team_lead"), ("reason",), ("standing_escalation",)),
    Move("change_facts", _ALL, AS_HELD, (*_TEAM, "engine"), ("facts",)),
    Move("move_version", _ALL, AS_HELD, ("team_lead",), ("version", "reason")),
    Move("remedy", (*_WORKED, "resolved"), STAYS, ("assignee", "team_lead"), ("remedy", "reason")),
    Move("decide_remedy", (*_ALL, "resolved"), STAYS, ("approver",), ("reason",), ("requested_remedy",)),
    Move("link", _NOT_MERGED, STAYS, ("works_channel",), ("other_case",)),
    Move("merge", _ALL, "merged", _TEAM, ("open_case", "reason")),
    Move("resolve", _WORKED, "resolved", ("assignee", "team_lead"), ("root_cause", "message"), ("evidence_complete",)),
    Move("close", ("resolved",), "closed", ("assignee", "team_lead", "engine"), (), ("root_cause_known",)),
    Move("reopen", ("resolved", "closed"), "reopened", (*_TEAM, "party", "engine"), ("reason",), ("within_window",)),
    Move("withdraw_links", _NOT_MERGED, STAYS, ("assignee", "team_lead"), ("reason",), ("standing_link",)),
    Move("call_in", _EVERY, STAYS, _GUARDS, ("person", "reason")),
    Move("end_grant", _EVERY, STAYS, (*_GUARDS, "granted"), (), ("standing_grant",)),
    Move("break_glass", _EVERY, STAYS, ("colleague", "administrator"), ("reason",)),
    Move("review_glass", _EVERY, STAYS, ("channel_owner", "administrator"), ("words",)),
    Move("restrict", _ALL, AS_HELD, ("works_channel", *_GUARDS), ("channel", "reason")),
    Move("restrict", ("resolved", "closed", "merged"), STAYS, ("works_channel", *_GUARDS), ("channel", "reason")),
    Move("ask_release", _EVERY, STAYS, ("works_channel", *_GUARDS), ("channel", "reason"), ("no_move_asked",)),
    Move("decide_release", _ALL, AS_HELD, _GUARDS, (), ("waiting_move",)),
    Move("decide_release", ("resolved", "closed", "merged"), STAYS, _GUARDS, (), ("waiting_move",)),
)  # fmt: skip

ON_ACCESS: frozenset[Act] = frozenset(
    {"call_in", "end_grant", "break_glass", "review_glass", "restrict", "ask_release", "decide_release"}
)
"""Acts on who may see a case. Who may do them is asked of the channel, not of the right to work on the case."""

NEEDS: Mapping[str, str] = {
    "reason": "Say why, in a sentence that a colleague will understand later.",
    "message": "Write the message.",
    "note": "Write a note: what was done, and what is asked.",
    "person": "Choose who takes it.",
    "item": "Name the item of evidence.",
    "due": "Say by when.",
    "pause_reason": "Choose why the case waits.",
    "evidence": "Say what shows that it must wait: the message sent, the order placed, the date agreed.",
    "team": "Choose the team that takes it over.",
    "escalation_type": "Choose the kind of escalation: time, severity, policy conflict, the party's request, manual.",
    "cause": "Choose the cause, so that the same escalation can be avoided next time.",
    "facts": "Change at least one fact.",
    "version": "Choose the version of the playbook.",
    "remedy": "Choose the remedy.",
    "other_case": "Name the other case.",
    "open_case": "Name the case that lives on; it must be open and be another one.",
    "root_cause": "Choose the root cause: what it turned out to be.",
    "channel": "Choose the channel.",
    "words": "Say in a sentence why it was justified, or why not.",
}
"""What to say to somebody who did not give something that an act needs."""

CONDITIONS: Mapping[str, str] = {
    "unheld": "Somebody has the case already: ask them, or let the team's lead assign it to you.",
    "pending_handoff": "No handoff is waiting for an answer here; take the case instead, or hand it off.",
    "standing_escalation": "The case has no escalation in force that could be taken back.",
    "requested_remedy": "No remedy of this case waits for a decision.",
    "evidence_complete": "Required evidence is still open: add it, or waive it with a reason.",
    "root_cause_known": "The case has no root cause yet: reopen it and resolve it with one.",
    "standing_grant": "Nobody has this case opened to them singly at present.",
    "no_move_asked": "A move out of the channel waits for a decision already.",
    "waiting_move": "Nobody has asked to move this case out of its channel.",
    "standing_link": "No link by which the party could follow this case is in force.",
    "within_window": "The time for reopening is over: open a new case and link it to this one.",
}
"""What must hold before an act, in the words for somebody for whom it does not."""

ROLES: Mapping[Role, str] = {
    "assignee": "the person who has the case",
    "team_member": "a member of its team",
    "team_lead": "the team's lead",
    "works_channel": "anyone who works its channel",
    "approver": "somebody whose level may grant it",
    "uploader": "whoever added the file",
    "specialist": "a specialist of its channel",
    "channel_owner": "an owner of its channel",
    "granted": "the person to whom the case was opened",
    "colleague": "a member of a team",
    "administrator": "an administrator",
    "party": "the buyer or seller",
    "integration": "a connected system",
    "engine": "the desk itself",
}

_STANDS: Mapping[str, str] = {
    "new": "The case is new and nobody has it.",
    "triaged": "The case is in its team's queue and nobody has it.",
    "assigned": "The case is assigned, and work on it has not begun.",
    "in_progress": "The case is being worked on.",
    "waiting": "The case is waiting, and its clocks may stand still.",
    "reopened": "The case was reopened.",
    "resolved": "The case is resolved.",
    "closed": "The case is closed.",
    "merged": "The case was merged into another one.",
}

# What to do instead: for an act wherever it is not possible, then for a status.
_INSTEAD_OF: Mapping[tuple[str, str], str] = {
    ("start", "in_progress"): "Nothing is needed: go on.",
    ("pause", "waiting"): "Nothing is needed: it waits already. Resume it first to wait for another reason.",
    ("pause", "resolved"): "Nothing is needed: a resolved case has no running clocks.",
    ("resume", "resolved"): "Reopen it, if something is still to be done.",
    ("resolve", "resolved"): "Nothing is needed; close it when the party agrees or the time for it has passed.",
    ("close", "closed"): "Nothing is needed.",
}
_INSTEAD_OF_ACT: Mapping[str, str] = {
    "triage": "Nothing is needed: it has its place. Hand it off if the place is wrong.",
    "resume": "Nothing is needed: it is not waiting.",
    "close": "Resolve it first, with its root cause and an answer to the party.",
    "reopen": "Nothing is needed: it is open.",
}
_INSTEAD_IN: Mapping[str, str] = {
    "new": "Take it or assign it first, so that somebody answers for it.",
    "triaged": "Take it or assign it first, so that somebody answers for it.",
    "assigned": "Start work on it first.",
    "in_progress": "Nothing is needed.",
    "waiting": "Resume it first.",
    "reopened": "Start work on it first.",
    "resolved": "Reopen it first, if something is still to be done.",
    "closed": "Reopen it first; when the time for that is over, open a new case and link the two.",
    "merged": "Go to the case that it was merged into: everything goes on there.",
}


class Allowed(NamedTuple):
    """The act is possible in this status: what it leads to, who may do it, what is given with it, what must hold."""

    to: Status
    who: tuple[Role, ...]
    needs: tuple[str, ...]
    when: tuple[str, ...]

    def lacking(self, given: Collection[str]) -> tuple[str, ...]:
        """Sentences, one for each thing that the act needs and that is not among `given`; empty when all is there."""
        return tuple(NEEDS[need] for need in self.needs if need not in given)

    def unmet(self, holding: Collection[str]) -> tuple[str, ...]:
        """Sentences, one for each condition that is not among those `holding`; empty when nothing is in the way."""
        return tuple(CONDITIONS[condition] for condition in self.when if condition not in holding)

    def refusal_for(self, roles: Collection[str]) -> str:
        """Why somebody who holds only these roles may not do it; the empty string when one of them suffices."""
        if any(role in roles for role in self.who):
            return ""
        words = [ROLES[role] for role in self.who if role not in ("engine", "integration")] or [ROLES["engine"]]
        listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
        return f"Only {listed} may do this."


class Refused(NamedTuple):
    """The act is not possible in this status: how the case stands, and what to do instead."""

    reason: str
    instead: str

    def __str__(self) -> str:
        return f"{self.reason} {self.instead}"


_TABLE: dict[tuple[str, str], Move] = {(status, move.act): move for move in MOVES for status in move.frm}


def allowed(status: str, act: str, *, holder: Holder | None = None) -> Allowed | Refused:
    """Whether an act is possible in a status, and what it leads to and asks for.

    `holder` is who has the case afterwards, where that is not what the act usually means: the `same` as before, a
    `team`'s queue, or a `person`. It counts only for acts that can move a case. A dictionary lookup; raises ValueError
    for a status or act that does not exist.
    """
    move = _TABLE.get((status, act))
    if move is None:
        if status not in STATUSES or act not in ACTS:
            raise ValueError(f"no act {act!r} in a status {status!r}: see lifecycle.MOVES")
        return Refused(_STANDS[status], _instead(status, act))
    return Allowed(_leads_to(move.to, status, holder), move.who, move.needs, move.when)


_HELD_BY: Mapping[To, Holder] = {TO_PERSON: "person", TO_TEAM: "team", AS_HELD: "same"}


def _leads_to(to: To, status: str, holder: Holder | None) -> Status:
    usual = _HELD_BY.get(to)
    if usual is None:
        return cast(Status, status if to == "stays" else to)
    held_by = holder or usual
    if held_by == "same" or status == "waiting":
        return cast(Status, status)
    return "assigned" if held_by == "person" else "triaged"


def _instead(status: str, act: str) -> str:
    found = _INSTEAD_OF.get((act, status))
    if found is None and status in WORKED_ON:
        found = _INSTEAD_OF_ACT.get(act)
    return found or _INSTEAD_IN[status]
