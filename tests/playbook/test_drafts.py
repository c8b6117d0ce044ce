"""A draft is written row by row, each change on record, and what was published stays as it is."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import PolicyVersion, User
from playbook import published
from playbook.core.compiling import compile_source, with_horizon
from playbook.core.entries import CENTRE, Address
from playbook.core.source import SourceError, parse
from playbook.models import Edition, Entry
from playbook.services import drafts
from playbook.services.editions import begin_edition, compile_edition
from tests.databases import Database
from tests.governance.publishing import NOW, in_force
from tests.playbook.editions import central, small

pytestmark = pytest.mark.django_db

LATER = NOW + dt.timedelta(hours=1)
LARGE = Address(CENTRE, "rules", "large")
GUIDE = Address(CENTRE, "pages", "en/guide.start")


def writer(name: str = "ines") -> User:
    person = User.objects.create_user(name)
    person.user_permissions.add(Permission.objects.get(codename="write_edition"))
    return person


@pytest.fixture
def ines() -> User:
    return writer()


@pytest.fixture
def draft(ines: User) -> Edition:
    return drafts.begin_draft(base=in_force(), title="More care", actor=ines, now=LATER)


def row(edition: Edition, address: Address) -> Entry:
    return Entry.objects.get(edition=edition, **address._asdict())


def put(edition: Edition, address: Address, body: Any, actor: User, **more: Any) -> Entry:
    return drafts.write_entry(
        edition_id=edition.pk, address=address, body=body, actor=actor, **{"now": LATER, "rationale": "So.", **more}
    )


# ---------------------------------------------------------------------------------------------------------- beginning


def test_a_draft_begins_as_the_edition_in_force(draft: Edition, ines: User) -> None:
    base = draft.base_version
    assert base is not None
    assert (draft.title, draft.state, draft.created_by) == ("More care", "draft", ines)
    assert {entry.change for entry in drafts.entries_of(draft)} == {""}
    assert compile_edition(edition_id=draft.pk, now=LATER).edition_digest == base.edition_digest


def test_the_title_of_a_draft_is_its_authors_and_stays(draft: Edition, ines: User) -> None:
    compiled = drafts.compile_draft(edition_id=draft.pk, actor=ines, now=LATER)
    assert (compiled.title, compiled.state) == ("More care", "compiled")
    draft.refresh_from_db()
    assert draft.title == "More care"


def test_who_may_not_write_does_not_compile_either(draft: Edition) -> None:
    with pytest.raises(NotAllowed):
        drafts.compile_draft(edition_id=draft.pk, actor=User.objects.create_user("mia"), now=LATER)
    assert Edition.objects.get(pk=draft.pk).state == "draft"


def test_a_version_whose_edition_is_not_kept_is_put_together_from_what_runs(draft: Edition) -> None:
    base = draft.base_version
    assert base is not None
    source = drafts.source_of(PolicyVersion.objects.get(pk=base.pk))
    published.unguard(connection)
    Edition.objects.filter(state="published").update(state="withdrawn")
    published.guard(connection)
    alone = drafts.source_of(base)
    assert "scenarios" in source.document
    assert "scenarios" not in alone.document
    assert compile_source(with_horizon(alone, range(2025, 2030))).digest == base.edition_digest


def test_a_file_is_compared_with_what_is_in_force(ines: User) -> None:
    def other(document: dict[str, Any]) -> None:
        central(document)["rules"][0]["priority"] = 20
        central(document)["specialisms"] = {"glass": {"name": "Glass"}}

    edition = drafts.begin_from_file(source=small(other), origin="ours.yaml", base=in_force(), actor=ines, now=LATER)
    changes = {str(entry): entry.change for entry in drafts.entries_of(edition) if entry.change}
    assert changes == {"rules large": "changed", "specialisms glass": "added", "specialisms parcels": "removed"}


def test_a_key_that_no_row_can_have_is_told_when_the_file_is_read(ines: User) -> None:
    wrong = small(lambda d: central(d)["teams"].update({"x" * 65: {"name": "X"}, "a/b": {"name": "X"}}))
    with pytest.raises(SourceError) as caught:
        drafts.begin_from_file(source=wrong, origin="x", base=None, actor=ines, now=NOW)
    assert [problem.place for problem in caught.value.problems] == [f"teams {'x' * 65}", "teams a/b"]
    assert not Edition.objects.exists()


# ------------------------------------------------------------------------------------------------------------ writing


def test_a_row_is_changed_with_author_reason_and_what_it_said(draft: Edition, ines: User) -> None:
    before = row(draft, LARGE)
    entry = put(draft, LARGE, {**before.says, "priority": 30}, ines, version=1, rationale=" Too many. ")
    assert (entry.version, entry.changed_by, entry.changed_at, entry.rationale) == (2, ines, LATER, "Too many.")
    assert entry.change == "changed"
    first, second = Entry.history.filter(id=entry.pk).order_by("history_id")
    assert (first.history_type, first.body, first.history_user) == ("+", before.body, ines)
    assert (second.history_type, second.body, second.history_user) == ("~", entry.body, ines)
    assert second.history_date == LATER


def test_what_somebody_else_wrote_in_between_is_not_overwritten(draft: Edition, ines: User) -> None:
    said = row(draft, LARGE).says
    put(draft, LARGE, {**said, "priority": 30}, ines, version=1)
    with pytest.raises(Refused, match="rules large was changed by ines since you opened it"):
        put(draft, LARGE, {**said, "priority": 40}, writer("jo"), version=1)
    assert row(draft, LARGE).says["priority"] == 30


def test_a_row_is_added_taken_out_and_put_back(draft: Edition, ines: User) -> None:
    glass = Address(CENTRE, "specialisms", "glass")
    new = put(draft, glass, {"name": "Glass"}, ines)
    assert new.change == "added"
    with pytest.raises(Refused, match="There is specialisms glass already"):
        put(draft, glass, {"name": "Glass"}, ines)
    by = {"actor": ines, "now": LATER}
    assert drafts.restore_entry(entry_id=new.pk, version=1, **by) is None
    with pytest.raises(Refused, match="not there any more"):
        drafts.restore_entry(entry_id=new.pk, version=1, **by)
    with pytest.raises(Refused, match="not there any more"):
        put(draft, glass, {"name": "Glass"}, ines, version=1)
    with pytest.raises(Invalid, match="Say why it goes"):
        drafts.remove_entry(entry_id=row(draft, LARGE).pk, version=1, rationale=" ", **by)
    gone = drafts.remove_entry(entry_id=row(draft, LARGE).pk, version=1, rationale="Nobody needs it.", **by)
    assert (gone.change, gone.rationale) == ("removed", "Nobody needs it.")
    back = drafts.restore_entry(entry_id=gone.pk, version=2, **by)
    assert back is not None
    assert back.change == ""
    base = draft.base_version
    assert base is not None
    assert compile_edition(edition_id=draft.pk, now=LATER).edition_digest == base.edition_digest


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        (LARGE, {"key": "other", "name": "Large", "priority": 1, "then": {}, "because": "x"}, "key"),
        (Address(CENTRE, "teams", "a b"), {"name": "X", "calendar": "day"}, "key"),
        (Address(CENTRE, "teams", "x"), {"name": "X", "calendar": "day", "porpose": "x"}, "porpose"),
        (Address(CENTRE, "pages", "guide.start"), "# x", "key"),
        (Address(CENTRE, "defaults", "x"), {}, "key"),
        (Address("eu", "targets"), {}, "part"),
        (Address("variants.e u", "targets"), {}, "part"),
        (Address("variants.eu", "ladders", "x"), {}, "section"),
        (Address(CENTRE, "settings"), {"edition": 1, "schema_version": 1, "title": "No horizon"}, "horizon"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_field(
    draft: Edition, ines: User, address: Address, body: Any, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        put(draft, address, body, ines, version=1)
    assert caught.value.field == field


def test_rules_are_put_in_order(draft: Edition, ines: User) -> None:
    said = row(draft, LARGE).says
    small_rule = put(draft, Address(CENTRE, "rules", "other"), {**said, "key": "other", "priority": 5}, ines)
    drafts.move_entry(entry_id=small_rule.pk, before_id=row(draft, LARGE).pk, version=1, actor=ines, now=LATER)
    order = [entry.key for entry in drafts.entries_of(draft) if entry.section == "rules"]
    assert order == ["other", "large"]
    with pytest.raises(Invalid, match="no order of their own"):
        drafts.move_entry(entry_id=row(draft, GUIDE).pk, before_id=None, version=1, actor=ines, now=LATER)


def test_only_writers_write(draft: Edition) -> None:
    jo = User.objects.create_user("jo")
    with pytest.raises(NotAllowed):
        put(draft, GUIDE, "# Other", jo, version=1)
    assert draft.base_version is not None
    with pytest.raises(NotAllowed):
        drafts.begin_draft(base=draft.base_version, title="", actor=jo, now=NOW)


def test_what_was_compiled_is_a_draft_again_after_a_change(draft: Edition, ines: User) -> None:
    old = compile_edition(edition_id=draft.pk, now=LATER).edition_digest
    put(draft, GUIDE, "# Another start\n", ines, version=1)
    draft.refresh_from_db()
    assert (draft.state, draft.edition_digest) == ("draft", "")
    assert compile_edition(edition_id=draft.pk, now=LATER).edition_digest != old


def test_a_draft_that_is_given_up_says_why_and_is_not_written(draft: Edition, ines: User) -> None:
    with pytest.raises(Invalid):
        drafts.withdraw(edition_id=draft.pk, actor=ines, now=LATER, reason="")
    drafts.withdraw(edition_id=draft.pk, actor=ines, now=LATER, reason="Not now.")
    draft.refresh_from_db()
    assert (draft.state, draft.withdrawn_by, draft.withdrawn_reason) == ("withdrawn", ines, "Not now.")
    with pytest.raises(Refused, match="This edition is withdrawn"):
        put(draft, GUIDE, "# Other", ines, version=1)


def test_a_region_is_digested_apart_from_the_centre(draft: Edition, ines: User) -> None:
    before = compile_edition(edition_id=draft.pk, now=LATER)
    targets = {"resolution": {"business": "PT12H"}}
    put(draft, Address("variants.eu", "targets"), targets, ines)
    after = compile_edition(edition_id=draft.pk, now=LATER)
    assert after.part_digests["central"] == before.part_digests["central"]
    assert after.part_digests["variants.eu"] != before.part_digests.get("variants.eu")
    assert after.edition_digest != before.edition_digest


# ------------------------------------------------------------------------------------------------------------ findings


def test_findings_stand_at_the_row_that_causes_them(draft: Edition, ines: User) -> None:
    large = row(draft, LARGE)
    put(draft, LARGE, {**large.says, "then": {"owner": "nobody"}}, ines, version=1)
    found = [item for item in drafts.findings(draft) if item.stops]
    assert [item.entry for item in found] == [large]
    with pytest.raises(SourceError):
        compile_edition(edition_id=draft.pk, now=LATER)


def test_a_row_that_is_missed_is_found_at_the_row_that_names_it(draft: Edition, ines: User) -> None:
    page = row(draft, Address(CENTRE, "pages", "en/protocol.look"))
    drafts.remove_entry(entry_id=page.pk, version=1, actor=ines, now=LATER, rationale="Old.")
    stops = {str(item.entry) for item in drafts.findings(draft) if item.stops}
    assert stops
    assert "None" not in stops


# ---------------------------------------------------------------------------------------------------------- as a file

WORDS = st.text("aé: #-\n'\"\t0", min_size=1, max_size=12).filter(str.strip)


@given(
    words=WORDS,
    page=WORDS.filter(lambda text: "#" not in text),
    priority=st.integers(1, 900),
    order=st.permutations(["b", "a", "no", "1"]),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_goes_out_and_comes_in_as_the_same_edition(
    ines: User, words: str, page: str, priority: int, order: list[str]
) -> None:
    def change(document: dict[str, Any]) -> None:
        policy = central(document)
        policy["rules"][0].update(priority=priority, because=words)
        policy["specialisms"] = {key: {"name": words.strip()} for key in order}
        document["pages"]["en"]["guide.start"] = f"# Start\n\n{page}"

    with transaction.atomic():
        first = drafts.begin_from_file(source=small(change), origin="a", base=None, actor=ines, now=NOW)
        text = drafts.as_file(first)
        again = drafts.begin_from_file(source=parse(text), origin="b", base=None, actor=ines, now=NOW)
        assert again.source_digest == first.source_digest
        assert drafts.as_file(again) == text
        one, other = (compile_edition(edition_id=edition.pk, now=NOW) for edition in (first, again))
        straight = compile_source(with_horizon(small(change), range(2025, 2030)))
        assert one.edition_digest == other.edition_digest == straight.digest
        assert one.document == other.document
        transaction.set_rollback(True)


# ----------------------------------------------------------------------------------------------------------- published

BY_SQL = (
    "UPDATE playbook_edition SET title = 'x' WHERE id = {edition}",
    "UPDATE playbook_edition SET state = 'draft' WHERE id = {edition}",
    "DELETE FROM playbook_edition WHERE id = {edition}",
    "UPDATE playbook_entry SET body = '1' WHERE edition_id = {edition}",
    "UPDATE playbook_entry SET edition_id = {edition} WHERE edition_id = {draft}",
    "UPDATE playbook_entry SET edition_id = {draft}, section = 'x' WHERE edition_id = {edition}",
    "DELETE FROM playbook_entry WHERE edition_id = {edition}",
)
OF_ONE = {
    "postgresql": ("TRUNCATE playbook_entry", "TRUNCATE playbook_edition CASCADE"),
    "sqlite": (
        (
            "INSERT OR REPLACE INTO playbook_entry "
            "(id, edition_id, part, section, key, position, body, before, removed, rationale, version) "
            "SELECT id, {draft}, part, section, key || 'x', position, body, before, removed, rationale, version "
            "FROM playbook_entry WHERE edition_id = {edition}"
        ),
        "INSERT OR REPLACE INTO playbook_edition SELECT * FROM playbook_edition WHERE id = {edition}",
        "UPDATE OR REPLACE playbook_edition SET id = {edition} WHERE id = {draft}",
        (
            "UPDATE OR REPLACE playbook_entry "
            "SET id = (SELECT min(id) FROM playbook_entry WHERE edition_id = {edition}) "
            "WHERE id = (SELECT min(id) FROM playbook_entry WHERE edition_id = {draft})"
        ),
    ),
}


@pytest.mark.parametrize("statement", [*BY_SQL, *OF_ONE[connection.vendor]])
def test_the_database_itself_keeps_what_was_published(draft: Edition, statement: str) -> None:
    edition = Edition.objects.get(state="published")
    rows = list(Entry.objects.filter(edition=edition).values_list())
    sql = statement.format(edition=edition.pk, draft=draft.pk)
    connection.check_constraints()  # or PostgreSQL would refuse to truncate for a reason of its own
    with pytest.raises(DatabaseError, match="begin a new draft"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert list(Entry.objects.filter(edition=edition).values_list()) == rows


@pytest.mark.postgres
def test_a_row_is_not_written_while_its_edition_is_being_published(postgres_database: Database) -> None:
    refused: list[str] = []

    def write(row: int) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE playbook_entry SET body = '1' WHERE id = %s", [row])
        except DatabaseError as error:
            refused.append(str(error))
        finally:
            connection.close()

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
            )
            return bool(cursor.fetchone()[0])

    with postgres_database.here():
        edition = begin_edition(source=small(), now=NOW)
        compile_edition(edition_id=edition.pk, now=NOW)
        entry = row(edition, GUIDE)
        with transaction.atomic():
            Edition.objects.filter(pk=edition.pk).update(state="published")
            other = threading.Thread(target=write, args=[entry.pk])
            other.start()
            while other.is_alive() and not waits():
                other.join(0.02)
        other.join()
        assert "begin a new draft" in "".join(refused)
        assert row(edition, GUIDE).body == entry.body


def test_a_published_edition_is_not_written_by_its_door(draft: Edition, ines: User) -> None:
    edition = Edition.objects.get(state="published")
    with pytest.raises(Refused, match="begin a new draft from it"):
        put(edition, GUIDE, "# Other", ines, version=1)


def test_a_draft_may_be_deleted_with_its_rows(draft: Edition) -> None:
    draft.delete()
    assert not Entry.objects.filter(edition_id=draft.pk).exists()
