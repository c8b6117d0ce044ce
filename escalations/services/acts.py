"""Which function is the door of each act of `core.lifecycle`. Admin, API and commands look here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from escalations.core.lifecycle import Act
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
from escalations.services.files import adding

DOORS: Mapping[Act, Callable[..., Any]] = {
    "triage": triage.triage,
    "take": assignment.take,
    "assign": assignment.assign,
    "release": assignment.release,
    "start": triage.start,
    "respond": replies.respond,
    "receive": replies.receive,
    "note": replies.note,
    "add_evidence": evidence.add_evidence,
    "waive_evidence": evidence.waive_evidence,
    "remove_file": adding.remove_file,
    "promise": replies.promise_party,
    "pause": pauses.pause,
    "resume": pauses.resume,
    "hand_off": handoffs.hand_off,
    "accept": handoffs.accept,
    "return_misrouted": handoffs.return_misrouted,
    "escalate": escalation.escalate,
    "de_escalate": escalation.de_escalate,
    "change_facts": facts.change_facts,
    "move_version": facts.move_version,
    "remedy": remedies.remedy,
    "decide_remedy": remedies.decide_remedy,
    "link": closing.link,
    "merge": closing.merge,
    "resolve": closing.resolve,
    "close": closing.close,
    "reopen": closing.reopen,
    "call_in": grants.call_in,
    "end_grant": grants.end_grant,
    "break_glass": grants.break_glass,
    "review_glass": grants.review_glass,
    "restrict": compartments.restrict,
    "ask_release": compartments.ask_release,
    "decide_release": compartments.decide_release,
    "withdraw_links": links.withdraw,
}
