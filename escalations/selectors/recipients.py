"""Who is told: the tokens of an intent (`leads:4`, `role:night`, `owners:2` of a channel) as people, rooms and parties,
many intents at a time.

Cover is followed to its end, absent people are stood in for, nobody is told twice, and nobody is told of a case that
they may not see. Addresses are not read here.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from escalations.models import (
    Case,
    CaseGrant,
    ChannelGroupPermission,
    ChannelUserPermission,
    Cover,
    Outbox,
    Party,
    User,
)
from escalations.selectors import people

NUMBERED = frozenset({"user", "leads", "team", "party", "owners"})
SEE, OWN = "see_cases", "manage_members"


@dataclass(frozen=True, slots=True)
class Told:
    """One recipient by one means. With an `obstacle` nothing can be sent: it says why, for the person who looks."""

    recipient: str
    means: str = "mail"
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Staff:
    """What must be known of colleagues to work out who is told, loaded once for many intents."""

    leads: dict[int, list[int]]
    members: dict[int, list[int]]
    owners: dict[int, list[int]]
    on_call: dict[str, list[int]]
    cover: dict[int, int]
    away: frozenset[int]
    active: frozenset[int]

    def answers_for(self, person: int) -> int | None:
        """Who answers for a person: themselves when they are here, else the end of their cover; None when nobody is."""
        answer = people.end_of_cover(self.cover, person)
        return answer if answer in self.active and answer not in self.away else None

    def leading(self, team: int) -> list[int]:
        """The people who answer for a team: its leads or who stands in for them, else its members who are here; when
        everybody is away, its leads or members all the same (somebody alone at a desk is told on their day off)."""
        leads, members = self.leads.get(team, []), self.members.get(team, [])
        found = [answer for person in leads if (answer := self.answers_for(person)) is not None]
        return found or [person for person in members if person not in self.away] or leads or members

    def owning(self, channel: int) -> list[int]:
        """The people who answer for a channel: its owners or who stands in for them, else its owners all the same."""
        owners = self.owners.get(channel, [])
        return [answer for person in owners if (answer := self.answers_for(person)) is not None] or owners


@dataclass(frozen=True, slots=True)
class Sight:
    """Who may see the cases of which channel, and whose own case one is. Says the same as `Case.objects.visible_to`."""

    grants: frozenset[tuple[int, int]]
    singly: frozenset[tuple[int, int]]
    own: dict[int, int]

    def sees(self, person: int, case: Case | None) -> bool:
        """Whether a person may see a case; an intent without a case may be told to everybody."""
        if case is None:
            return True
        sees = (case.channel_id, person) in self.grants or (case.pk, person) in self.singly
        return sees and self.own.get(case.party_id) != person


def resolve(intents: Sequence[Outbox], at: dt.datetime, room: Callable[[str], bool]) -> dict[int, list[Told]]:
    """Recipients by intent id. `room` says of an intent's kind whether it is told in chat rooms too.

    `intents` need their case, with its channel and team, loaded. At most fourteen queries, whatever the number.
    """
    tokens = {row.pk: _tokens(row) for row in intents}
    cases = [row.case for row in intents if row.case is not None]
    staff = _staff([token for found in tokens.values() for token in found], cases, at)
    sight = sight_of(cases, staff.active, at)
    parties = _parties([int(ref) for found in tokens.values() for kind, ref in found if kind == "party" and ref])
    return {row.pk: list(_told(row, tokens[row.pk], staff, sight, parties, room)) for row in intents}


def _tokens(row: Outbox) -> list[tuple[str, str]]:
    found = []
    for token in row.data.get("to") or []:
        kind, _, ref = str(token).partition(":")
        known = ref.isdecimal() if kind in NUMBERED else kind == "role" and ref != ""
        found.append((kind, ref) if known else ("?", str(token)))
    return found


def _told(
    row: Outbox,
    tokens: Iterable[tuple[str, str]],
    staff: Staff,
    sight: Sight,
    parties: dict[int, tuple[bool, bool, bool]],
    room: Callable[[str], bool],
) -> Iterable[Told]:
    case = row.case
    seen: set[tuple[str, str]] = set()
    nobody = True
    for kind, ref in tokens:
        nobody = False
        found = [_party(int(ref), parties)] if kind == "party" else _colleagues(kind, ref, case, staff, sight)
        for told in found:
            if (told.recipient, told.means) not in seen:
                seen.add((told.recipient, told.means))
                yield told
    if nobody:
        yield Told("nobody", obstacle="The intent names nobody to tell.")
    if case is not None and room(row.kind) and case.team.key in settings.THROUGHLINE_CHAT_URLS:
        yield Told(f"team:{case.team_id}", "chat")


def _colleagues(kind: str, ref: str, case: Case | None, staff: Staff, sight: Sight) -> list[Told]:
    """The people behind one token; the owning team's leads when nobody else answers or may see the case."""
    token = f"{kind}:{ref}"
    fallback = staff.leading(case.team_id) if case is not None else []
    why = ""
    match kind:
        case "user":
            answer = staff.answers_for(int(ref))
            people_ = [answer] if answer is not None else []
            if not fallback and int(ref) in staff.active:
                fallback = [int(ref)]
            why = "This person is away or no longer here, and nobody stands in."
        case "leads":
            people_ = staff.leading(int(ref))
            why = "Nobody leads this team, and it has no members."
        case "team":
            here = [person for person in staff.members.get(int(ref), ()) if person not in staff.away]
            people_ = here or staff.leading(int(ref))
            why = "This team has no members."
        case "owners":
            people_ = staff.owning(int(ref))
            why = "This channel has no owner yet: an administrator asks for the first one."
        case "role":
            people_ = [a for person in staff.on_call.get(ref, ()) if (a := staff.answers_for(person)) is not None]
            why = f"Nobody is on call for {ref}."
        case _:
            return [Told(clip(ref), obstacle=f"The desk does not know a recipient written as {ref!r}.")]
    for candidates in (people_, fallback):
        seeing = [person for person in dict.fromkeys(candidates) if sight.sees(person, case)]
        if seeing:
            return [Told(f"user:{person}") for person in seeing]
    if people_ or fallback:
        why = "Nobody of those to be told may see this case. Check who belongs to its channel, then send again."
    return [Told(clip(token), obstacle=why)]


def clip(token: str) -> str:
    """A token as it fits the column."""
    return token[:64]


def _party(party_id: int, parties: dict[int, tuple[bool, bool, bool]]) -> Told:
    recipient = f"party:{party_id}"
    if party_id not in parties:
        return Told(recipient, obstacle="There is no such party.")
    mail, phone, erased = parties[party_id]
    if erased:
        return Told(recipient, obstacle="The party's data was erased.")
    if not mail and phone and settings.THROUGHLINE_SMS_URL:
        return Told(recipient, "sms")
    return Told(recipient)


def _parties(ids: Collection[int]) -> dict[int, tuple[bool, bool, bool]]:
    """Of each party: whether it has a mail address, a telephone number, whether it was erased. Nothing is decrypted."""
    if not ids:
        return {}
    rows = Party.objects.filter(pk__in=set(ids)).values_list("pk", "email_index", "phone_index", "erased_at")
    return {pk: (bool(mail), bool(phone), erased is not None) for pk, mail, phone, erased in rows}


def _staff(tokens: Iterable[tuple[str, str]], cases: Iterable[Case], at: dt.datetime) -> Staff:
    refs: dict[str, set[str]] = defaultdict(set)
    for kind, ref in tokens:
        refs[kind].add(ref)
    teams = {int(ref) for kind in ("leads", "team") for ref in refs[kind]} | {case.team_id for case in cases}
    leads: dict[int, list[int]] = defaultdict(list)
    members: dict[int, list[int]] = defaultdict(list)
    if teams:
        rows = people.members(at, team_ids=teams).order_by("id").values_list("team_id", "person_id", "leads")
        for team, person, leading in rows:
            members[team].append(person)
            if leading:
                leads[team].append(person)
    on_call = people.on_call(refs["role"], at) if refs["role"] else {}
    owners: dict[int, list[int]] = defaultdict(list)
    for channel, person in sorted(_holding(OWN, {int(ref) for ref in refs["owners"]})):
        owners[channel].append(person)
    named = {int(ref) for ref in refs["user"]}
    named |= {person for held in (*members.values(), *owners.values(), *on_call.values()) for person in held}
    cover: dict[int, int] = {}
    away: set[int] = set()
    if named:
        cover = dict(Cover.objects.filter(people.in_span(at)).values_list("person_id", "by_id"))
        named |= set(cover.values())
        away = people.away(at, named)
    active = User.objects.filter(pk__in=named, is_active=True).values_list("pk", flat=True) if named else ()
    return Staff(dict(leads), dict(members), dict(owners), on_call, cover, frozenset(away), frozenset(active))


def sight_of(cases: Collection[Case], person_ids: Collection[int], at: dt.datetime) -> Sight:
    """Which of some people may see some cases at `at`, by channel or by a grant of the case. Four queries."""
    channels = {case.channel_id for case in cases}
    if not channels or not person_ids:
        return Sight(frozenset(), frozenset(), {})
    singly = CaseGrant.objects.in_force(at).filter(case__in=[case.pk for case in cases], user__in=person_ids)
    parties = Party.objects.filter(pk__in={case.party_id for case in cases}, staff_user_id__isnull=False)
    return Sight(
        _holding(SEE, channels, person_ids),
        frozenset(singly.values_list("case_id", "user_id")),
        dict(parties.values_list("pk", "staff_user_id")),
    )


def _holding(
    permission: str, channels: Collection[int], person_ids: Collection[int] | None = None
) -> frozenset[tuple[int, int]]:
    """(channel, person) of those who hold a permission there, by themselves or by a group. Two queries at most."""
    if not channels:
        return frozenset()
    wanted = Q(content_object_id__in=channels, permission__codename=permission)
    groups = ChannelGroupPermission.objects.filter(wanted, group__user__isnull=False)
    alone = ChannelUserPermission.objects.filter(wanted)
    if person_ids is not None:
        groups, alone = groups.filter(group__user__in=person_ids), alone.filter(user_id__in=person_ids)
    return frozenset(groups.values_list("content_object_id", "group__user")) | frozenset(
        alone.values_list("content_object_id", "user_id")
    )
