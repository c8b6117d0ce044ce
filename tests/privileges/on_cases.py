"""Every act of `core.lifecycle`, and what else is done about one case."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from django.urls import reverse

from escalations.core.actor import Actor
from escalations.errors import NotAllowed, Refused
from escalations.models import Case
from escalations.selectors.caselist import Filters
from escalations.services import assignment, channels, compartments, exporting, handoffs, links
from escalations.services.acts import DOORS
from escalations.services.privacy import findings, unmasking
from tests.privileges.office import AT, Office, Tried, Way

WORK, SIGHT, PARTY = "Work on a case", "Who may see a case", "Personal data"


def rows(office: Office) -> list[Tried]:
    """The rows of acts."""
    jon = office.user("jon").pk
    o = office

    def person(who: str) -> Actor:
        return Actor.user(o.user(who))

    def act(name: str, case: Case, **given: Any) -> Any:
        return lambda who: DOORS[name](case_id=case.pk, actor=o.by(who), now=AT, **given)  # type: ignore[index]

    def both(name: str, label: str, case: Case, **given: Any) -> Tried:
        """Tried on one's own case, and on one that a colleague of the team has."""
        door = act(name, case, **given)

        def own(who: str) -> None:
            o.own(case, who)
            door(who)

        return Tried(name, WORK, label, (Way("own case", own), Way("others' cases", door)))

    def once(name: str, label: str, case: Case, section: str = WORK, **given: Any) -> Tried:
        return Tried(name, section, label, (Way("", act(name, case, **given)),))

    def second(name: str, label: str, ask: Any, answer: Any, section: str = SIGHT) -> Tried:
        """Tried by who did not ask, and by who asked."""

        def mine(who: str) -> None:
            answer(who, ask(who))

        def theirs(who: str) -> None:
            answer(who, ask("second asker"))

        return Tried(name, section, label, (Way("second person", theirs), Way("own request", mine)))

    def ask_release(who: str) -> None:
        asker = o.by("jon") if who == "second asker" else o.by(who)
        compartments.ask_release(
            case_id=o.branded.pk, actor=asker, now=AT, channel_id=o.channels["general"].pk, reason="No brand in it."
        )

    def decide_release(who: str, _asked: Any) -> None:
        compartments.decide_release(case_id=o.branded.pk, actor=o.by(who), now=AT, approve=True)

    def open_file(who: str) -> None:
        address = reverse("admin:escalations_case_file", args=[o.held.pk, o.file.pk])
        if o.clients[who].get(address).status_code != 200:
            raise NotAllowed(address)

    def export(who: str) -> None:
        exporting.export_cases(asked=Filters(), sort="due", reason="For counsel.", actor=o.user(who), now=AT)

    def as_exporter(who: str) -> None:
        channels.ask(channel_id=o.channels["general"].pk, person_id=o.user(who).pk, part="exporters", reason="Counsel.",
                     actor=o.user("owner"), now=AT)  # fmt: skip
        o.user(who).groups.add(channels.ensure_groups(o.channels["general"])["exporters"])
        export(who)

    links.link_for(case=o.held, party_id=o.held.party_id, now=AT)
    payments = o.teams["payments"].pk
    remedy = {"kind": "refund", "currency": "EUR", "reason": "Broken."}
    due = AT + dt.timedelta(days=1)
    return [
        once("triage", "Sort a new case", o.new),
        once("take", "Take a case from the queue", o.queued),
        once("assign", "Give a case to somebody", o.queued, person_id=jon),
        both("release", "Put a case back into the queue", o.held, reason="Leaving."),
        both("start", "Start work", o.held),
        both("respond", "Answer the party", o.held, body="We look into it."),
        once("receive", "Take in what the party wrote", o.held, body="Hello?"),
        both("note", "Write a note", o.held, body="Called them."),
        both("add_evidence", "Add evidence", o.held, key="photo"),
        Tried("add_file", WORK, "Add a file", (
            Way("own case", lambda who: o.add_file(o.own(o.held, who), o.by(who), later=True)),
            Way("others' cases", lambda who: o.add_file(o.held, o.by(who), later=True)))),
        Tried("open_file", WORK, "Open a file", (Way("", open_file),)),
        both("remove_file", "Take a file away that somebody else added", o.held, file_id=o.file.pk,
             reason="The wrong one."),
        both("waive_evidence", "Do without evidence", o.held, key="photo", reason="Seen before."),
        both("promise", "Promise the party a decision", o.going, body="By tomorrow.", due=due),
        both("pause", "Let a case wait", o.held, reason="buyer", evidence="asked for a photo"),
        both("resume", "Go on with a waiting case", o.waiting),
        both("hand_off", "Hand a case to another team", o.held, to_team_id=o.teams["payments"].pk, note="Yours."),
        once("accept", "Accept a handoff", o.offered),
        once("return_misrouted", "Return what came to the wrong team", o.offered, reason="Not ours."),
        both("escalate", "Escalate", o.held, cause="authority", reason="Too much for me."),
        both("de_escalate", "Take an escalation back", o.escalated, escalation_id=o.escalation.pk, reason="Settled."),
        both("change_facts", "Change what is known of a case", o.held, changes={"seller_note": "x"}, reason="Read it."),
        both("move_version", "Move a case to another version of the playbook", o.held, number=o.later.number,
             reason="Newer."),
        both("remedy", "Grant a remedy within one's limit", o.held, amount="20.00", **remedy),
        Tried("decide_remedy", WORK, "Decide on a remedy that somebody asked for", (
            Way("", lambda who: DOORS["decide_remedy"](approval_id=o.approval.pk, actor=o.by(who), now=AT, approve=True,
                                                       reason="Fair.")),)),
        both("link", "Link two cases", o.held, other_id=o.other.pk),
        both("withdraw_links", "End the links of the party", o.held, reason="Sent to a wrong address."),
        both("merge", "Merge a case into another one", o.held, into_id=o.other.pk, reason="The same."),
        both("resolve", "Resolve a case", o.going, root_cause="carrier", message="Refunded."),
        both("close", "Close a resolved case", o.resolved),
        both("reopen", "Reopen a case", o.resolved, reason="They wrote again."),
        Tried("reassign", WORK, "Give many cases to somebody", (
            Way("", lambda who: _some(assignment.reassign(case_ids=[o.held.pk], person_id=o.user("mia").pk,
                                                          actor=person(who), now=AT))),)),
        Tried("hand_off_several", WORK, "Hand many cases to other teams", (
            Way("", lambda who: _some(handoffs.hand_off_several(offers=[(Case.objects.get(pk=o.held.pk), payments)],
                                                                actor=person(who), now=AT, note="Yours."))),)),
        once("call_in", "Open a case to an expert", o.held, SIGHT, person_id=o.user("expert").pk, reason="Knows it."),
        Tried("end_grant", SIGHT, "End the access of somebody else to a case", (
            Way("", lambda who: DOORS["end_grant"](grant_id=o.grant.pk, actor=person(who), now=AT)),)),
        Tried("break_glass", SIGHT, "Break the glass of a case that one does not see", (
            Way("", lambda who: DOORS["break_glass"](reference=o.secret.reference, actor=person(who), now=AT,
                                                     reason="It burns.")),)),
        Tried("review_glass", SIGHT, "Judge a broken glass", (
            Way("", lambda who: DOORS["review_glass"](grant_id=o.glass.pk, actor=person(who), now=AT, justified=True,
                                                      words="Right.")),)),
        once("restrict", "Move a case into a stricter channel", o.held, SIGHT, channel_id=o.channels["fraud"].pk,
             reason="A ring."),
        once("ask_release", "Ask to move a case into an open channel", o.branded, SIGHT,
             channel_id=o.channels["general"].pk, reason="No brand in it."),
        second("decide_release", "Decide on a move into an open channel", ask_release, decide_release),
        Tried("unmask", PARTY, "Uncover personal data", (
            Way("", lambda who: unmasking.unmask(case_id=o.held.pk, actor=o.user(who), now=AT, reason="To call.")),)),
        Tried("export_cases", PARTY, "Take cases away as a file", (
            Way("by name", as_exporter), Way("role", export)), (Refused,)),
        Tried("add_indicator", PARTY, "Add a finding about a party", (Way("", partial(_finding, o)),)),
        Tried("settle_indicator", PARTY, "Confirm a finding", (
            Way("", lambda who: findings.settle_indicator(indicator_id=_finding(o, "specialist"), actor=o.user(who),
                                                          now=AT, confirm=True)),)),
    ]  # fmt: skip


def _some(answer: Any) -> None:
    done, failed = answer
    if not done:
        raise NotAllowed(str(failed))


def _finding(office: Office, who: str) -> int:
    row = findings.add_indicator(
        case_id=office.held.pk,
        actor=office.user(who),
        now=AT,
        kind="device_match",
        source="Log",
        confidence=2,
        body="x",
    )
    return row.pk
