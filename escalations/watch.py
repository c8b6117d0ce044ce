"""What is put on the access log by itself: sign-ins, and every change of what somebody may, by whatever way it is made.

Rules are in `core.watching` and `services.noting`; this only hears. A change that cannot be noted is not made, since
the note is written in its transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.signals import m2m_changed, post_delete, post_migrate, post_save, pre_delete, pre_save
from django.dispatch import Signal
from django.utils import timezone

from escalations import keys
from escalations.core import watching
from escalations.models import AccessEntry, ChannelGroupPermission, ChannelUserPermission, User
from escalations.services import noting, roles

FLAGS = ("is_active", "is_staff", "is_superuser")
_ADDED = {"post_add": "added", "post_remove": "removed", "pre_clear": "removed"}


def connect() -> None:
    """Begin to listen. Twice is as once."""
    listen: dict[Signal, list[tuple[Callable[..., None], Any]]] = {
        user_logged_in: [(_signed_in, None)],
        user_logged_out: [(_signed_out, None)],
        user_login_failed: [(_failed, None)],
        post_migrate: [(_roles, None)],
        pre_save: [(_flags_before, User)],
        post_save: [(_flags, User), (_granted, ChannelGroupPermission), (_granted, ChannelUserPermission)],
        post_delete: [(_taken, ChannelGroupPermission), (_taken, ChannelUserPermission)],
        pre_delete: [(_group_gone, Group)],
        m2m_changed: [
            (_groups, User.groups.through),
            (_permissions, User.user_permissions.through),
            (_permissions, Group.permissions.through),
        ],
    }
    for signal, receivers in listen.items():
        for receiver, sender in receivers:
            uid = f"escalations.watch.{receiver.__name__}.{getattr(sender, '__name__', '')}"
            signal.connect(receiver, sender=sender, dispatch_uid=uid)


def _note(kind: str, data: dict[str, Any] | None = None, *, person: User | None = None) -> None:
    noting.note(kind=kind, now=timezone.now(), person=person, data=data)


# --------------------------------------------------------------------------------------------------------- signing in


def _signed_in(*, user: User, **_signal: Any) -> None:
    _note(watching.SIGN_IN, person=user)


def _signed_out(*, user: User | None, **_signal: Any) -> None:
    if user is not None:
        _note(watching.SIGN_OUT, person=user)


def _failed(*, credentials: dict[str, Any], **_signal: Any) -> None:
    """On the log of the account that was tried. People type passwords into the wrong field: a name that nobody has is
    kept as a keyed fingerprint, by which the same one is known again."""
    name = str(credentials.get("username") or "")
    tried = User.objects.filter(username=name).first()
    if tried is not None:
        _note(watching.SIGN_IN_FAILED, person=tried)
    else:
        _note(watching.SIGN_IN_FAILED, {"name": keys.blind_index("username", name)[:12]})


# ------------------------------------------------------------------------------------------------------ what people may


def _touches_flags(update_fields: Any, raw: bool) -> bool:
    return not raw and (update_fields is None or bool(set(update_fields) & set(FLAGS)))


def _flags_before(*, instance: User, update_fields: Any = None, raw: bool = False, **_signal: Any) -> None:
    if _touches_flags(update_fields, raw) and instance.pk:
        instance._flags_before = User.objects.filter(pk=instance.pk).values(*FLAGS).first()  # type: ignore[attr-defined]


def _flags(*, instance: User, created: bool, update_fields: Any = None, raw: bool = False, **_signal: Any) -> None:
    if not _touches_flags(update_fields, raw):
        return
    before = {} if created else getattr(instance, "_flags_before", None) or {}
    now = {name: getattr(instance, name) for name in FLAGS}
    changed = {name: value for name, value in now.items() if before.get(name, name == "is_active") != value}
    if changed:
        _note(watching.PERMISSION, {"of": instance.pk, "what": "user", "flags": changed})


def _groups(*, instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_signal: Any) -> None:
    if action not in _ADDED or (action != "pre_clear" and not pk_set):
        return
    if action == "pre_clear":
        rows = instance.user_set if reverse else instance.groups
        pk_set = set(rows.values_list("pk", flat=True))
        if not pk_set:
            return
    people, groups = (pk_set, {instance.pk}) if reverse else ({instance.pk}, pk_set)
    _note(watching.MEMBERSHIP, {_ADDED[action]: sorted(people or ()), "groups": sorted(groups or ())})


def _permissions(*, instance: Any, action: str, pk_set: set[int] | None, **_signal: Any) -> None:
    if action not in _ADDED or (action != "pre_clear" and not pk_set):
        return
    ids = sorted(pk_set or ())
    _note(watching.PERMISSION, {"of": instance.pk, "what": instance._meta.model_name, _ADDED[action]: ids or "all"})


def _granted(*, instance: Any, created: bool, raw: bool = False, **_signal: Any) -> None:
    if created and not raw:
        _note(watching.PERMISSION, _grant(instance) | {"added": [instance.permission_id]})


def _taken(*, instance: Any, **_signal: Any) -> None:
    _note(watching.PERMISSION, _grant(instance) | {"removed": [instance.permission_id]})


def _grant(instance: Any) -> dict[str, Any]:
    holder = "group" if hasattr(instance, "group_id") else "user"
    return {"of": getattr(instance, f"{holder}_id"), "what": holder, "channel": instance.content_object_id}


def _group_gone(*, instance: Group, **_signal: Any) -> None:
    people = sorted(instance.user_set.values_list("pk", flat=True))
    _note(watching.MEMBERSHIP, {"removed": people, "groups": [instance.pk], "gone": True})


def _roles(*, sender: Any, using: str, **_signal: Any) -> None:
    """The groups of roles are declared in code: after each migration they hold what they should."""
    if sender.label != "escalations" or using != DEFAULT_DB_ALIAS:
        return
    if AccessEntry._meta.db_table in connection.introspection.table_names():  # it is gone when migrations are undone
        roles.sync_roles()
