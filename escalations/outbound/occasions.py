"""Every occasion on which somebody is told of a case, in one table: who, how urgently, with which words.

A service writes an intent with the occasion's key: `work.tell("notice.handoff", ["leads:4"], handoff=12)`. The words
are the pinned playbook's (`messages` of the policy document, by the occasion's template key and the reader's language);
those below speak only where a playbook says nothing. Placeholders are those of `core.policy.references`.

`data` are the ids that the intent carries, as far as the words need them; what is missing leaves its sentence out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["late", "soon", "new", "decide", "know"]

GROUPS: dict[Group, str] = {
    "late": "late",
    "soon": "due soon",
    "decide": "to decide",
    "new": "new for you",
    "know": "to know",
}
"""Headings of a mail that tells of several cases, in their order."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One occasion. `told` says who is told, for people; `group` is the heading in a mail that tells of several.

    `urgent` never waits behind other mail; `room` is also told to the owning team's chat room, where it has one;
    `by_a_person` is written by somebody each time, so its number is not limited.
    """

    key: str
    told: str
    subject: str
    body: str
    asked: str = ""
    group: Group = "know"
    urgent: bool = False
    room: bool = False
    template: str = ""
    by_a_person: bool = False

    @property
    def name(self) -> str:
        """The occasion in a word, for lists: `breach`, `route offered`."""
        return self.key.partition(".")[2].replace("_", " ") or "something new"

    @property
    def to_party(self) -> bool:
        """Whether the party is told, not a colleague."""
        return self.key.startswith("party.")

    @property
    def template_key(self) -> str:
        """Key of its words in the policy document: `notice.breach`, and `remedy` for `party.remedy`."""
        return self.template or self.key.removeprefix("party.")


_TABLE = (
    # ------------------------------------------------------------------------------------- to colleagues, by the act
    Occasion(
        "notice.assigned",
        told="the person who has the case now",
        subject="{reference} is yours: {category}",
        body="{reference}, {category}, is with you now.\n\n"
        "Why you: {reason}\nPromised: {promise}, due {due}\nNext: {next_step}\n\n{url}",
        asked="Read the brief and answer, or hand it on with a note.",
        group="new",
    ),
    Occasion(
        "notice.queue",
        told="the leads of the team that owns the case now",
        subject="{reference} came to {team}: {category}",
        body="{reference}, {category}, is with {team} now, and nobody has it yet.\n\n"
        "Promised: {promise}, due {due}\nAsked of you: {asked}\n\n{url}",
        asked="Give it to somebody, or take it.",
        group="new",
    ),
    Occasion(
        "notice.critical",
        told="the leads of the owning team, when a critical case finds nobody to take it",
        subject="Critical and with nobody: {reference}, {category}",
        body="{reference}, {category}, is critical, and nobody on duty could take it.\n\n"
        "Promised: {promise}, due {due}\nAsked of you: {asked}\n\n{url}",
        asked="Take it, or give it to somebody now.",
        group="late",
        urgent=True,
        room=True,
    ),
    Occasion(
        "notice.handoff",
        told="the person, or the leads of the team, to whom the case is handed",
        subject="Please take over {reference}: {category}",
        body="{reference}, {category}, is handed to {team}.\n\n"
        "Why: {reason}\nAsked of you: {asked}\nPromised: {promise}, due {due}\n\n{url}",
        asked="Accept it, or return it with the reason.",
        group="new",
        room=True,
    ),
    Occasion(
        "notice.accepted",
        told="the person who handed the case off",
        subject="{reference} was taken over",
        body="{team} has accepted {reference}, {category}. {leader} has it now.\n\n{url}",
    ),
    Occasion(
        "notice.returned",
        told="the person, or the leads of the team, who handed the case off",
        subject="{reference} comes back to you",
        body="{reference}, {category}, was returned as not for the receiver.\n\n"
        "Why: {reason}\nAsked of you: {asked}\n\n{url}",
        asked="Read why, then take it up or hand it to the right team.",
        group="new",
    ),
    Occasion(
        "notice.escalated",
        told="the leads of the team that decides now, and the person who had the case",
        subject="{reference} goes up to {level}",
        body="{reference}, {category}, goes up to {level}.\n\n"
        "Why: {reason}\nWith: {team}, {leader}\nAsked of you: {asked}\n\n{url}",
        asked="Make sure that somebody who may decide has it.",
        group="new",
        room=True,
    ),
    Occasion(
        "notice.de_escalated",
        told="the leads of the owning team",
        subject="{reference} is back at {level}",
        body="{reference}, {category}, is back at {level}.\n\nWhy: {reason}\n\n{url}",
    ),
    Occasion(
        "notice.route_offered",
        told="the owner of the case",
        subject="{reference} could go another way",
        body="Facts of {reference}, {category}, have changed. By the playbook it could go another way now.\n\n"
        "Asked of you: {asked}\n\n{url}",
        asked="Look at the difference on the case and accept it, or leave the case where it is.",
        group="decide",
    ),
    Occasion(
        "notice.reply",
        told="the assignee, or the leads of the team, when the party has written",
        subject="{reference}: the party has written",
        body="In {reference}, {category}, something new has come in from the party.\n\n"
        "Next: {next_step}\nDue: {due}\n\n{url}",
        asked="Read it and answer.",
        group="new",
    ),
    Occasion(
        "notice.reopened",
        told="the person, or the leads of the team, who had the case",
        subject="{reference} is open again",
        body="{reference}, {category}, is open again.\n\nWhy: {reason}\nDue: {due}\nAsked of you: {asked}\n\n{url}",
        asked="Find out what was not settled.",
        group="new",
    ),
    Occasion(
        "notice.approval",
        told="those who may decide: the leads, or the on-call role, of the level that is asked",
        subject="{reference}: your decision on {remedy} {amount}",
        body="In {reference}, {category}, a decision at your level is asked for.\n\n"
        "Asked: {remedy} {amount}\nBy: {leader}\nWhy: {reason}\n\n{url}",
        asked="Approve or refuse it, with a reason.",
        group="decide",
    ),
    Occasion(
        "notice.decided",
        told="the person who asked for the remedy",
        subject="{reference}: decision on {remedy} {amount}",
        body="In {reference}, {category}, this was decided about {remedy} {amount}: {done}\n\nWhy: {reason}\n\n{url}",
        asked="Tell the party.",
        group="new",
    ),
    Occasion(
        "notice.undelivered",
        told="the assignee, or the leads of the team, when a message to the party was given up",
        subject="{reference}: our message did not reach the party",
        body="A message to the party of {reference}, {category}, could not be delivered and was given up.\n\n"
        "Why: {reason}\nAsked of you: {asked}\n\n{url}",
        asked="Check the address with the party another way, or call; then send it again.",
        group="late",
    ),
    # ------------------------------------------------------------------------------------- to colleagues, by the clock
    Occasion(
        "notice.warning",
        told="the assignee, or the leads when nobody has the case",
        subject="{reference}: {promise} is due {due}",
        body="{reference}, {category}: {promise} is due {due}.\n\n"
        "Time passed so far: {time_passed}\nAsked of you: {asked}\n\n{url}",
        asked="Do it now, or tell the party a new time with the reason.",
        group="soon",
    ),
    Occasion(
        "notice.breach",
        told="the assignee and the leads of the owning team",
        subject="{reference} is late: {promise}",
        body="{reference}, {category}, has gone past what was promised.\n\n"
        "Promise: {promise}, due {due}\nTime passed: {time_passed}\nWhy it reaches you: {reason}\n"
        "Asked of you: {asked}\n\n{url}",
        asked="Answer now and say why it is late; if you cannot, hand it to somebody who can.",
        group="late",
        room=True,
    ),
    Occasion(
        "notice.promise",
        told="the assignee and the leads of the owning team, when the party was told a time and it has passed",
        subject="{reference}: the time that we told the party has passed",
        body="{reference}, {category}: we told the party to expect this by {due}, and it was not done.\n\n"
        "Promise: {promise}\nWhy it reaches you: {reason}\nAsked of you: {asked}\n\n{url}",
        asked="Answer the party now: what you know, why it is late, and a new time.",
        group="late",
        room=True,
    ),
    Occasion(
        "notice.rung",
        told="whom the rung names: the assignee, the leads, the receiver, an on-call role",
        subject="{reference} goes up to {level}",
        body="{reference}, {category}, goes up to {level}: it was not settled in time.\n\n"
        "Why: {reason}\nTime passed: {time_passed}\nWith: {team}, {leader}\nAsked of you: {asked}\n\n{url}",
        asked="Make sure that somebody who may decide has it.",
        group="late",
        room=True,
    ),
    Occasion(
        "notice.statutory",
        told="the legal owner, and whoever is told of other deadlines, at half and at four fifths of a legal deadline, "
        "and when it has passed",
        subject="{reference}: a legal deadline is due {due}",
        body="{reference}, {category}, has a deadline set by law: {promise}, due {due}.\n\n"
        "Basis: {reason}\nTime passed: {time_passed}\nAsked of you: {asked}\n\n{url}",
        asked="See that it is met; it cannot be paused or moved.",
        group="late",
        urgent=True,
    ),
    Occasion(
        "notice.resumed",
        told="the assignee, or the leads when nobody has the case, when a pause has ended by itself",
        subject="{reference} goes on",
        body="What {reference}, {category}, waited for has not come in time; its clocks run again.\n\n"
        "Promised: {promise}, due {due}\nNext: {next_step}\n\n{url}",
        asked="Ask again, or decide with what there is.",
        group="soon",
    ),
    Occasion(
        "notice.digest",
        told="the leads, once, when much came late at the same time (after an outage)",
        subject="{count} cases fell due while the desk stood still",
        body="While the desk stood still, {count} cases of yours fell due. Each climbs one step at most; the later "
        "steps follow at their distances.\n\n{items}\n\n{url}",
        asked="Look at the oldest first.",
        group="late",
        urgent=True,
    ),
    # ------------------------------------------------------------------------------ to colleagues, about who may see it
    Occasion(
        "notice.called_in",
        told="the person to whom a case is opened for a while",
        subject="{reference} is open to you: {category}",
        body="Your help is asked for in {reference}, {category}. It is open to you until {due}.\n\n"
        "Asked of you: {asked}\n\n{url}",
        asked="Read it, and say what you know in a note.",
        group="new",
    ),
    Occasion(
        "notice.glass_broken",
        told="the owners of a case's channel, when somebody without a right to it has opened the case to themselves",
        subject="{reference} was opened by breaking the glass",
        body="Somebody who does not belong to its channel has opened {reference}, {category}, to themselves.\n\n"
        "Asked of you: {asked}\n\n{url}",
        asked="Read their reason, and judge whether it was justified.",
        group="decide",
        urgent=True,
    ),
    Occasion(
        "notice.glass_reviewed",
        told="the person who broke the glass, when an owner of the channel has judged it",
        subject="{reference}: your access was reviewed",
        body="An owner of its channel has reviewed that you opened {reference} to yourself. "
        "The judgement, with its words, is on the desk: {url}",
    ),
    Occasion(
        "notice.withdrawn",
        told="the person who had a case that went to a channel they do not work in",
        subject="{reference} is no longer with you",
        body="{reference} went to a channel that you do not work in, and somebody there goes on with it. "
        "Nothing is asked of you.\n\n{url}",
    ),
    Occasion(
        "notice.release_asked",
        told="the owners of a case's channel, when somebody asks to move the case out of it",
        subject="{reference}: may it leave its channel?",
        body="Somebody asks to move {reference}, {category}, out of its channel.\n\nAsked of you: {asked}\n\n{url}",
        asked="Look at it, and decide.",
        group="decide",
    ),
    Occasion(
        "notice.release_decided",
        told="the person who asked to move a case out of its channel",
        subject="{reference}: decided whether it leaves its channel",
        body="It was decided whether {reference}, {category}, leaves its channel.\n\n{url}",
    ),
    # ---------------------------------------------------------------------------------------------------- to the party
    Occasion(
        "party.acknowledgement",
        told="the party, when the case is received (does not count as an answer)",
        subject="We have your message, {reference}",
        body="Hello {party},\n\nyour message has arrived. Its number is {reference}.\n\n"
        "You hear from us by {told_due}.\n\nYou can answer this mail at any time to add something.",
    ),
    Occasion(
        "party.message",
        told="the party, in the words of the person who answers",
        subject="Your matter {reference}",
        body="Hello {party},\n\nthere is news about your matter {reference}.",
        by_a_person=True,
    ),
    Occasion(
        "party.update",
        told="the party, when something has moved",
        subject="Where your matter {reference} stands",
        body="Hello {party},\n\nwe are working on your matter {reference}.\n\nYou hear from us by {told_due}.",
        by_a_person=True,
    ),
    Occasion(
        "party.remedy",
        told="the party, when a remedy is granted",
        subject="What you get, {reference}",
        body="Hello {party},\n\nfor your matter {reference} you get: {remedy} {amount}",
    ),
    Occasion(
        "party.resolution",
        told="the party, when the case is resolved",
        subject="Your matter {reference} is settled",
        body="Hello {party},\n\nyour matter {reference} is settled.\n\n"
        "If this does not settle it for you, answer this mail, and we look at it again.",
        by_a_person=True,
    ),
    Occasion(
        "party.reopened",
        told="the party, when the case is open again",
        subject="We are looking at {reference} again",
        body="Hello {party},\n\nyour matter {reference} is open again.\n\nYou hear from us by {told_due}.",
    ),
    Occasion(
        "party.late",
        told="the party, when what was promised was not kept",
        subject="We are late, {reference}",
        body="Hello {party},\n\nwe did not keep the time that we promised for {reference}. We are sorry.\n\n"
        "You hear from us by {told_due}.",
        template="late_apology",
    ),
)

OCCASIONS: dict[str, Occasion] = {occasion.key: occasion for occasion in _TABLE}
_of_others: dict[str, Occasion] = {}

UNKNOWN_TO_STAFF = Occasion(
    "notice",
    told="whom the intent names, on an occasion that this version does not know",
    subject="{reference}: something new",
    body="There is something new in {reference}, {category}.\n\n{url}",
)
UNKNOWN_TO_PARTY = Occasion(
    "party.",
    told="the party, on an occasion that this version does not know",
    subject="Your matter {reference}",
    body="Hello {party},\n\nthere is news about your matter {reference}.",
)


def declared(occasion: Occasion) -> None:
    """Know an occasion of an app above this one, which says by `matters.declare` what it is about."""
    _of_others[occasion.key] = occasion


def occasion(key: str) -> Occasion:
    """The occasion of a key. One that is not known (an intent of another version) is told in general words: what was
    meant to be told is told."""
    found = OCCASIONS.get(key) or _of_others.get(key)
    if found is None:
        return UNKNOWN_TO_PARTY if key.startswith("party.") else UNKNOWN_TO_STAFF
    return found
