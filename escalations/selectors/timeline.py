"""What happened to a case, in sentences: its events as people read them, newest first.

`TELLS` says how each kind of event is told; a kind that it does not know is shown by its name, never left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime

from escalations.core.indicators import TYPES
from escalations.core.policy import Policy
from escalations.core.typed import ids_of
from escalations.core.vetting import KINDS, REFUSALS
from escalations.models import Case, CaseDecision, Clock, Escalation, Event, Level, Team, User
from escalations.selectors import law
from escalations.selectors.wording import moment, size

PAGE = 50

FINDINGS = "indicator."
"""How the kinds of events begin that only those are told of who may see risk findings."""

#: kind -> (icon, sentence, key of the words that are shown below it)
TELLS: dict[str, tuple[str, str, str]] = {
    "case.opened": ("inbox", "Case opened: came by {source}, went to {owner}, {level}, severity {severity}", ""),
    "case.triaged": ("rule", "Confirmed where it came to", "note"),
    "case.started": ("play_arrow", "Work has begun", ""),
    "case.assigned": ("person", "{assigned_how} {person}", ""),
    "case.released": ("undo", "Given back to the team's queue", "reason"),
    "case.closed": ("task_alt", "Closed", ""),
    "case.reopened": ("restart_alt", "Reopened", "reason"),
    "case.resolved": ("check_circle", "Resolved: {root_cause}", ""),
    "case.paused": (
        "pause_circle",
        "Paused: {pause_reason}. Stopped: {stopped}. Runs on by itself {resumes}",
        "evidence",
    ),
    "case.resumed": ("play_circle", "Runs on ({because})", ""),
    "case.merged": ("merge", "Merged into {reference}", "reason"),
    "case.merged_here": ("merge", "{reference} was merged into this case", ""),
    "case.linked": ("link", "Linked to another case ({kind})", ""),
    "case.escalated": ("trending_up", "Escalated from {from_level} to {to_level}: {cause}", "reason"),
    "case.de_escalated": ("trending_down", "De-escalated from {from_level} to {to_level}", "reason"),
    "case.reclassified": ("category", "Reclassified from {from_category} to {to_category}", "reason"),
    "case.rerouted": ("alt_route", "Routed anew because {cause}; changed: {changed}", ""),
    "case.version_moved": ("gavel", "Moved from version {from} of the playbook to version {to}", "reason"),
    "channel.changed": ("lock", "Moved from the channel {from_channel} to {to_channel}{lost}", "reason"),
    "channel.release_asked": ("lock_open", "Asked to move it out of {from_channel}, to {to_channel}", "reason"),
    "channel.release_refused": ("lock", "Stays in its channel: the move to {to_channel} was refused", ""),
    "grant.given": ("person_add", "Opened to {person} until {until}{working}", "reason"),
    "grant.ended": ("person_remove", "No longer open to {person}", ""),
    "glass.broken": ("crisis_alert", "{person} broke the glass: open to them until {until}{working}", "reason"),
    "glass.reviewed": ("gavel", "Breaking of the glass by {person} reviewed: {justified}", "words"),
    "severity.raised": ("priority_high", "Severity raised from {from} to {to}", ""),
    "ladder.changed": ("stairs", "Climbs another ladder from now on", ""),
    "clock.met": ("check", "{clock} done{late}", ""),
    "clock.breached": ("notification_important", "{clock} is late", ""),
    "clock.warned": ("hourglass_bottom", "{clock}: {share} % of the time is used", ""),
    "clock.retargeted": ("timer", "{clock}: new target, the time used so far counts", ""),
    "promise.made": ("handshake", "Promised to the party: {clock} by {due}", "reason"),
    "promise.broken": ("heart_broken", "Not kept: the party was told {clock} by {due}", ""),
    "statutory.started": ("balance", "Legal deadline runs: {deadline} ({basis})", ""),
    "message.sent": ("outgoing_mail", "Answered the party", "body"),
    "message.received": ("mail", "The party wrote", "body"),
    "note.added": ("sticky_note_2", "Note", "body"),
    "links.withdrawn": ("link_off", "The party's links were ended", "reason"),
    "evidence.received": ("attach_file", "Received: {item}", "note"),
    "evidence.waived": ("remove_done", "Not needed: {item}", "reason"),
    "file.added": ("attach_file", "File {file} added{filed}", ""),
    "file.checked": ("verified_user", "File {file} checked{filed}", ""),
    "file.refused": ("block", "File {file} refused: {refused}", ""),
    "file.removed": ("delete", "File {file} removed", "reason"),
    "facts.changed": ("edit_note", "Facts changed: {keys}", "reason"),
    "handoff.offered": ("swap_horiz", "Handed off from {from_team} to {to_team}", "note"),
    "handoff.accepted": ("how_to_reg", "Handoff accepted", ""),
    "handoff.returned": ("reply", "Returned as misrouted to {to_team}", "reason"),
    "remedy.granted": ("redeem", "Granted: {remedy}", "reason"),
    "remedy.requested": ("approval_delegation", "Asked {level} for {remedy}", "reason"),
    "remedy.refused": ("block", "Refused: {remedy}", "reason"),
    "rung.fired": ("stairs", "Climbed by time from {from_level} to {to_level}{to_whom}", ""),
    "rung.reminded": ("alarm", "Reminder by the ladder{to_whom}", ""),
    "rung.waits": ("nightlight", "The next rung waits until {until}: nobody is on call", ""),
    "rung.passed": ("redo", "A rung was passed over: nobody holds it, or the case is there already", ""),
    "timers.repaired": ("build", "The desk has put its timers for this case right", ""),
    "case.erased": ("remove_done", "What was said here was erased", ""),
    # The reasons are for those who answer for the channel: beside the case, not here.
    "party.unmasked": ("visibility", "Looked at the party's data", ""),
    "indicator.added": ("policy", "Finding added: {finding}", ""),
    "indicator.settled": ("policy", "Finding {settled}: {finding}", ""),
    "party.exported": ("download", "The party was given their data", ""),
    "import.opened": ("inbox", "Opened at another desk{handed}", ""),
    "import.step": ("history", "Worked on there{handed}", ""),
    "import.waiting": ("pause_circle", "Waiting there{handed}", ""),
    "import.handed_off": ("swap_horiz", "Handed off there{handed}", ""),
    "import.resolved": ("check_circle", "Resolved there{handed}", ""),
    "import.reopened": ("restart_alt", "Reopened there{handed}", ""),
    "import.closed": ("task_alt", "Closed there{handed}", ""),
}

_CAUSES = {str(key): str(label) for key, label in (*Escalation.Cause.choices, *CaseDecision.Cause.choices)}
#: What only follows from something else that is told beside it.
_QUIET = frozenset(
    {
        "case.started",
        "case.triaged",
        "clock.met",
        "clock.retargeted",
        "clock.warned",
        "file.checked",
        "ladder.changed",
        "party.unmasked",
        "rung.passed",
        "rung.waits",
        "statutory.started",
        "timers.repaired",
    }
)
_BECAUSE = {
    "resumed": "by hand",
    "party_reply": "the party has answered",
    "evidence": "evidence has come in",
    "resolved": "resolved",
    "time": "the time for waiting is over",
}
_LATE = frozenset({"clock.breached", "promise.broken", "rung.fired", "case.escalated"})


@dataclass(slots=True)
class Told:
    """One event as it is told."""

    event: Event
    icon: str
    sentence: str
    who: str
    words: str = ""
    late: bool = False
    quiet: bool = False

    @property
    def at(self) -> dt.datetime:
        """When it happened."""
        return self.event.at


@dataclass(frozen=True, slots=True)
class Story:
    """One page of a case's timeline, newest first; `older` is the sequence number to go on from."""

    lines: Sequence[Told]
    older: int | None


def story(case: Case, *, before: int | None = None, limit: int = PAGE, findings: bool = False) -> Story:
    """A page of the timeline: the newest events, or those before a sequence number. Four queries at most.

    The case must be one that the reader may see; `findings` says that they may see its risk findings too.
    """
    events = Event.objects.filter(case=case).select_related("payload").order_by("-seq")
    if not findings:
        events = events.exclude(kind__startswith=FINDINGS)
    if before is not None:
        events = events.filter(seq__lt=before)
    found = list(events[: limit + 1])
    shown = found[:limit]
    return Story(tell(case, shown, findings=findings), shown[-1].seq if len(found) > limit else None)


#: What moves a case after its route was decided.
_MOVES = (
    "case.assigned",
    "case.released",
    "case.escalated",
    "case.de_escalated",
    "case.merged_here",
    "channel.changed",
    "handoff.offered",
    "handoff.accepted",
    "handoff.returned",
    "rung.fired",
    "severity.raised",
)


def moved_since(case: Case, at: dt.datetime, *, limit: int = 12) -> Story:
    """What has moved a case since a decision brought it somewhere, oldest first: handoffs, rungs, who has it. Of more
    than `limit` moves the newest, and `older` says that there are others. Four queries at most."""
    events = Event.objects.filter(case=case, at__gt=at, kind__in=_MOVES).select_related("payload").order_by("-seq")
    found = list(events[: limit + 1])
    shown = found[:limit][::-1]
    return Story(tell(case, shown), shown[0].seq if len(found) > limit else None)


def tell(case: Case, events: Iterable[Event], *, findings: bool = False) -> list[Told]:
    """Events in sentences; those about risk findings only with `findings`. Names are looked up set-wise: three queries,
    whatever the number of events."""
    rows = [event for event in events if findings or not event.kind.startswith(FINDINGS)]
    policy = law.policy_of(case.policy_version_id)
    names = Names.of(rows, case)
    told = []
    for event in rows:
        icon, pattern, key = TELLS.get(event.kind, ("history", event.kind.replace(".", ": ").replace("_", " "), ""))
        sentence = pattern.format_map(_Gap(_said(event, policy, case, names)))
        payload = getattr(event, "payload", None)
        words = str((payload.body if payload else {}).get(key, "")) if key else ""
        told.append(Told(event, icon, sentence, names.who(event), words, event.kind in _LATE, event.kind in _QUIET))
    return told


@dataclass(frozen=True, slots=True)
class Names:
    """Names of people, teams and levels that events speak of."""

    people: dict[str, str]
    teams: dict[int, str]
    levels: dict[str, str]
    party: str
    past_teams: dict[str, str]

    @classmethod
    def of(cls, events: Sequence[Event], case: Case) -> Names:
        """Look up everybody and every team that these events name."""
        ids = {event.actor_id for event in events if event.actor_kind == "user"}
        teams: set[int] = set()
        past: set[str] = set()
        for event in events:
            ids |= {str(event.data[key]) for key in ("person", "before") if isinstance(event.data.get(key), int)}
            ids |= {str(person) for person in event.data.get("told", ()) if event.kind.startswith("rung.")}
            ids |= {str(person) for key in ("grants_ended", "grants_kept") for person in event.data.get(key, ())}
            ids |= {token[5:] for token in event.data.get("told_before", ()) if token.startswith("user:")}
            if event.kind.startswith("handoff."):
                teams |= {event.data[key] for key in ("from", "to") if isinstance(event.data.get(key), int)}
            elif event.kind.startswith("import."):
                past |= {event.data[key] for key in ("from", "team") if key in event.data}
        return cls(
            people=people_by_id(ids),
            teams=dict(Team.objects.filter(pk__in=teams).values_list("pk", "name")) if teams else {},
            levels=dict(Level.objects.values_list("key", "name")),
            party=f"the {case.party.get_kind_display()}",
            past_teams=dict(Team.objects.filter(key__in=past).values_list("key", "name")) if past else {},
        )

    def who(self, event: Event) -> str:
        """Who did it, as people say it."""
        if event.actor_kind == "user":
            return self.people.get(event.actor_id, "somebody")
        return {"party": self.party, "worker": "the desk"}.get(event.actor_kind, event.actor_id)


def people_by_id(ids: Iterable[str]) -> dict[str, str]:
    """Names of people by their id as text. One query, none when there is nobody."""
    wanted = set(ids_of(ids))
    return {str(person.pk): str(person) for person in User.objects.filter(pk__in=wanted)} if wanted else {}


def _said(event: Event, policy: Policy, case: Case, names: Names) -> dict[str, Any]:
    """An event's data with keys turned into the names that people read."""
    data, central = event.data, policy.central
    category = central.categories.get(case.category.key)
    said: dict[str, Any] = {
        key: ", ".join(str(item) for item in value) if isinstance(value, list) else value for key, value in data.items()
    }
    kinds = dict(Clock.Kind.choices)
    if "clock" in data:
        said["clock"] = str(kinds.get(data["clock"], data["clock"])).capitalize()
    if event.kind == "promise.made":
        said["clock"] = str(kinds.get(data.get("clock", ""), "")).lower()
    said["late"] = ", late" if data.get("late") else ""
    for key in ("due", "resumes", "until"):
        if isinstance(data.get(key), str):
            said[key] = _moment(data[key])
    if "stopped" in data or "clocks" in data:
        stopped = data.get("stopped") or data.get("clocks") or []
        said["stopped"] = ", ".join(str(kinds.get(kind, kind)) for kind in stopped) or "nothing"
    if event.kind == "case.paused":
        reason = central.pause_reasons.get(str(data.get("reason")))
        said["pause_reason"] = reason.name if reason else data.get("reason", "")
    if event.kind == "case.opened":
        owner = central.teams.get(str(data.get("owner")))
        said |= {
            "source": dict(Case.Source.choices).get(data.get("source", ""), data.get("source", "")),
            "owner": owner.name if owner else data.get("owner", ""),
            "level": names.levels.get(str(data.get("level")), data.get("level", "")),
        }
    elif "level" in data:
        said["level"] = names.levels.get(str(data["level"]), data["level"])
    if event.kind == "case.resumed":
        said["because"] = _BECAUSE.get(str(data.get("because")), data.get("because", ""))
    if event.kind.startswith("rung."):
        to_team = central.teams.get(str(data.get("to_team")))
        told = [names.people[str(person)] for person in data.get("told", ()) if str(person) in names.people]
        said["to_whom"] = (f", {to_team.name}" if to_team else "") + (f"; told: {', '.join(told)}" if told else "")
    if event.kind.startswith(("grant.", "glass.")):
        said["person"] = names.people.get(str(data.get("person")), "somebody")
        said["working"] = ", to work on it" if data.get("works") else ", to read it"
        said["justified"] = "justified" if data.get("justified") else "not justified"
    if event.kind == "channel.changed":
        said["lost"] = _lost(data, names)
    if event.kind == "case.assigned":
        how = {"taken": "Taken by", "assigned": "Given to"}
        said["assigned_how"] = how.get(str(data.get("cause")), "Given to")
        said["person"] = names.people.get(str(data.get("person")), "somebody")
    if event.kind.startswith("handoff."):
        said["from_team"] = names.teams.get(data.get("from", 0), "")
        said["to_team"] = names.teams.get(data.get("to", 0), "")
    if event.kind.startswith(FINDINGS):
        said["finding"] = TYPES.get(str(data.get("type")), data.get("type", ""))
        said["settled"] = data.get("state", "")
    if event.kind.startswith("file."):
        kind = KINDS.get(str(data.get("kind")))
        said["filed"] = f" ({kind.label}, {size(data.get('size', 0))})" if kind else ""
        said["refused"] = REFUSALS.get(str(data.get("because")), "")
    if event.kind.startswith("import."):
        frm, team = (names.past_teams.get(str(data.get(key)), "") for key in ("from", "team"))
        said["handed"] = f", from {frm} to {team}" if frm else f", with {team}" if team else ""
    for key in ("from", "to"):
        said[f"{key}_level"] = names.levels.get(str(data.get(key)), data.get(key, ""))
        channel = central.channels.get(str(data.get(key)))
        said[f"{key}_channel"] = channel.name if channel else data.get(key, "")
        other = central.categories.get(str(data.get(key)))
        said[f"{key}_category"] = other.name if other else data.get(key, "")
    if "cause" in data:
        said["cause"] = _CAUSES.get(str(data["cause"]), str(data["cause"]).replace("_", " "))
    if "remedy" in data:
        remedy = central.remedies.get(str(data["remedy"]))
        amount = f" {data['currency']} {data['amount']}" if data.get("amount") else ""
        said["remedy"] = f"{remedy.name if remedy else data['remedy']}{amount}"
    if category is not None:
        said["root_cause"] = category.root_causes.get(str(data.get("root_cause")), data.get("root_cause", ""))
        items = {item.key: item.name for item in category.evidence}
        said["item"] = items.get(str(data.get("item")), data.get("item", ""))
    if "keys" in data:
        said["keys"] = (
            ", ".join(
                central.facts[key].name if key in central.facts else key
                for key in data["keys"]
                if key not in central.facts or central.facts[key].visibility is None
            )
            or "restricted ones"
        )
    return said


def _lost(data: dict[str, Any], names: Names) -> str:
    """Who was told of the case before it changed its channel, and what became of accesses of single people."""
    told = [names.people.get(token[5:], "somebody") for token in data.get("told_before", ()) if token[:5] == "user:"]
    if any(token.startswith("team:") for token in data.get("told_before", ())):
        told.append("the team's chat room")
    parts = {
        "told of it before": told,
        "no longer open to": [names.people.get(str(person), "somebody") for person in data.get("grants_ended", ())],
        "still open to": [names.people.get(str(person), "somebody") for person in data.get("grants_kept", ())],
    }
    return "".join(f"; {what}: {', '.join(who)}" for what, who in parts.items() if who)


def _moment(text: str) -> str:
    at = parse_datetime(text)
    return moment(at) if at else text


class _Gap(dict[str, Any]):
    """Leaves a gap where an older event lacks a value."""

    def __missing__(self, key: str) -> str:
        return "…"
