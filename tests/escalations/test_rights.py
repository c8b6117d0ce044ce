"""Nobody raises their own rights, by whatever way they try; and the desk keeps an administrator."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import AccessJudged, AccessMark, Channel, Level, Membership, Team, User
from escalations.selectors.unmasked import answers_for
from escalations.services import accounts, channels, noting, people, roles
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

FORM = {"timezone": "UTC", "language": "en"}


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", "root@desk.example", "x" * 20)


@pytest.fixture
def other(root: User) -> User:
    return User.objects.create_superuser("other", "other@desk.example", "x" * 20)


def page(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def rights(person: User) -> tuple[bool, bool, bool, set[str], set[str]]:
    row = User.objects.get(pk=person.pk)
    own = set(row.user_permissions.values_list("codename", flat=True))
    return row.is_active, row.is_staff, row.is_superuser, set(row.groups.values_list("name", flat=True)), own


def typed(person: User, **more: object) -> dict[str, object]:
    """The account's form as its page shows it, with something else in it."""
    shown = {"username": person.username, "is_active": "on", "roles": list(roles.held_by(person)), **FORM}
    return shown | ({"is_superuser": "on"} if person.is_superuser else {}) | more


# ------------------------------------------------------------------------------------------------ as no administrator


@pytest.mark.parametrize("name", ["mia", "ana", "max"])
def test_nobody_who_is_no_administrator_changes_rights_by_a_page(desk: Desk, name: str) -> None:
    """Flags, roles, groups, permissions: in one's own form, in another's, in a group, by an action."""
    person, jon, free = desk.user(name), desk.user("jon"), Group.objects.create(name="counsel")
    free.user_set.add(person)
    before, theirs, client = rights(person), rights(jon), signed_in(person)
    wish = {
        "is_superuser": "on", "is_staff": "on", "roles": ["lead", "supervisor", "auditor"], "groups": [free.pk],
        "user_permissions": [row.pk for row in Permission.objects.filter(codename="hold_data")],
    }  # fmt: skip
    client.post(page("escalations_user_change", person.pk), typed(person, **wish))
    client.post(page("escalations_user_change", jon.pk), typed(jon, **wish))
    client.post(page("escalations_user_add"), {"username": "puppet", "password1": "correct horse", **wish})
    client.post(page("escalations_user_changelist"), {"action": "delete_selected", "_selected_action": [jon.pk],
                                                      "post": "yes"})  # fmt: skip
    for group in (free, roles.group_of("agent"), Group.objects.get(name="channel:general:workers")):
        typed_group = {"name": group.name, "permissions": wish["user_permissions"]}
        assert client.post(page("auth_group_change", group.pk), typed_group).status_code == 403
        assert client.post(page("auth_group_delete", group.pk), {"post": "yes"}).status_code == 403
        assert not group.permissions.filter(codename="hold_data").exists()
    assert client.post(page("auth_group_add"), {"name": "mine"}).status_code == 403
    assert (rights(person), rights(jon)) == (before, theirs)
    assert not User.objects.filter(username="puppet").exists()


def test_a_lead_does_not_raise_themselves(desk: Desk) -> None:
    ana, level = desk.user("ana"), Level.objects.get(key="L3")
    own = ana.memberships.get()
    form = {"level": level.pk, "capacity": 5, "leads": "on", "languages": ""}
    answer = signed_in(ana).post(page("escalations_membership_change", own.pk), form)
    assert "Nobody raises their own level" in answer.content.decode()
    with pytest.raises(NotAllowed):
        people.set_membership(person_id=ana.pk, team_id=Team.objects.get(key="brand").pk, level_id=level.pk, actor=ana,
                              now=NOW)  # fmt: skip
    own.refresh_from_db()
    assert own.level.key == "L2"


def test_who_loses_the_role_of_a_lead_decides_nothing_from_the_next_request_on(desk: Desk, root: User) -> None:
    client, jon = signed_in(desk.user("ana")), desk.user("jon").memberships.get()
    form = {"level": jon.level_id, "capacity": 7, "languages": ""}
    assert client.post(page("escalations_membership_change", jon.pk), form).status_code == 302
    roles.set_roles(person_id=desk.user("ana").pk, roles=["agent"], actor=root, now=NOW, origin="admin")
    assert client.post(page("escalations_membership_change", jon.pk), form | {"capacity": 9}).status_code == 403
    jon.refresh_from_db()
    assert jon.capacity == 7


def test_nobody_leads_without_the_role(desk: Desk, root: User) -> None:
    mia = desk.user("mia")
    about = {"person_id": mia.pk, "team_id": Team.objects.get(key="orders").pk, "leads": True, "now": NOW,
             "level_id": Level.objects.get(key="L1").pk, "actor": root}  # fmt: skip
    with pytest.raises(Refused, match="role of a lead"):
        people.set_membership(**about)
    roles.set_roles(person_id=mia.pk, roles=["lead"], actor=root, now=NOW, origin="admin")
    assert people.set_membership(**about).leads


def test_a_channel_takes_as_specialists_only_who_has_the_role(desk: Desk, root: User) -> None:
    desk.user("max").groups.add(channels.ensure_groups(Channel.objects.get(key="fraud"))["owners"])
    ask = {"channel_id": Channel.objects.get(key="fraud").pk, "person_id": desk.user("mia").pk, "now": NOW,
           "part": "specialists", "reason": "Knows rings.", "actor": desk.user("max")}  # fmt: skip
    with pytest.raises(Refused, match="specialist"):
        channels.ask(**ask)
    roles.set_roles(person_id=desk.user("mia").pk, roles=["specialist"], actor=root, now=NOW, origin="admin")
    request = channels.ask(**ask)
    roles.set_roles(person_id=desk.user("mia").pk, roles=["agent"], actor=root, now=NOW, origin="admin")
    desk.user("tia").groups.add(channels.ensure_groups(Channel.objects.get(key="fraud"))["owners"])
    with pytest.raises(Refused, match="specialist"):
        channels.decide(request_id=request.pk, approve=True, actor=desk.user("tia"), now=NOW)
    assert channels.decide(request_id=request.pk, approve=False, actor=desk.user("tia"), now=NOW).state == "refused"


# --------------------------------------------------------------------------------------------------- as administrator


def test_an_administrator_asks_the_other_one(desk: Desk, root: User, other: User) -> None:
    """Roles, groups and what a group permits, for oneself: by the page and by the doors."""
    free = Group.objects.create(name="counsel")
    client, address = signed_in(root), page("escalations_user_change", root.pk)
    for wish in ({"roles": ["auditor"]}, {"groups": [free.pk]}):
        answer = client.post(address, typed(root, **wish))
        assert answer.status_code == 200
        assert "another administrator does" in answer.content.decode()
    free.user_set.add(root)
    charge = Permission.objects.get(codename="hold_data")
    answer = client.post(page("auth_group_change", free.pk), {"name": "counsel", "permissions": [charge.pk]})
    assert "another administrator does" in answer.content.decode()
    assert not free.permissions.exists()
    level, team = Level.objects.get(key="L3"), Team.objects.get(key="orders")
    with pytest.raises(NotAllowed):
        people.set_membership(person_id=root.pk, team_id=team.pk, level_id=level.pk, actor=root, now=NOW)
    assert signed_in(other).post(address, typed(root, roles=["auditor"])).status_code == 302
    assert roles.held_by(root) == ("auditor",)


def test_alone_there_is_nobody_to_ask(desk: Desk, root: User) -> None:
    assert (
        signed_in(root).post(page("escalations_user_change", root.pk), typed(root, roles=["agent"])).status_code == 302
    )
    assert roles.held_by(root) == ("agent",)


def test_roles_are_given_on_the_account_with_their_sentences(desk: Desk, root: User) -> None:
    mia, client = desk.user("mia"), signed_in(root)
    text = client.get(page("escalations_user_change", mia.pk)).content.decode()
    assert "Works on the cases of their team and channels." in text
    assert 'name="is_staff"' not in text
    assert (
        client.post(page("escalations_user_change", mia.pk), typed(mia, roles=["agent", "auditor"])).status_code == 200
    )
    assert client.post(page("escalations_user_change", mia.pk), typed(mia, roles=["onboarding"])).status_code == 302
    assert rights(mia)[:3] == (True, False, False)
    assert {name for name in rights(mia)[3] if name.startswith("channel:")}, "channels stay as they are"


def test_groups_of_roles_and_channels_are_changed_by_no_page(desk: Desk, root: User) -> None:
    client = signed_in(root)
    for name in ("role:agent", "channel:fraud:specialists"):
        group = Group.objects.get(name=name)
        before = set(group.permissions.all())
        shown = client.get(page("auth_group_change", group.pk))
        assert "declared in code" in shown.content.decode()
        assert client.post(page("auth_group_change", group.pk), {"name": "mine"}).status_code == 403
        answer = client.post(page("escalations_user_change", desk.user("pia").pk),
                             typed(desk.user("pia"), groups=[group.pk]))  # fmt: skip
        assert "groups" in answer.context["adminform"].form.errors
        assert set(Group.objects.get(name=name).permissions.all()) == before
    with pytest.raises(Invalid):
        accounts.set_group(name="role:king", permission_ids=[], actor=root, now=NOW)
    with pytest.raises(NotAllowed):
        accounts.set_group(name="mine", permission_ids=[], actor=root, now=NOW,
                           group_id=roles.group_of("agent").pk)  # fmt: skip
    with pytest.raises(Invalid):
        accounts.set_rights(person_id=desk.user("pia").pk, is_active=True, is_superuser=False, role_keys=["agent"],
                            group_ids=[roles.group_of("lead").pk], actor=root, now=NOW)  # fmt: skip


@pytest.mark.parametrize("less", [{"is_active": ""}, {"is_superuser": ""}])
def test_the_last_administrator_stays(root: User, less: dict[str, str]) -> None:
    User.objects.create_superuser("gone", "gone@desk.example", "x" * 20, is_active=False)
    answer = signed_in(root).post(page("escalations_user_change", root.pk), typed(root, **less))
    assert "the only administrator" in answer.content.decode()
    assert rights(root)[:3] == (True, True, True)
    User.objects.create_superuser("next", "next@desk.example", "x" * 20)
    assert signed_in(root).post(page("escalations_user_change", root.pk), typed(root, **less)).status_code == 302
    assert rights(root)[:3] != (True, True, True)


def test_no_page_edits_object_permissions() -> None:
    """guardian's pages would go round the two people of a channel's door."""
    for model, found in admin.site._registry.items():
        assert not hasattr(found, "obj_perms_manage_view"), model
        assert not [pattern for pattern in found.get_urls() if "permissions" in str(pattern.pattern)], model


# ----------------------------------------------------------------------------------------------------------- coming in


@pytest.mark.parametrize(
    ("role", "said"),
    [(None, "has no role at this desk"), ("integration", "does not sign in with a browser")],
)
def test_who_does_not_come_in_is_told_why(root: User, role: str | None, said: str) -> None:
    person = User.objects.create_user("new", "new@desk.example", "x" * 20)
    roles.set_roles(person_id=person.pk, roles=[role] if role else [], actor=root, now=NOW, origin="admin")
    answer = Client().post("/accounts/login/", {"login": "new", "password": "x" * 20}, follow=True)
    assert answer.status_code == 200
    assert said in answer.content.decode()


def test_an_onboarding_reader_arrives_on_a_page_of_their_own(root: User) -> None:
    person = User.objects.create_user("noa", "noa@desk.example", "x" * 20)
    roles.set_roles(person_id=person.pk, roles=["onboarding"], actor=root, now=NOW, origin="admin")
    client = Client()
    client.post("/accounts/login/?next=/admin/", {"login": "noa", "password": "x" * 20})
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/welcome/"
    assert "Reads the pages of the playbook" in answer.content.decode()
    assert client.get("/admin/escalations/user/privileges/").status_code == 302
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/admin/welcome/").status_code == 302, "signed out"


def test_who_leads_by_membership_alone_is_shown_nothing_of_a_lead(desk: Desk, root: User) -> None:
    """The role says whether somebody leads at all: what a page offers is what its door lets them do."""
    case, ana = desk.open(assign=False), desk.user("ana")
    home, cases = "/admin/?view=team", page("escalations_case_changelist") + "?whose=team"
    assert answers_for(ana, case, NOW)
    assert "My teams" in signed_in(ana).get(home).content.decode()
    assert "data-check-all" in signed_in(ana).get(cases).content.decode()
    roles.set_roles(person_id=ana.pk, roles=["agent"], actor=root, now=NOW, origin="sso")
    Membership.objects.filter(person=ana).update(leads=True)
    ana = desk.user("ana")
    assert not answers_for(ana, case, NOW)
    assert "My teams" not in signed_in(ana).get(home).content.decode()
    assert "data-check-all" not in signed_in(ana).get(cases).content.decode()


def test_an_auditor_finds_the_log_and_what_they_may_do(root: User) -> None:
    person = User.objects.create_user("vera", "vera@desk.example", "x" * 20)
    roles.set_roles(person_id=person.pk, roles=["auditor"], actor=root, now=NOW, origin="admin")
    text = signed_in(person).get("/admin/").content.decode()
    assert "Works on no case." in text
    assert "The log has not been looked through yet" in text
    AccessJudged.objects.create(until=0, at=NOW)
    assert "Nothing unusual waits for you" in signed_in(person).get("/admin/").content.decode()
    assert "You see no cases yet" not in text, "nobody lets an auditor in"
    entry = noting.note(kind="read", person=root, now=NOW)
    AccessMark.objects.create(entry=entry, chain=entry.chain, reasons=["hours"])
    assert "1 entry</strong> is unusual" in signed_in(person).get("/admin/").content.decode()


def test_the_table_marks_ones_own_columns(desk: Desk) -> None:
    client = signed_in(desk.user("tia"))
    answer = client.get(page("escalations_user_privileges"))
    assert [column["key"] for column in answer.context["columns"] if column["mine"]] == ["agent", "specialist"]
    assert answer.context["shown"] == "agent"
    assert client.get(page("escalations_user_privileges"), {"role": "auditor"}).context["shown"] == "auditor"


def test_the_sidebar_marks_the_table_and_not_the_accounts_beneath_which_it_lies(root: User) -> None:
    answer = signed_in(root).get(page("escalations_user_privileges"))
    links = [link for group in answer.context["sidebar_navigation"] for link in group["items"]]
    assert [link["link"] for link in links if link["active"]] == [page("escalations_user_privileges")]
