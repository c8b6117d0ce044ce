"""Who has which role: groups that are declared in `core.roles`, given and taken through one door, and on record.

A role is held by belonging to the group `role:<key>`. The groups hold exactly the permissions that the code declares
(`sync_roles`). Whether somebody enters the desk (`is_staff`) follows from their roles, and is written with them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from escalations.core import roles as declared
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Membership, User
from escalations.services import channels, noting

PREFIX = "role:"
"""How the name of a role's group begins."""
OLD_AUDITORS = "auditors"
"""The group that held the auditors before there were roles."""
ORIGINS = ("admin", "sso")
"""By which way roles are given: by somebody at the desk, or by the company's directory when somebody signs in."""


@dataclass(slots=True)
class Synced:
    """What a sync changed: groups by their names, and how many people were given roles that they had none of."""

    added: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    carried: int = 0
    unchanged: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.carried)


def group_of(key: str) -> Group:
    """The group of a role. Raises Invalid for a role that does not exist. One query."""
    if key not in declared.ROLES:
        raise Invalid("roles", f"one of {', '.join(declared.ROLES)}")
    return Group.objects.get(name=PREFIX + key)


def sync_roles(*, dry_run: bool = False) -> Synced:
    """Make the groups of roles those that are declared, each with exactly its permissions. Twice is as once.

    Groups of roles that are declared no more go. The first time on a desk that has people already, each of them gets
    the roles that they had in fact (see `_carry_over`), and the group `auditors` becomes the role. Permissions are
    created when Django has not done so yet. Four queries when nothing differs.
    """
    done = Synced()
    with transaction.atomic(), noting.declared(), noting.acting(None, "roles declared in code"):
        groups = {group.name: group for group in Group.objects.filter(name__startswith=PREFIX)}
        old = Group.objects.filter(name=OLD_AUDITORS).first()
        first = not groups
        held = _held(groups.values())
        known = _permissions()
        for key, role in declared.ROLES.items():
            name = PREFIX + key
            wanted = {known[label] for label in role.permissions if label in known}
            if name in groups and held[groups[name].pk] == wanted:
                done.unchanged += 1
                continue
            if name in groups:
                labels = {pk: label for label, pk in known.items()}
                differ = held[groups[name].pk] ^ wanted
                done.changed[name] = sorted(labels.get(pk, f"permission {pk}") for pk in differ)
            else:
                done.added.append(name)
            if not dry_run:
                group = groups.get(name) or Group.objects.create(name=name)
                group.permissions.set(wanted)
                groups[name] = group
        done.removed = sorted(set(groups) - {PREFIX + key for key in declared.ROLES} | ({old.name} if old else set()))
        if dry_run:
            return done
        if first:
            done.carried = _carry_over(groups)
        if old is not None:
            groups[PREFIX + "auditor"].user_set.add(*old.user_set.all())
            old.delete()
        for name in done.removed:
            if name in groups:
                groups[name].delete()
        if done:
            changed = User.objects.filter(groups__name__startswith=PREFIX).distinct()
            for person in changed:
                follow(person)
    return done


def _permissions() -> dict[str, int]:
    """Every declared permission that this desk has, by its label. An app that is not installed has none."""
    labels = {label for role in declared.ROLES.values() for label in role.permissions}
    found = _ids(labels)
    missing = {label.split(".")[0] for label in labels - set(found)} & {
        config.label for config in apps.get_app_configs()
    }
    if missing:
        for label in sorted(missing):
            create_permissions(apps.get_app_config(label), verbosity=0)
        found = _ids(labels)
        lost = sorted(label for label in labels - set(found) if label.split(".")[0] in missing)
        if lost:
            raise LookupError(f"core.roles names permissions that no model declares: {', '.join(lost)}")
    return found


def _ids(labels: Collection[str]) -> dict[str, int]:
    codenames = {label.split(".")[1] for label in labels}
    rows = Permission.objects.filter(codename__in=codenames).values_list("content_type__app_label", "codename", "pk")
    return {f"{app}.{codename}": pk for app, codename, pk in rows if f"{app}.{codename}" in labels}


def _held(groups: Iterable[Group]) -> dict[int, set[int]]:
    """The permissions of groups, by their ids. One query."""
    held: dict[int, set[int]] = {group.pk: set() for group in groups}
    through = Group.permissions.through.objects.filter(group__in=held)  # type: ignore[attr-defined]
    for group, permission in through.values_list("group_id", "permission_id"):
        held[group].add(permission)
    return held


def _carry_over(groups: Mapping[str, Group]) -> int:
    """Give the people of a desk that knew no roles those that they had in fact; return how many people got one.

    Members of teams become agents, those who lead one leads, specialists of a channel specialists, and who may send
    messages again supervisors. Whoever entered the desk without any of it becomes an agent, so that nobody is locked
    out; administrators need no role. What somebody has is taken as it is, whether or not the roles go together.
    """
    open_ = Membership.objects.filter(ends_at__isnull=True)
    leads = set(open_.filter(leads=True).values_list("person_id", flat=True))
    members = set(open_.values_list("person_id", flat=True)) - leads
    in_group = User.objects.filter(groups__name__startswith=channels.PREFIX, groups__name__endswith=":specialists")
    specialists = set(in_group.values_list("pk", flat=True))
    named = {"codename": "change_delivery", "content_type__app_label": "escalations"}
    can = Permission.objects.filter(**named)
    keepers = set(
        User.objects.filter(Q(user_permissions__in=can) | Q(groups__permissions__in=can), is_superuser=False)
        .exclude(groups__name__startswith=PREFIX)
        .values_list("pk", flat=True)
    )
    auditors = set(User.objects.filter(groups__name=OLD_AUDITORS).values_list("pk", flat=True))
    staff = set(User.objects.filter(is_staff=True).values_list("pk", flat=True))
    placed = leads | members | specialists | keepers | auditors
    plain = set(
        User.objects.filter(is_staff=True, is_superuser=False).exclude(pk__in=placed).values_list("pk", flat=True)
    )
    found = {
        "lead": leads & staff,
        "agent": (members & staff) | plain,
        "specialist": specialists & staff,
        "supervisor": keepers & staff,
    }
    for key, people in found.items():
        if people:
            groups[PREFIX + key].user_set.add(*people)
    return len(set().union(*found.values()))


def set_roles(
    *, person_id: int, roles: Collection[str], actor: User | None, now: dt.datetime, origin: str
) -> tuple[str, ...]:
    """Let a person have exactly these roles: what is missing is added, what is not among them is taken, and nothing
    else of theirs is touched (groups of channels are entered by two people: `services.channels`).

    person_id  whose roles
    roles      keys of `core.roles.ROLES`; empty: none, and they enter the desk no more (administrators always do)
    actor      who gives them; None only for `origin="sso"`, where the company's directory does
    origin     "admin" or "sso"; kept on the access log with the change

    Returns the roles before, in their order. Counts from the person's next request on. Raises Invalid for a role or
    an origin that does not exist; NotAllowed for somebody who may not give roles, and for whoever would raise their own
    (an administrator may while there is no other one to ask); Refused for roles that nobody holds together. Five
    queries when nothing changes.
    """
    if origin not in ORIGINS:
        raise Invalid("origin", f"one of {', '.join(ORIGINS)}")
    if stray := declared.unknown(roles):
        raise Invalid("roles", f"There is no role {', '.join(stray)}. Choose from {', '.join(declared.ROLES)}.")
    if actor is None and origin != "sso":
        raise NotAllowed("Roles are given by somebody.")
    if actor is not None and not actor.has_perm(declared.GIVE_ROLES):
        raise NotAllowed("Only administrators give roles.")
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person_id)
        before = held_by(person)
        more, fewer = set(roles) - set(before), set(before) - set(roles)
        if more and actor is not None and actor.pk == person.pk:
            check_own(actor)
        if more and (words := declared.clash(roles)):
            raise Refused(words)
        if more and person.is_superuser and declared.USE_API in declared.permissions(roles):
            raise Refused("An administrator's account is no connected system's: make an account of its own for it.")
        if not more and not fewer:
            return before
        groups = {group.name.removeprefix(PREFIX): group for group in Group.objects.filter(name__startswith=PREFIX)}
        with noting.acting(actor, f"roles by {origin}"):
            if fewer:
                person.groups.remove(*(groups[key] for key in fewer if key in groups))
            if more:
                person.groups.add(*(groups[key] for key in more))
            follow(person)
    return before


def held_by(person: User) -> tuple[str, ...]:
    """The roles of a person, in their order. One query."""
    names = person.groups.filter(name__startswith=PREFIX).values_list("name", flat=True)
    return declared.in_order({name.removeprefix(PREFIX) for name in names})


def check_own(actor: User) -> None:
    """Raise NotAllowed when somebody would raise their own rights and another administrator could do it instead. Alone
    at the desk, an administrator may: there is nobody to ask. One query."""
    if not actor.is_superuser or User.objects.filter(is_active=True, is_superuser=True).exclude(pk=actor.pk).exists():
        raise NotAllowed("Nobody raises their own rights: another administrator does.")


def follow(person: User) -> None:
    """Write whether a person enters the desk, as their roles say. Administrators do."""
    enters = person.is_superuser or declared.enters(held_by(person))
    if person.is_staff != enters:
        person.is_staff = enters
        person.save(update_fields=["is_staff"])
