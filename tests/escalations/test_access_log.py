"""The access log: every look at a sensitive case is on record before it is sent, in a chain of the person's own."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, connection, connections, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import assign_perm, remove_perm

from config.middleware import AccessLog
from escalations.core import watching
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import AccessEntry, AccessHead, AccessReview, Case, Channel, Event, User
from escalations.models.shown import watching as collecting
from escalations.selectors import accesslog
from escalations.services import channels, grants, noting, replies, roles, verifying
from escalations.services.channels import ensure_groups
from tests.databases import Database
from tests.factories.desk import NOW, Desk, broken, desk
from tests.governance.publishing import trusting

__all__ = ["desk"]

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def at_work(desk: Desk) -> Iterator[Desk]:
    """The desk at its own hour, with cases of a sensitive channel and of an open one."""
    with time_machine.travel(NOW, tick=False):
        yield desk


def secret(desk: Desk, **changes: Any) -> Case:
    """A case of the fraud channel, which is sensitive."""
    case = desk.open(category="seller.appeal", symptom="suspended", assign=False, **changes)
    Case.objects.filter(pk=case.pk).update(channel=Channel.objects.get(key="fraud"))
    return Case.objects.get(pk=case.pk)


def signed_in(desk: Desk, name: str) -> Client:
    client = Client()
    client.force_login(desk.user(name))
    return client


def looks(desk: Desk, name: str) -> list[AccessEntry]:
    """What a person has looked at, oldest first."""
    rows = AccessEntry.objects.filter(chain=desk.user(name).pk).exclude(kind__in=["sign_in", "sign_out"])
    return list(rows.order_by("seq"))


def owner(desk: Desk, name: str) -> User:
    """Somebody, as an owner of the fraud channel."""
    desk.user(name).groups.add(ensure_groups(Channel.objects.get(key="fraud"))["owners"])
    return desk.user(name)


def page(case: Case, **query: str) -> str:
    said = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/admin/escalations/case/{case.pk}/change/?{said}"


# ------------------------------------------------------------------------------------------------------------- looks


def test_opening_a_sensitive_case_is_on_record(at_work: Desk) -> None:
    case = secret(at_work)
    assert signed_in(at_work, "tia").get(page(case)).status_code == 200
    (entry,) = looks(at_work, "tia")
    assert (entry.kind, entry.at) == ("read", NOW)
    assert entry.data == {"case": case.pk, "cases": [case.pk], "surface": "admin:escalations_case_change"}


@pytest.mark.parametrize("tab", ["timeline", "messages", "evidence", "moves", "remedies", "why", "record"])
def test_each_tab_is_a_look(at_work: Desk, tab: str) -> None:
    case = secret(at_work)
    client = signed_in(at_work, "tia")
    client.get(page(case, tab=tab), headers={"HX-Request": "true", "HX-Target": "tab", "HX-Trigger": ""})
    assert [entry.kind for entry in looks(at_work, "tia")] == ["read"]


def test_a_case_of_an_open_channel_is_not_noted(at_work: Desk) -> None:
    case = at_work.open()
    assert signed_in(at_work, "tia").get(page(case)).status_code == 200
    assert looks(at_work, "tia") == []


def test_a_case_that_is_not_for_them_is_not_shown_and_not_noted(at_work: Desk) -> None:
    case = secret(at_work)
    assert signed_in(at_work, "mia").get(page(case)).status_code == 404
    assert looks(at_work, "mia") == []


def test_lists_and_searches_name_each_case_once_in_one_entry(at_work: Desk) -> None:
    cases = [secret(at_work, party={"kind": "seller", "external_id": "S-1"}) for _ in range(3)]
    at_work.open()
    client = signed_in(at_work, "tia")
    client.get("/admin/escalations/case/?status=any")
    pseudonym = cases[0].party.pseudonym
    client.get(f"/admin/escalations/case/?q={pseudonym}")
    listed, searched = looks(at_work, "tia")
    assert (listed.kind, searched.kind) == ("list", "search")
    assert listed.data["cases"] == searched.data["cases"] == sorted(case.pk for case in cases)
    assert pseudonym not in str(searched.data), "what was typed is not kept"


def test_a_page_that_asks_by_itself_is_noted_once_in_ten_minutes(at_work: Desk) -> None:
    case = secret(at_work)
    client = signed_in(at_work, "tia")
    polls = {"HX-Request": "true", "HX-Target": "case-top", "HX-Trigger": "case-top"}
    client.get(page(case))
    client.get(page(case), headers=polls)
    assert len(looks(at_work, "tia")) == 1
    with time_machine.travel(NOW + 11 * MINUTE, tick=False):
        client.get(page(case), headers=polls)
    assert len(looks(at_work, "tia")) == 2
    another = secret(at_work)
    client.get(page(another), headers=polls)
    assert [entry.data["case"] for entry in looks(at_work, "tia")][-1] == another.pk


def test_the_cost_does_not_grow_with_the_cases_of_a_list(at_work: Desk) -> None:
    client = signed_in(at_work, "tia")
    secret(at_work)
    client.get("/admin/escalations/case/")
    with CaptureQueriesContext(connection) as few:
        client.get("/admin/escalations/case/")
    for _ in range(8):
        secret(at_work)
    with CaptureQueriesContext(connection) as many:
        client.get("/admin/escalations/case/")
    assert len(many) == len(few)
    assert len(looks(at_work, "tia")[-1].data["cases"]) == 9


def test_a_look_costs_five_queries_and_a_list_without_one_a_single_one(at_work: Desk) -> None:
    tia, case, plain = at_work.user("tia"), secret(at_work), at_work.open()
    noting.note(kind="read", person=tia, now=NOW)
    about = {"person": tia, "surface": "x", "now": NOW}
    with CaptureQueriesContext(connection) as none:
        assert noting.note_shown(shown={plain.pk: plain.channel_id}, **about) is None
    with CaptureQueriesContext(connection) as some:
        noting.note_shown(shown={case.pk: case.channel_id}, **about)
    said = [query["sql"].split()[0] for query in some.captured_queries]
    assert len(none) == 1
    assert [word for word in said if word not in ("SAVEPOINT", "RELEASE")] == ["SELECT", "SELECT", "INSERT", "UPDATE"]


def test_a_case_that_was_loaded_without_its_channel_is_looked_up(at_work: Desk) -> None:
    case = secret(at_work)
    with collecting() as shown:
        assert list(Case.objects.filter(pk=case.pk).only("reference"))
    assert shown == {case.pk: None}
    entry = noting.note_shown(person=at_work.user("tia"), shown=shown, surface="x", now=NOW)
    assert entry is not None
    assert entry.data["cases"] == [case.pk]


def test_what_cannot_be_recorded_is_not_shown(at_work: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case = secret(at_work, summary="Ring of sellers")
    client = signed_in(at_work, "tia")

    def full(**_: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(noting, "note", full)
    answer = client.get(page(case))
    assert answer.status_code == 503
    assert b"Ring of sellers" not in answer.content
    assert b"the record could not be written" in answer.content


def test_pieces_of_a_streamed_answer_are_noted_before_they_are_sent(at_work: Desk, rf: RequestFactory) -> None:
    first, second = secret(at_work), secret(at_work)

    def lines() -> Iterator[bytes]:
        for case in (first, second):
            yield Case.objects.get(pk=case.pk).reference.encode()

    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(lines())

    request = rf.get("/admin/")
    request.user = at_work.user("tia")
    seen = []
    for piece in AccessLog(view)(request).streaming_content:  # type: ignore[attr-defined]
        noted = {pk for entry in looks(at_work, "tia") for pk in entry.data["cases"]}
        seen.append((piece, noted))
    assert [piece for piece, _ in seen] == [first.reference.encode(), second.reference.encode()]
    assert [len(noted) for _, noted in seen] == [1, 2]


def test_workers_collect_nothing(at_work: Desk) -> None:
    with collecting() as shown:
        pass
    assert list(Case.objects.all()) == []
    assert shown == {}


def test_an_unknown_kind_is_refused(at_work: Desk) -> None:
    with pytest.raises(Invalid):
        noting.note(kind="glance", now=NOW)


def test_every_page_of_the_desk_is_watched(settings: Any) -> None:
    after = settings.MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware")
    assert settings.MIDDLEWARE.index("config.middleware.AccessLog") > after


# --------------------------------------------------------------------------------------------- signing in and rights


def newest(chain: int = 0) -> AccessEntry:
    return AccessEntry.objects.filter(chain=chain).order_by("-seq")[0]


def test_sign_ins_and_failed_ones_are_on_record(at_work: Desk) -> None:
    client, mia = Client(), at_work.user("mia").pk
    client.post("/accounts/login/", {"login": "mia", "password": "wrong"})
    assert newest(mia).kind == "sign_in_failed"
    client.post("/accounts/login/", {"login": "my secret password", "password": "x"})
    assert newest().kind == "sign_in_failed"
    assert "secret" not in str(newest().data)
    again = newest().data
    client.post("/accounts/login/", {"login": "my secret password", "password": "y"})
    assert newest().data == again, "the same name is known again"
    client.post("/accounts/login/", {"login": "mia", "password": "correct horse battery"})
    assert newest(mia).kind == "sign_in"
    client.post("/admin/logout/")
    assert newest(mia).kind == "sign_out"


def test_a_sign_in_that_cannot_be_recorded_does_not_happen(at_work: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(noting, "note", full)
    client = Client(raise_request_exception=False)
    client.post("/accounts/login/", {"login": "mia", "password": "correct horse battery"})
    monkeypatch.undo()
    assert client.get("/admin/").status_code == 302


RIGHTS: dict[str, tuple[Callable[[User, Group], Any], str, dict[str, Any]]] = {
    "into a group": (lambda person, group: person.groups.add(group), "membership", {"added": ["person"]}),
    "into a group, from its side": (lambda p, group: group.user_set.add(p), "membership", {"added": ["person"]}),
    "a permission": (
        lambda person, _: person.user_permissions.add(Permission.objects.all()[0]),
        "permission",
        {"of": "person"},
    ),
    "a group's permission": (
        lambda _, group: group.permissions.add(Permission.objects.all()[0]),
        "permission",
        {"of": "group"},
    ),
    "a channel": (
        lambda _, group: assign_perm("see_cases", group, Channel.objects.get(key="fraud")),
        "permission",
        {"of": "group"},
    ),
}


@pytest.mark.parametrize("what", RIGHTS)
def test_whoever_gives_a_right_is_on_record(at_work: Desk, what: str) -> None:
    give, kind, data = RIGHTS[what]
    person, group, giver = at_work.user("mia"), Group.objects.create(name="x"), at_work.user("ana")
    ids = {"person": person.pk, "group": group.pk}
    with noting.acting(giver):
        give(person, group)
    entry = newest(giver.pk)
    assert entry.kind == kind
    for name, value in data.items():
        wanted = [ids.get(one, one) for one in value] if isinstance(value, list) else ids.get(value, value)
        assert entry.data[name] == wanted


def test_taking_rights_away_is_on_record(at_work: Desk) -> None:
    person, group = at_work.user("mia"), Group.objects.create(name="x")
    fraud = Channel.objects.get(key="fraud")
    person.groups.add(group)
    assign_perm("see_cases", group, fraud)
    remove_perm("see_cases", group, fraud)
    assert newest().data["removed"]
    assert newest().data["channel"] == fraud.pk
    person.groups.remove(group)
    assert newest().data == {"removed": [person.pk], "groups": [group.pk]}
    person.groups.add(group)
    group.delete()
    assert (newest().data["removed"], newest().data["gone"]) == ([person.pk], True)
    person.groups.clear()
    assert person.pk in newest().data["removed"]


def test_becoming_an_administrator_is_on_record(at_work: Desk) -> None:
    mia = at_work.user("mia")
    mia.is_superuser = True
    mia.save()
    assert newest().data == {"of": mia.pk, "what": "user", "flags": {"is_superuser": True}}
    count = AccessEntry.objects.count()
    mia.first_name = "M"
    mia.save()
    assert AccessEntry.objects.count() == count


def test_a_person_at_a_page_is_who_gave_the_right(at_work: Desk) -> None:
    root = User.objects.create_superuser("root", "root@desk.example", "correct horse battery")
    group = Group.objects.create(name="x")
    client = Client()
    client.force_login(root)
    mia = at_work.user("mia")
    form = {"username": "mia", "groups": [group.pk], "is_active": "on", "is_staff": "on", "timezone": "UTC",
            "language": "en", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}  # fmt: skip
    client.post(f"/admin/escalations/user/{mia.pk}/change/", form)
    changes = [entry for entry in looks(at_work, "root") if entry.kind == "membership"]
    assert any(entry.data.get("added") == [mia.pk] for entry in changes), "who sent the form"


def test_channel_membership_is_on_record(at_work: Desk) -> None:
    fraud = Channel.objects.get(key="fraud")
    groups = channels.ensure_groups(fraud)
    with noting.acting(at_work.user("max")):
        at_work.user("mia").groups.add(groups["readers"])
    assert newest(at_work.user("max").pk).data["groups"] == [groups["readers"].pk]


# ------------------------------------------------------------------------------------------------------------ reviewing


@pytest.fixture
def auditor(at_work: Desk) -> User:
    at_work.user("pia").groups.add(roles.group_of("auditor"))
    return at_work.user("pia")


def test_a_channels_own_groups_get_what_the_code_declares_and_that_is_nothing_unusual(at_work: Desk) -> None:
    channel = Channel.objects.create(key="legal", name="Legal", rank=80, sensitive=True)
    ensure_groups(channel)
    rows = AccessEntry.objects.filter(chain=0, kind=watching.PERMISSION)
    noted = [row for row in rows if row.data.get("channel") == channel.pk]
    assert len(noted) == sum(map(len, channels.PERMISSIONS.values()))
    assert all(row.data["declared"] for row in noted)
    assert accesslog.unusual(noted, NOW) == {}


def test_who_confirms_a_membership_is_who_gave_it_also_outside_of_a_page(at_work: Desk) -> None:
    asked = channels.ask(
        channel_id=Channel.objects.get(key="fraud").pk, person_id=at_work.user("mia").pk, part="readers",
        reason="Covers", actor=owner(at_work, "max"), now=NOW,
    )  # fmt: skip
    channels.decide(request_id=asked.pk, approve=True, actor=owner(at_work, "tia"), now=NOW)
    last = AccessEntry.objects.filter(kind=watching.MEMBERSHIP).latest("pk")
    assert (last.chain, last.data["added"]) == (at_work.user("tia").pk, [at_work.user("mia").pk])


def test_opening_a_case_to_somebody_is_on_record(at_work: Desk) -> None:
    case = secret(at_work)
    row = grants.call_in(
        case_id=case.pk, actor=at_work.by("max"), now=NOW, person_id=at_work.user("mia").pk, reason="Knows the shop"
    )
    grants.end_grant(grant_id=row.pk, actor=at_work.by("max"), now=NOW)
    grants.break_glass(reference=case.reference, actor=at_work.by("pia"), now=NOW, reason="It burns")
    noted = list(AccessEntry.objects.filter(kind=watching.GRANT).order_by("pk"))
    assert [(one.chain, one.data["cases"]) for one in noted] == [
        (at_work.user(name).pk, [case.pk]) for name in ("max", "max", "pia")
    ]
    said = [line.said for line in accesslog.lines(noted, at_work.user("ana"))]
    assert said == [
        "gave or took access to a case: Mia", "gave or took access to a case: ended that of Mia",
        "gave or took access to a case: broke the glass",
    ]  # fmt: skip


def test_a_review_is_itself_on_record(at_work: Desk, auditor: User) -> None:
    entry = noting.note(kind="read", person=at_work.user("mia"), now=NOW)
    assert noting.review(entry_ids=[entry.pk], actor=auditor, now=NOW, note_text=" asked her ") == 1
    row = AccessReview.objects.get(entry=entry)
    assert (row.by, row.note, row.recorded.kind) == (auditor, "asked her", "review")
    assert row.recorded.data == {"entries": [entry.pk], "note": "asked her"}
    assert row.recorded.chain == auditor.pk
    with pytest.raises(Refused):
        noting.review(entry_ids=[entry.pk], actor=auditor, now=NOW)
    assert verifying.verify().findings == []


def test_nobody_reviews_what_they_did_themselves(at_work: Desk, auditor: User) -> None:
    own = noting.note(kind="read", person=auditor, now=NOW)
    theirs = noting.note(kind="read", person=at_work.user("mia"), now=NOW)
    with pytest.raises(NotAllowed, match="another auditor"):
        noting.review(entry_ids=[own.pk, theirs.pk], actor=auditor, now=NOW)
    assert not AccessReview.objects.exists()


def test_only_auditors_review(at_work: Desk) -> None:
    entry = noting.note(kind="read", person=at_work.user("mia"), now=NOW)
    with pytest.raises(NotAllowed):
        noting.review(entry_ids=[entry.pk], actor=at_work.user("jon"), now=NOW)


# ----------------------------------------------------------------------------------------------------- several at once


def at_once(work: Callable[[int], None], times: int) -> None:
    """Run `work` in threads that begin together, each with a connection of its own."""
    gate = threading.Barrier(times)
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            gate.wait()
            work(number)
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.postgres
def test_two_writers_at_once_fork_neither_chain(postgres_database: Database) -> None:
    with postgres_database.here(), trusting("test") as kept:
        desk = Desk(kept)
        case = desk.held_by("mia")
        before = case.events.count()
        mia, actor = desk.user("mia"), desk.by("mia")
        writers, each = 6, 8

        def work(number: int) -> None:
            for round_ in range(each):
                noting.note(kind="read", person=mia, cases=[case.pk], now=NOW)
                replies.note(case_id=case.pk, actor=actor, now=NOW, body=f"{number} {round_}")

        at_once(work, writers)
        entries = AccessEntry.objects.filter(chain=mia.pk, kind="read")
        assert entries.count() == writers * each
        assert AccessHead.objects.get(pk=mia.pk).seq == AccessEntry.objects.filter(chain=mia.pk).count()
        assert Event.objects.filter(case=case).count() == before + writers * each
        assert broken(case) is None
        assert verifying.verify().findings == []


@pytest.mark.postgres
def test_the_very_first_entry_of_a_person_by_several_at_once(postgres_database: Database) -> None:
    with postgres_database.here():
        person = User.objects.create_user("new", password="x")
        at_once(lambda _: noting.note(kind="read", person=person, now=NOW) and None, 6)
        assert sorted(AccessEntry.objects.filter(chain=person.pk).values_list("seq", flat=True)) == [1, 2, 3, 4, 5, 6]
        assert verifying.verify().findings == []


@pytest.mark.postgres
def test_the_lock_is_what_keeps_the_chain_whole(postgres_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other way round: without it, writers get in each other's way."""
    with postgres_database.here():
        person = User.objects.create_user("new", password="x")
        noting.note(kind="read", person=person, now=NOW)
        monkeypatch.setattr(noting, "_locked", lambda number: AccessHead.objects.get(pk=number))
        both = threading.Barrier(2, timeout=20)
        real = AccessEntry.objects.create

        def late(**values: Any) -> Any:
            both.wait()
            return real(**values)

        monkeypatch.setattr(AccessEntry.objects, "create", late)
        with pytest.raises(AssertionError, match="IntegrityError"):
            at_once(lambda _: noting.note(kind="read", person=person, now=NOW) and None, 2)


def test_what_is_on_record_is_kept_by_the_database(at_work: Desk) -> None:
    noting.note(kind="read", person=at_work.user("mia"), now=NOW)
    for change in (lambda rows: rows.update(kind="list"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(AccessEntry.objects.filter(chain=at_work.user("mia").pk))


def test_a_response_without_cases_costs_nothing(db: None) -> None:
    request = RequestFactory().get("/healthz")
    with CaptureQueriesContext(connection) as asked:
        assert AccessLog(lambda _: HttpResponse("ok"))(request).content == b"ok"
    assert len(asked) == 0
