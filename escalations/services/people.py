"""The live state of people: absences, cover, memberships, on-call shifts. Who may change which is checked here.

Absence: oneself or a lead. Membership: the team's lead. Cover: oneself or a lead. On-call: a lead. A lead is who leads
a team and has the role for it (`core.roles.LEAD`): the role says that somebody may, the membership where.
Administrators (superusers) may set up teams: nobody could appoint the first lead otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import transaction

from escalations.core.roles import LEAD
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Absence, Cover, Level, Membership, OnCallShift, Role, Specialism, Team, User
from escalations.selectors import people
from escalations.services import roles


def set_absence(
    *,
    person_id: int,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    actor: User,
    now: dt.datetime,
    note: str = "",
    covered_by_id: int | None = None,
    absence_id: int | None = None,
) -> Absence:
    """Enter or change an absence, with who stands in. Nobody is given new cases while away; when they are back, the
    queues drain to them again. Raises NotAllowed, or Invalid for a span that ends before it starts."""
    _self_or_lead(actor, person_id, now)
    _check_span(starts_at, ends_at)
    with transaction.atomic():
        row = Absence.objects.get(pk=absence_id) if absence_id is not None else Absence(person_id=person_id)
        row.person_id, row.starts_at, row.ends_at, row.note = person_id, starts_at, ends_at, note.strip()
        row.save()
        if covered_by_id is not None:
            set_cover(
                person_id=person_id, by_id=covered_by_id, starts_at=starts_at, ends_at=ends_at, actor=actor, now=now
            )
    return row


def end_absence(*, absence_id: int, actor: User, now: dt.datetime) -> None:
    """Remove an absence that has not begun, or end one that has, now."""
    row = Absence.objects.get(pk=absence_id)
    _self_or_lead(actor, row.person_id, now)
    if row.starts_at >= now:
        row.delete()
    elif row.ends_at > now:
        row.ends_at = now
        row.save(update_fields=["ends_at"])


def set_cover(
    *,
    person_id: int,
    by_id: int,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    actor: User,
    now: dt.datetime,
    cover_id: int | None = None,
) -> Cover:
    """Say who stands in for a person. Cover is followed to its end (field case M6), so a circle is refused."""
    _self_or_lead(actor, person_id, now)
    _check_span(starts_at, ends_at)
    overlapping = Cover.objects.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)
    if cover_id is not None:
        overlapping = overlapping.exclude(pk=cover_id)
    chain = {row.person_id: row.by_id for row in overlapping}
    current: int | None = by_id
    seen: set[int] = set()
    while current is not None and current not in seen:
        if current == person_id:
            raise Invalid("by", "This would turn in a circle: they are covered by this person themselves.")
        seen.add(current)
        current = chain.get(current)
    row = Cover.objects.get(pk=cover_id) if cover_id else Cover()
    row.person_id, row.by_id, row.starts_at, row.ends_at = person_id, by_id, starts_at, ends_at
    row.save()
    return row


def set_membership(
    *,
    person_id: int,
    team_id: int,
    level_id: int,
    actor: User,
    now: dt.datetime,
    leads: bool = False,
    capacity: int = 12,
    specialism_ids: Iterable[int] = (),
    languages: Sequence[str] = (),
) -> Membership:
    """Put a person into a team, or change how they belong to it. Nobody raises their own level or makes themselves the
    lead, administrators neither while there is a second one.

    Raises NotAllowed, Refused to let somebody lead who has not the role of a lead, or Invalid for a retired team or
    level.
    """
    _lead_of(actor, team_id, now)
    team, level = Team.objects.get(pk=team_id), Level.objects.get(pk=level_id)
    if team.retired_at or level.retired_at:
        raise Invalid("team" if team.retired_at else "level", "This is no longer part of the playbook in force.")
    with transaction.atomic():
        row = Membership.objects.select_for_update().filter(
            person_id=person_id, team=team, ends_at__isnull=True
        ).first() or Membership(person_id=person_id, team=team, starts_at=now)
        old_rank = row.level.rank if row.pk else 0
        if person_id == actor.pk and (level.rank > old_rank or (leads and not row.leads)):
            if not actor.is_superuser:
                raise NotAllowed("Nobody raises their own level: another lead, or an administrator, does.")
            roles.check_own(actor)
        if leads and not row.leads and not User.objects.get(pk=person_id).has_perm(LEAD):
            raise Refused("They have not the role of a lead: an administrator gives it first, on their account.")
        row.level, row.leads, row.capacity, row.languages = level, leads, capacity, list(languages)
        row.save()
        row.specialisms.set(Specialism.objects.filter(pk__in=specialism_ids))
    return row


def end_membership(*, membership_id: int, actor: User, now: dt.datetime) -> Membership:
    """Let a person leave a team from now on. Their cases stay theirs until somebody reassigns them."""
    row = Membership.objects.get(pk=membership_id)
    _lead_of(actor, row.team_id, now)
    row.ends_at = now if now > row.starts_at else row.starts_at + dt.timedelta(seconds=1)
    row.save(update_fields=["ends_at"])
    return row


def set_on_call(
    *,
    role_id: int,
    person_id: int,
    starts_at: dt.datetime,
    actor: User,
    now: dt.datetime,
    ends_at: dt.datetime | None = None,
    shift_id: int | None = None,
) -> OnCallShift:
    """Say who holds an on-call role from when to when (open at the end when None)."""
    role = Role.objects.get(pk=role_id)
    if not people.led_by(actor, now).exists() and not actor.is_superuser:
        raise NotAllowed("Only leads decide who is on call.")
    if ends_at is not None:
        _check_span(starts_at, ends_at)
    row = OnCallShift.objects.get(pk=shift_id) if shift_id else OnCallShift()
    row.role, row.person_id, row.starts_at, row.ends_at = role, person_id, starts_at, ends_at
    row.save()
    return row


def _self_or_lead(actor: User, person_id: int, now: dt.datetime) -> None:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed("Only people who work at the desk may do this.")
    if actor.pk == person_id or actor.is_superuser:
        return
    theirs = people.members(now).filter(person_id=person_id).values("team_id")
    if not people.led_by(actor, now).filter(team_id__in=theirs).exists():
        raise NotAllowed("Only the person, or a lead of a team of theirs, may do this.")


def _lead_of(actor: User, team_id: int, now: dt.datetime) -> None:
    if actor.is_superuser or people.led_by(actor, now).filter(team_id=team_id).exists():
        return
    raise NotAllowed("Only a lead of the team may do this.")


def _check_span(starts_at: dt.datetime, ends_at: dt.datetime) -> None:
    if ends_at <= starts_at:
        raise Invalid("ends_at", "The end comes after the start.")
