"""Who belongs to a channel: groups with object permissions, entered and left on record, by two people."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from escalations.core import watching
from escalations.core.roles import ENTER, SPECIALISE, WORK
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Channel, ChannelGroupPermission, ChannelRequest, User
from escalations.models.reach import Reach
from escalations.selectors.access import ownerless
from escalations.services import noting

Part = ChannelRequest.Part

PREFIX = "channel:"
"""How the names of channels' groups begin."""

#: What each part of a channel's membership permits.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    Part.READERS: ("see_cases",),
    Part.WORKERS: ("see_cases", "work_cases"),
    Part.SPECIALISTS: ("see_cases", "work_cases", "see_restricted", "see_party_data"),
    Part.EXPORTERS: ("see_cases", "export_cases"),
    Part.OWNERS: ("see_cases", "manage_members"),
}

#: What somebody's roles must give before they can have a part, and what to say otherwise.
ROLES_FOR: dict[str, tuple[tuple[str, str], ...]] = {
    Part.READERS: ((ENTER, "enters the desk"),),
    Part.WORKERS: ((WORK, "works on cases"),),
    Part.SPECIALISTS: ((WORK, "works on cases"), (SPECIALISE, "may be a specialist")),
    Part.EXPORTERS: ((ENTER, "enters the desk"),),
    Part.OWNERS: ((ENTER, "enters the desk"),),
}


def group_name(key: str, part: str) -> str:
    """What the group of a part of a channel is called."""
    return f"{PREFIX}{key}:{part}"


def ensure_groups(channel: Channel) -> dict[str, Group]:
    """The groups of a channel with their permissions, made when missing. Twice is as once, and costs one query then."""
    names = {str(part): group_name(channel.key, part) for part in PERMISSIONS}

    def found() -> dict[str, Group]:
        by_name = {row.name: row for row in Group.objects.filter(name__in=names.values())}
        return {part: by_name[name] for part, name in names.items() if name in by_name}

    groups = found()
    missing = names.keys() - groups.keys()
    if missing:
        with transaction.atomic(), noting.declared():
            Group.objects.bulk_create([Group(name=names[part]) for part in sorted(missing)], ignore_conflicts=True)
            groups = found()
            _permit(channel, {part: groups[part] for part in sorted(missing)})
    return groups


def _permit(channel: Channel, groups: dict[str, Group]) -> None:
    """Give groups what their part permits: one insert, and one entry of the access log for each group."""
    content_type = ContentType.objects.get_for_model(Channel)
    ids = dict(Permission.objects.filter(content_type=content_type).values_list("codename", "pk"))
    given = {group.pk: [ids[name] for name in PERMISSIONS[part]] for part, group in groups.items()}
    ChannelGroupPermission.objects.bulk_create(
        (
            ChannelGroupPermission(group_id=pk, permission_id=permission, content_object=channel)
            for pk, permissions in given.items()
            for permission in permissions
        ),
        ignore_conflicts=True,
    )
    for pk, permissions in given.items():
        data = {"of": pk, "what": "group", "channel": channel.pk, "added": permissions}
        noting.note(kind=watching.PERMISSION, now=timezone.now(), data=data)


def ask(*, channel_id: int, person_id: int, part: str, reason: str, actor: User, now: dt.datetime) -> ChannelRequest:
    """Ask for a person to enter a channel. The asker owns the channel; a second person decides.

    A channel that has no owner yet gets its first one from an administrator, whose own confirmation a second person
    gives as well. Raises NotAllowed, Invalid, or Refused when they have or wait for it already, or when none of their
    roles lets them have this part.
    """
    channel = Channel.objects.get(pk=channel_id)
    _check_owner(actor, channel)
    if part not in PERMISSIONS:
        raise Invalid("part", f"one of {', '.join(PERMISSIONS)}")
    if not reason.strip():
        raise Invalid("reason", "Say why they need it.")
    _check_roles(User.objects.get(pk=person_id), part)
    with transaction.atomic():
        standing = ChannelRequest.objects.filter(
            channel=channel, person_id=person_id, part=part, state__in=["waiting", "granted"]
        )
        if standing.exists():
            raise Refused("They have this, or wait for it, already.")
        return ChannelRequest.objects.create(
            channel=channel,
            person_id=person_id,
            part=part,
            reason=reason.strip()[:300],
            asked_by=actor,
            asked_at=now,
        )


def decide(*, request_id: int, approve: bool, actor: User, now: dt.datetime) -> ChannelRequest:
    """Confirm or refuse a request. Neither who asked nor who would enter decides. Raises NotAllowed or Refused."""
    with transaction.atomic():
        row = ChannelRequest.objects.select_for_update().select_related("channel", "person").get(pk=request_id)
        if row.state != ChannelRequest.State.WAITING:
            raise Refused(f"This is {row.get_state_display()} already.")
        if actor.pk in (row.asked_by_id, row.person_id):
            raise NotAllowed("Somebody else decides: not who asked, and not who would enter.")
        _check_owner(actor, row.channel)
        if approve:
            _check_roles(row.person, row.part)
        row.state = ChannelRequest.State.GRANTED if approve else ChannelRequest.State.REFUSED
        row.decided_by, row.decided_at = actor, now
        row.save(update_fields=["state", "decided_by", "decided_at"])
        if approve:
            with noting.acting(actor):
                row.person.groups.add(ensure_groups(row.channel)[row.part])
    return row


def end(*, request_id: int, actor: User, now: dt.datetime) -> ChannelRequest:
    """Take a person out of a channel. One owner suffices: leaving is never what endangers a channel."""
    with transaction.atomic():
        row = ChannelRequest.objects.select_for_update().select_related("channel", "person").get(pk=request_id)
        _check_owner(actor, row.channel)
        if row.state != ChannelRequest.State.GRANTED:
            raise Refused("Only a granted membership can be ended.")
        row.state = ChannelRequest.State.ENDED
        row.save(update_fields=["state"])
        with noting.acting(actor):
            row.person.groups.remove(ensure_groups(row.channel)[row.part])
    return row


def answers_without_owner(actor: User, channel: Channel) -> bool:
    """Whether an administrator answers for a channel, because it has no owner yet. One query at most."""
    return actor.is_superuser and ownerless().filter(pk=channel.pk).exists()


def _check_roles(person: User, part: str) -> None:
    for permission, words in ROLES_FOR[part]:
        if not person.has_perm(permission):
            raise Refused(f"{person} has no role that {words}: an administrator gives it first, on their account.")


def _check_owner(actor: User, channel: Channel) -> None:
    if channel.pk in Reach.of(actor).channels("manage_members") or answers_without_owner(actor, channel):
        return
    raise NotAllowed(f"Only the owners of the channel {channel} decide who belongs to it.")
