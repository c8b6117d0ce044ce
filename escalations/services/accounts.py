"""What an account may do, beside its channels: its roles, its flags, its other groups, and what those groups permit.

Nobody raises their own rights here, administrators included while there is a second one; and the desk never loses its
last administrator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import QuerySet

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import User
from escalations.services import channels, noting, roles

RESERVED = (roles.PREFIX, channels.PREFIX)
"""How names of groups begin that no page changes: roles are declared in code, channels are entered by two people."""


def is_reserved(name: str) -> bool:
    """Whether a group of this name belongs to roles or channels."""
    return name.startswith(RESERVED)


def free_groups() -> QuerySet[Group]:
    """The groups that administrators may make and fill."""
    rows = Group.objects.order_by("name")
    for prefix in RESERVED:
        rows = rows.exclude(name__startswith=prefix)
    return rows


def set_rights(
    *,
    person_id: int,
    actor: User,
    now: dt.datetime,
    is_active: bool,
    is_superuser: bool,
    role_keys: Collection[str],
    group_ids: Collection[int] = (),
) -> User:
    """Let an account have exactly these rights, in one transaction; what comes from channels stays as it is.

    is_active     whether it may sign in
    is_superuser  whether it is an administrator's
    role_keys     its roles
    group_ids     its groups beside those of roles and channels

    Raises NotAllowed for somebody who is no administrator, and for whoever would raise their own rights while another
    administrator is there; Refused when the desk would be left without an administrator who can sign in, or for roles
    that nobody holds together; Invalid for a role or group that cannot be chosen.
    """
    _check_administrator(actor)
    with transaction.atomic():
        # All administrators are locked, so that two of them cannot let each other go at the same time.
        administrators = set(
            User.objects.select_for_update().filter(is_superuser=True, is_active=True).values_list("pk", flat=True)
        )
        person = User.objects.select_for_update().get(pk=person_id)
        free = free_groups()
        wanted = set(free.filter(pk__in=group_ids))
        if len(wanted) != len(set(group_ids)):
            raise Invalid("groups", "Groups of roles and channels are not given here.")
        had = set(free.filter(user=person))
        if actor.pk == person.pk and (
            (is_superuser and not person.is_superuser) or (is_active and not person.is_active) or wanted - had
        ):
            roles.check_own(actor)
        if not administrators - {person.pk} and not (is_active and is_superuser):
            raise Refused(
                "This is the only administrator who can sign in, and the desk needs one: make somebody else one first."
            )
        with noting.acting(actor, "account"):
            if (person.is_active, person.is_superuser) != (is_active, is_superuser):
                person.is_active, person.is_superuser = is_active, is_superuser
                person.save(update_fields=["is_active", "is_superuser"])
            person.groups.remove(*(had - wanted))
            person.groups.add(*(wanted - had))
            roles.follow(person)
        roles.set_roles(person_id=person.pk, roles=role_keys, actor=actor, now=now, origin="admin")
        person.refresh_from_db()
    return person


def set_group(
    *, name: str, permission_ids: Collection[int], actor: User, now: dt.datetime, group_id: int | None = None
) -> Group:
    """Make a group, or change its name and what it permits.

    Raises NotAllowed for somebody who is no administrator, for a group of a role or channel, and for whoever would
    permit more to a group that they belong to while another administrator is there; Invalid for a reserved or taken
    name.
    """
    _check_administrator(actor)
    name = name.strip()
    if not name or is_reserved(name):
        raise Invalid("name", f"Names that begin with {' or '.join(RESERVED)} belong to the desk itself.")
    with transaction.atomic():
        group = Group.objects.select_for_update().get(pk=group_id) if group_id is not None else Group()
        if is_reserved(group.name):
            raise NotAllowed("What this group permits is declared in code.")
        if Group.objects.filter(name=name).exclude(pk=group.pk or 0).exists():
            raise Invalid("name", "There is a group of this name already.")
        had = set(group.permissions.values_list("pk", flat=True)) if group.pk else set()
        if set(permission_ids) - had and group.pk and group.user_set.filter(pk=actor.pk).exists():
            roles.check_own(actor)
        group.name = name
        group.save()
        with noting.acting(actor, "group"):
            group.permissions.set(Permission.objects.filter(pk__in=permission_ids))
    return group


def _check_administrator(actor: User) -> None:
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowed("Only administrators set up accounts and groups.")
