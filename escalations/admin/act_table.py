"""What a person may do on a case: each act with its form and its one service.

Whether an act is possible now, and why not, comes from `core.lifecycle`; `admin.acts` asks it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from escalations.core import lifecycle
from escalations.forms import access, another, handing
from escalations.forms import acts as forms
from escalations.forms.base import ActForm
from escalations.forms.facts import Facts
from escalations.forms.remedies import Decide, RemedyForm
from escalations.services import (
    assignment,
    closing,
    compartments,
    escalation,
    evidence,
    facts,
    grants,
    handoffs,
    links,
    pauses,
    remedies,
    replies,
    triage,
)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a person may do on a case. `rule` is its name in the table of moves, `quick` needs no form."""

    name: str
    rule: lifecycle.Act
    label: Any
    icon: str
    form: type[ActForm]
    service: Callable[..., Any]
    done: Any
    key: str = ""
    quick: bool = False
    lead: Any = ""
    send: Any = ""


def _evidence(*, state: str, note: str, key: str, **common: Any) -> Any:
    if state == "waived":
        return evidence.waive_evidence(key=key, reason=note, **common)
    return evidence.add_evidence(key=key, note=note, **common)


ACTS: dict[str, Act] = {
    act.name: act
    for act in (
        Act(
            "take",
            "take",
            _("Take"),
            "front_hand",
            forms.NoFields,
            assignment.take,
            _("It is yours."),
            "t",
            quick=True,
        ),
        Act(
            "accept",
            "accept",
            _("Accept"),
            "how_to_reg",
            forms.NoFields,
            handoffs.accept,
            _("Accepted: it is yours."),
            "t",
            quick=True,
        ),
        Act(
            "reply",
            "respond",
            _("Reply"),
            "reply",
            forms.Reply,
            replies.respond,
            _("Sent to the party."),
            "r",
            send=_("Send to the party"),
        ),
        Act(
            "note",
            "note",
            _("Note"),
            "sticky_note_2",
            forms.NoteForm,
            replies.note,
            _("Note added."),
            "n",
            send=_("Add the note"),
        ),
        Act(
            "hand-off",
            "hand_off",
            _("Hand off"),
            "swap_horiz",
            handing.HandOff,
            handoffs.hand_off,
            _("Handed off."),
            "h",
            lead=_("They own the case from now on, and accept it or return it."),
            send=_("Hand off"),
        ),
        Act(
            "escalate",
            "escalate",
            _("Escalate"),
            "trending_up",
            handing.Escalate,
            escalation.escalate,
            _("Escalated."),
            "e",
            send=_("Escalate"),
        ),
        Act(
            "pause",
            "pause",
            _("Pause"),
            "pause_circle",
            forms.Pause,
            pauses.pause,
            _("The case waits."),
            "p",
            send=_("Pause"),
        ),
        Act(
            "resume",
            "resume",
            _("Resume"),
            "play_circle",
            forms.NoFields,
            pauses.resume,
            _("Its clocks run again."),
            "p",
            quick=True,
        ),
        Act(
            "resolve",
            "resolve",
            _("Resolve"),
            "check_circle",
            forms.Resolve,
            closing.resolve,
            _("Resolved, and the party is told."),
            lead=_(
                "The party gets your message, every clock ends, and the case closes by itself after three quiet days."
            ),
            send=_("Tell the party and resolve"),
        ),
        Act(
            "close",
            "close",
            _("Close"),
            "task_alt",
            forms.NoFields,
            closing.close,
            _("Closed."),
            quick=True,
        ),
        Act(
            "reopen",
            "reopen",
            _("Reopen"),
            "restart_alt",
            forms.Reopen,
            closing.reopen,
            _("Reopened."),
            send=_("Reopen"),
        ),
        Act(
            "evidence",
            "add_evidence",
            _("Evidence"),
            "attach_file",
            forms.EvidenceForm,
            _evidence,
            _("Evidence recorded."),
            send=_("Record it"),
        ),
        Act(
            "remedy",
            "remedy",
            _("Remedy"),
            "redeem",
            RemedyForm,
            remedies.remedy,
            "",
            send=_("Grant, or ask for it"),
        ),
        Act(
            "decide",
            "decide_remedy",
            _("Decide on a remedy"),
            "approval_delegation",
            Decide,
            remedies.decide_remedy,
            _("Decided."),
            send=_("Decide"),
        ),
        Act(
            "facts",
            "change_facts",
            _("Facts"),
            "edit_note",
            Facts,
            facts.change_facts,
            "",
            lead=_(
                "What is said here decides the route. What raises applies at once; other changes are offered first."
            ),
            send=_("Save the facts"),
        ),
        Act(
            "apply-route",
            "change_facts",
            _("Apply the offered route"),
            "alt_route",
            forms.AcceptRoute,
            facts.accept_route,
            _("Routed anew."),
            quick=True,
        ),
        Act(
            "reclassify",
            "change_facts",
            _("Reclassify"),
            "category",
            forms.Reclassify,
            facts.reclassify,
            _("Reclassified and routed anew."),
            send=_("Reclassify"),
        ),
        Act(
            "triage",
            "triage",
            _("Confirm where it came"),
            "rule",
            forms.NoFields,
            triage.triage,
            _("Confirmed."),
            quick=True,
        ),
        Act(
            "start",
            "start",
            _("Start work"),
            "play_arrow",
            forms.NoFields,
            triage.start,
            _("Work has begun."),
            quick=True,
        ),
        Act(
            "move-version",
            "move_version",
            _("Move to another playbook version"),
            "gavel",
            forms.MoveVersion,
            facts.move_version,
            _("Moved, and routed anew."),
            lead=_("The whole route follows the chosen version. The time used counts, promises stay."),
            send=_("Move it"),
        ),
        Act(
            "assign",
            "assign",
            _("Assign"),
            "person_add",
            handing.Assign,
            assignment.assign,
            _("Assigned."),
            send=_("Assign"),
        ),
        Act(
            "release",
            "release",
            _("Give back to the queue"),
            "undo",
            forms.Release,
            assignment.release,
            _("It is in the team's queue."),
            send=_("Give it back"),
        ),
        Act(
            "return",
            "return_misrouted",
            _("Return as misrouted"),
            "assignment_return",
            forms.ReturnMisrouted,
            handoffs.return_misrouted,
            _("Returned."),
            send=_("Return it"),
        ),
        Act(
            "de-escalate",
            "de_escalate",
            _("De-escalate"),
            "trending_down",
            handing.DeEscalate,
            escalation.de_escalate,
            _("De-escalated."),
            send=_("De-escalate"),
        ),
        Act(
            "link",
            "link",
            _("Link"),
            "link",
            another.Link,
            closing.link,
            _("Linked."),
            send=_("Link"),
        ),
        Act(
            "restrict",
            "restrict",
            _("Move into a stricter channel"),
            "lock",
            access.Restrict,
            compartments.restrict,
            _("Moved: from now on only that channel sees it."),
            lead=_(
                "Whoever does not belong to that channel loses the case at once, perhaps you too. "
                "Taking it out again needs two people."
            ),
            send=_("Move it"),
        ),
        Act(
            "ask-release",
            "ask_release",
            _("Move out of this channel"),
            "lock_open",
            access.ToChannel,
            compartments.ask_release,
            _("Asked: a second person of the channel decides."),
            lead=_("More people will see it. Somebody else of this channel decides whether it goes."),
            send=_("Ask for it"),
        ),
        Act(
            "decide-release",
            "decide_release",
            _("Decide whether it leaves the channel"),
            "rule",
            access.DecideRelease,
            compartments.decide_release,
            _("Decided."),
            send=_("Decide"),
        ),
        Act(
            "call-in",
            "call_in",
            _("Open it to an expert"),
            "person_add",
            access.CallIn,
            grants.call_in,
            _("Opened; they are told."),
            lead=_("They see this one case, until the moment that you choose."),
            send=_("Open it"),
        ),
        Act(
            "end-grant",
            "end_grant",
            _("End somebody's access"),
            "person_remove",
            access.EndGrant,
            grants.end_grant,
            _("Ended: they no longer see it."),
            send=_("End it now"),
        ),
        Act(
            "withdraw-links",
            "withdraw_links",
            _("End the party's links"),
            "link_off",
            forms.WithdrawLinks,
            links.withdraw,
            _("Ended: no link opens the case any more."),
            lead=_(
                "Whoever has a link to this case sees nothing from now on, at once. "
                "The next message to the party carries a new one: check their address first."
            ),
            send=_("End them now"),
        ),
        Act(
            "merge",
            "merge",
            _("Merge"),
            "merge",
            another.Merge,
            closing.merge,
            _("Merged."),
            send=_("Merge for good"),
            lead=_(
                "This cannot be undone. The other case takes the earliest start and the strictest targets of the two."
            ),
        ),
    )
}
