"""The groups of roles, and the door through which roles are given."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client

from escalations.core.roles import ROLES
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import AccessEntry, User
from escalations.services import roles
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", "root@desk.example", "x" * 20)


def somebody(name: str = "new") -> User:
    return User.objects.create_user(name, f"{name}@desk.example", "x" * 20)


def give(person: User, *keys: str, by: User | None, origin: str = "admin") -> User:
    roles.set_roles(person_id=person.pk, roles=keys, actor=by, now=NOW, origin=origin)
    return User.objects.get(pk=person.pk)


def held(name: str) -> set[str]:
    rows = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


# ------------------------------------------------------------------------------------------------------------ the sync


def test_after_migrations_every_role_has_its_group_with_exactly_its_permissions(db: None) -> None:
    assert {key: held(f"role:{key}") for key in ROLES} == {key: role.permissions for key, role in ROLES.items()}
    assert Group.objects.filter(name__startswith="role:").count() == len(ROLES)


def test_what_was_changed_by_hand_is_put_right(db: None) -> None:
    group = roles.group_of("auditor")
    group.permissions.set(Permission.objects.order_by("pk")[:5])
    roles.group_of("lead").delete()
    Group.objects.create(name="role:king")
    dry = roles.sync_roles(dry_run=True)
    assert held("role:auditor") != ROLES["auditor"].permissions
    done = roles.sync_roles()
    assert (done.added, list(done.changed), done.removed) == (["role:lead"], ["role:auditor"], ["role:king"])
    assert (dry.added, dry.changed, dry.removed) == (done.added, done.changed, done.removed)
    assert {key: held(f"role:{key}") for key in ROLES} == {key: role.permissions for key, role in ROLES.items()}
    assert not roles.sync_roles()


def test_the_command_says_what_it_did(db: None) -> None:
    roles.group_of("lead").delete()
    out = StringIO()
    call_command("sync_roles", stdout=out)
    call_command("sync_roles", "--json", stdout=out)
    first, _, rest = out.getvalue().partition("\n")
    assert first == "role:lead added"
    assert '"unchanged": 8' in rest


def test_a_desk_that_knew_no_roles_gives_people_what_they_had(desk: Desk, root: User) -> None:
    """The upgrade: nobody is locked out, and the group of auditors becomes the role."""
    Group.objects.filter(name__startswith="role:").delete()
    User.objects.exclude(pk=root.pk).update(is_staff=True)
    old = Group.objects.create(name="auditors")
    reader, keeper, gone = somebody("reader"), somebody("keeper"), somebody("gone")
    User.objects.filter(pk__in=[reader.pk, keeper.pk]).update(is_staff=True)
    keeper.user_permissions.add(Permission.objects.get(codename="change_delivery"))
    desk.user("jon").groups.add(old)
    done = roles.sync_roles()
    found = {person.username: roles.held_by(person) for person in User.objects.all()}
    assert found == {
        "mia": ("agent",), "jon": ("agent", "auditor"), "ana": ("lead",), "pia": ("agent",), "leo": ("lead",),
        "tia": ("agent", "specialist"), "max": ("lead", "specialist"), "bob": ("lead",),
        "reader": ("agent",), "keeper": ("supervisor",), "gone": (), "root": (),
    }  # fmt: skip
    assert done.carried == 10
    assert not Group.objects.filter(name="auditors").exists()
    assert User.objects.filter(is_staff=False).get() == gone
    assert not roles.sync_roles()
    assert all(row.data.get("declared") for row in AccessEntry.objects.filter(data__surface="roles declared in code"))


# ------------------------------------------------------------------------------------------------------------ the door


def test_exactly_the_chosen_roles_and_entering_follows(root: User) -> None:
    person = somebody()
    assert not person.is_staff
    person = give(person, "agent", "specialist", by=root)
    assert roles.held_by(person) == ("agent", "specialist")
    assert person.is_staff
    assert person.has_perm("escalations.know_channels")
    person = give(person, "onboarding", by=root)
    assert roles.held_by(person) == ("onboarding",)
    assert not person.is_staff
    assert not person.has_perm("escalations.know_channels")


def test_groups_of_channels_are_not_touched(desk: Desk, root: User) -> None:
    before = set(desk.user("tia").groups.values_list("name", flat=True))
    give(desk.user("tia"), by=root)
    kept = {name for name in before if not name.startswith("role:")}
    assert set(desk.user("tia").groups.values_list("name", flat=True)) == kept != set()


def test_it_is_on_the_access_log_by_whom_and_by_which_way(root: User) -> None:
    person = somebody()
    give(person, "agent", by=root)
    entry = AccessEntry.objects.filter(kind="membership").latest("pk")
    assert (entry.chain, entry.data["added"], entry.data["surface"]) == (root.pk, [person.pk], "roles by admin")
    assert entry.data["groups"] == [roles.group_of("agent").pk]
    give(person, by=None, origin="sso")
    entry = AccessEntry.objects.filter(kind="membership").latest("pk")
    assert (entry.chain, entry.data["removed"], entry.data["surface"]) == (0, [person.pk], "roles by sso")
    count = AccessEntry.objects.count()
    give(person, by=None, origin="sso")
    assert AccessEntry.objects.count() == count, "nothing changed, nothing is noted"


@pytest.mark.parametrize(
    ("keys", "origin", "error"),
    [(["king"], "admin", Invalid), (["agent"], "letter", Invalid), (["agent", "auditor"], "admin", Refused),
     (["agent", "integration"], "sso", Refused)],
)  # fmt: skip
def test_what_cannot_be(root: User, keys: list[str], origin: str, error: type[Exception]) -> None:
    person = somebody()
    with pytest.raises(error):
        give(person, *keys, by=None if origin == "sso" else root, origin=origin)
    assert roles.held_by(person) == ()


def test_only_administrators_give_roles(desk: Desk) -> None:
    person = somebody()
    for name in ("mia", "ana", "max"):
        with pytest.raises(NotAllowed):
            give(person, "agent", by=desk.user(name))
    with pytest.raises(NotAllowed):
        give(person, "agent", by=None)
    assert roles.held_by(person) == ()


def test_nobody_raises_their_own(root: User) -> None:
    """Alone, an administrator may: there is nobody to ask. With two, the other one does; less is possible."""
    root = give(root, "agent", by=root)
    other = User.objects.create_superuser("other", "other@desk.example", "x" * 20)
    with pytest.raises(NotAllowed, match="another administrator"):
        give(root, "agent", "lead", by=root)
    assert roles.held_by(give(root, "agent", "lead", by=other)) == ("agent", "lead")
    assert roles.held_by(give(root, "lead", by=root)) == ("lead",)
    assert give(root, by=root).is_staff, "administrators enter in any case"


def test_who_may_give_roles_by_name_gives_themselves_none(root: User) -> None:
    person = somebody()
    person.user_permissions.add(Permission.objects.get(codename="give_roles"))
    with pytest.raises(NotAllowed, match="their own"):
        give(person, "agent", by=User.objects.get(pk=person.pk))
    assert roles.held_by(give(somebody("third"), "agent", by=User.objects.get(pk=person.pk))) == ("agent",)


def test_an_administrator_is_no_connected_system(root: User) -> None:
    with pytest.raises(Refused):
        give(root, "integration", by=None, origin="sso")


def test_a_role_that_is_taken_counts_no_more_at_the_next_request(root: User) -> None:
    person = give(somebody(), "agent", by=root)
    client = Client()
    client.force_login(person)
    assert client.get("/admin/").status_code == 200
    give(person, by=root)
    assert client.get("/admin/").status_code == 302
