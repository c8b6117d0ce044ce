"""The pages on which a draft is written: who may, what they show, and that nothing typed is lost."""

from __future__ import annotations

import datetime as dt
import json
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from escalations.core.matrix import case_facts, evaluate
from escalations.models import PolicyVersion, User
from playbook.core.compiling import examine
from playbook.core.entries import CENTRE, Address
from playbook.core.source import Source
from playbook.models import Edition, Entry
from playbook.selectors import drafting
from playbook.services import drafts
from tests.governance.publishing import NOW, in_force
from tests.governance.test_proposals import LARGE, TO_L2_FROM_50, approve, member, propose, write
from tests.playbook.editions import central
from tests.playbook.test_authoring_forms import sent

pytestmark = pytest.mark.django_db

LATER = NOW + dt.timedelta(hours=1)


def person(name: str, *, writes: bool = True) -> User:
    made = User.objects.create_user(name, is_staff=True)
    if writes:
        made.user_permissions.add(Permission.objects.get(codename="write_edition"))
    return made


@pytest.fixture
def ines() -> User:
    return person("ines")


@pytest.fixture
def at_desk(ines: User, client: Client) -> Client:
    client.force_login(ines)
    return client


@pytest.fixture
def draft(ines: User) -> Edition:
    return drafts.begin_draft(base=in_force(), title="More care", actor=ines, now=LATER)


def row(edition: Edition, section: str, key: str = "") -> Entry:
    return Entry.objects.get(edition=edition, part=CENTRE, section=section, key=key)


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:playbook_edition_{name}", args=args)


def form_in(html: str) -> dict[str, Any]:
    """The form of a row as a browser would send it."""
    start = html.index('<form id="row-form"')
    return dict(sent(html[start : html.index("</form>", start)]).lists())


def form_of(client: Client, entry: Entry) -> dict[str, Any]:
    """The form of a row as a browser would send it, with a reason."""
    html = client.get(page("row", entry.edition_id, entry.pk)).content.decode()
    return form_in(html) | {"reason": "So.", "do": "save"}


# -------------------------------------------------------------------------------------------------------------- who may


def test_who_may_not_write_reads_the_list_and_meets_no_other_page(draft: Edition, client: Client) -> None:
    client.force_login(person("mia", writes=False))
    entry = row(draft, "rules", "large")
    assert "Begin a draft" not in client.get(page("changelist")).content.decode()
    addresses = [
        page("begin"), page("compile", draft.pk), page("give_up", draft.pk), page("changes", draft.pk),
        page("file", draft.pk), page("try", draft.pk), page("add_row", draft.pk), page("row", draft.pk, entry.pk),
        page("remove_row", draft.pk, entry.pk), page("restore_row", draft.pk, entry.pk),
        page("move_row", draft.pk, entry.pk),
    ]  # fmt: skip
    for address in addresses:
        for answer in (client.get(address), client.post(address, {"reason": "So.", "version": 1, "do": "save"})):
            assert answer.status_code == HTTPStatus.FORBIDDEN, address
    draft.refresh_from_db()
    assert (draft.state, row(draft, "rules", "large").version) == ("draft", 1)


def test_a_published_edition_is_not_written_by_any_address(at_desk: Client, ines: User) -> None:
    base = in_force()
    edition = Edition.objects.get(state="published", edition_digest=base.edition_digest)
    entry = row(edition, "rules", "large")
    before = list(Entry.objects.filter(edition=edition).values())
    data = {"reason": "So.", "version": entry.version, "do": "save", "v-name": "Other", "way": "up"}
    for name in ("row", "remove_row", "restore_row", "move_row"):
        assert at_desk.post(page(name, edition.pk, entry.pk), data).status_code == HTTPStatus.FORBIDDEN
    for name in ("give_up", "add_row"):
        assert at_desk.post(page(name, edition.pk), data).status_code == HTTPStatus.FORBIDDEN
    at_desk.post(page("compile", edition.pk))
    edition.refresh_from_db()
    assert edition.state == "published"
    assert list(Entry.objects.filter(edition=edition).values()) == before
    assert page("row", edition.pk, entry.pk) not in at_desk.get(page("change", edition.pk)).content.decode()


# ------------------------------------------------------------------------------------------------------------ the whole


def test_a_draft_is_begun_from_what_is_in_force_and_from_a_file(at_desk: Client, draft: Edition) -> None:
    answer = at_desk.post(page("begin"), {"title": "Second"})
    made = Edition.objects.get(title="Second")
    assert answer.url == page("change", made.pk)  # type: ignore[attr-defined]
    text = at_desk.get(page("file", made.pk)).content
    upload = SimpleUploadedFile("ours.yaml", text, "application/yaml")
    at_desk.post(page("begin"), {"title": "Third", "file": upload})
    third = Edition.objects.get(title="Third")
    assert third.source_digest == made.source_digest
    assert {entry.change for entry in drafts.entries_of(third)} == {""}


def test_a_draft_goes_back_to_what_an_earlier_version_said(at_desk: Client, ines: User, draft: Edition) -> None:
    """The way back from a change that proved wrong is a draft as any other."""
    first = at_desk.get(page("begin")).content.decode()
    assert "As it was" not in first, "there is no earlier version"
    write(draft, LARGE, TO_L2_FROM_50, ines)
    proposal = propose(draft, ines, now=LATER, effective_at=LATER)
    approve(proposal, member("ben"), now=LATER)
    shown = at_desk.get(page("begin")).content.decode()
    assert "version 1, in force from" in shown
    file = SimpleUploadedFile("ours.yaml", b"edition: 1", "application/yaml")
    both = at_desk.post(page("begin"), {"title": "Back", "again": "1", "file": file})
    assert "Choose one" in both.content.decode()
    at_desk.post(page("begin"), {"title": "Back", "again": "1"})
    made = Edition.objects.get(title="Back")
    assert made.origin == "version 1"
    changed = [entry for entry in drafts.entries_of(made) if entry.change]
    assert [entry.key for entry in changed] == ["large"]
    assert (
        made.source_digest
        == Edition.objects.published_as(PolicyVersion.objects.get(number=1).edition_digest)
        .values_list("source_digest", flat=True)
        .get()
    )


def test_what_is_wrong_with_a_file_is_told_with_its_place(at_desk: Client) -> None:
    upload = SimpleUploadedFile("ours.yaml", b"edition: 1\npolicy:\n  central:\n    rules: 3\n", "application/yaml")
    said = at_desk.post(page("begin"), {"title": "Third", "file": upload}).content.decode()
    assert "ours.yaml:4" in said, said[said.index("things to put") :][:900] if "things to put" in said else said
    assert not Edition.objects.exists()


def test_the_page_of_a_draft_asks_no_more_for_more_rows(
    at_desk: Client, ines: User, draft: Edition, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with CaptureQueriesContext(connection) as few:
        at_desk.get(page("change", draft.pk))
    Entry.objects.bulk_create(
        Entry(edition=draft, part=CENTRE, section="specialisms", key=f"s{n}", position=900 + n,
              body=json.dumps({"name": f"Skill {n}"}), changed_by=ines, changed_at=LATER)
        for n in range(500)
    )  # fmt: skip
    with django_assert_max_num_queries(len(few)):
        answer = at_desk.get(page("change", draft.pk))
    assert answer.content.decode().count("Skill ") >= 500


def test_findings_stand_beside_their_rows_and_compiling_says_that_they_stop_it(
    at_desk: Client, draft: Edition, ines: User
) -> None:
    large = row(draft, "rules", "large")
    drafts.write_entry(
        edition_id=draft.pk, address=large.address, body={**large.says, "then": {"level": "L9"}}, actor=ines,
        now=LATER, rationale="Higher.", version=large.version,
    )  # fmt: skip
    html = at_desk.get(page("change", draft.pk) + "?only=found").content.decode()
    line = html[html.index(f'id="row-{large.pk}"') :]
    assert "L9" in line[: line.index("</li>\n")] or "L9" in line[:3000]
    assert html.count('data-line id="row-') == 1
    answer = at_desk.post(page("compile", draft.pk), follow=True)
    assert "Not compiled" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"
    at_desk.post(page("restore_row", draft.pk, large.pk), {"version": large.version + 1})
    at_desk.post(page("compile", draft.pk))
    draft.refresh_from_db()
    assert (draft.state, draft.title) == ("compiled", "More care")


def test_a_draft_is_given_up_with_a_reason(at_desk: Client, draft: Edition) -> None:
    at_desk.post(page("give_up", draft.pk), {"reason": " "})
    draft.refresh_from_db()
    assert draft.state == "draft"
    at_desk.post(page("give_up", draft.pk), {"reason": "Not needed."})
    draft.refresh_from_db()
    assert (draft.state, draft.withdrawn_reason) == ("withdrawn", "Not needed.")


def test_changes_are_told_in_words(at_desk: Client, draft: Edition, ines: User) -> None:
    entry = row(draft, "rules", "large")
    data = form_of(at_desk, entry)
    data["v-then-level"] = "L1"
    at_desk.post(page("row", draft.pk, entry.pk), data)
    said = at_desk.get(page("changes", draft.pk)).content.decode()
    assert "1 change" in said
    assert "So." in said


# --------------------------------------------------------------------------------------------------------------- a row


def test_saving_unchanged_writes_nothing(at_desk: Client, draft: Edition) -> None:
    for entry in drafts.entries_of(draft):
        assert at_desk.post(page("row", draft.pk, entry.pk), form_of(at_desk, entry)).status_code == HTTPStatus.FOUND
        assert row(draft, entry.section, entry.key).version == 1, entry


def test_a_row_is_changed_with_its_reason_and_its_condition_is_read_back(at_desk: Client, draft: Edition) -> None:
    entry = row(draft, "rules", "large")
    data = form_of(at_desk, entry)
    assert data["v-when-fact"] == ["value"]
    data["do"] = "test|v-when"
    html = at_desk.post(page("row", draft.pk, entry.pk), data).content.decode()
    data = form_in(html)
    assert data["v-when-kind"] == ["all"]
    data["v-when-parts-1-fact"], data["v-when-parts-1-op"] = "party_kind", "eq"
    data["v-when-parts-1-value"] = "seller"
    data["do"] = "refresh|v-when"
    html = at_desk.post(page("row", draft.pk, entry.pk), data).content.decode()
    assert "value is at least 100 and party is seller" in html
    assert row(draft, "rules", "large").version == 1  # buttons within the form keep nothing
    data["do"], data["reason"] = "save", "Sellers alone."
    assert at_desk.post(page("row", draft.pk, entry.pk), data).status_code == HTTPStatus.FOUND
    kept = row(draft, "rules", "large")
    assert kept.says["when"] == {"all": [{"fact": "value", "gte": 100}, {"fact": "party_kind", "eq": "seller"}]}
    assert (kept.rationale, kept.version) == ("Sellers alone.", 2)
    html = at_desk.get(page("row", draft.pk, entry.pk)).content.decode()
    assert "Sellers alone." in html


def test_a_save_without_a_reason_keeps_what_was_typed(at_desk: Client, draft: Edition) -> None:
    entry = row(draft, "teams", "care")
    data = form_of(at_desk, entry)
    data["v-name"], data["reason"] = "Customer care", ""
    html = at_desk.post(page("row", draft.pk, entry.pk), data).content.decode()
    assert "Customer care" in html
    assert row(draft, "teams", "care").version == 1


def test_what_cannot_be_stands_at_its_field(at_desk: Client, draft: Edition) -> None:
    entry = row(draft, "defaults")
    data = form_of(at_desk, entry)
    data["v-targets-assign-within"] = "4 h"
    html = at_desk.post(page("row", draft.pk, entry.pk), data).content.decode()
    at = html.index('name="v-targets-assign-within"')
    assert 'aria-invalid="true"' in html[at : at + 400]
    assert "Say which time counts" in html
    assert row(draft, "defaults").version == 1


def test_a_stale_save_keeps_what_was_typed_and_shows_what_the_other_wrote(at_desk: Client, draft: Edition) -> None:
    entry = row(draft, "teams", "care")
    data = form_of(at_desk, entry)
    data["v-name"] = "Mine"
    drafts.write_entry(
        edition_id=draft.pk, address=entry.address, body={**entry.says, "name": "Theirs"}, actor=person("tom"),
        now=LATER, rationale="Because of them.", version=1,
    )  # fmt: skip
    answer = at_desk.post(page("row", draft.pk, entry.pk), data)
    html = answer.content.decode()
    assert answer.status_code == HTTPStatus.CONFLICT
    assert 'value="Mine"' in html
    assert "Theirs" in html
    assert "Because of them." in html
    assert row(draft, "teams", "care").says["name"] == "Theirs"
    again = form_in(html) | {"do": "save"}
    assert at_desk.post(page("row", draft.pk, entry.pk), again).status_code == HTTPStatus.FOUND
    assert row(draft, "teams", "care").says["name"] == "Mine"


def test_rows_are_added_taken_out_put_back_and_moved(at_desk: Client, draft: Edition) -> None:
    data = {"part": CENTRE, "section": "specialisms", "key": "not a key", "v-name": "Rings", "reason": "So.",
            "do": "save"}  # fmt: skip
    assert at_desk.post(page("add_row", draft.pk), data).status_code == HTTPStatus.OK
    at_desk.post(page("add_row", draft.pk), {**data, "key": "rings"})
    made = row(draft, "specialisms", "rings")
    assert (made.says, made.change) == ({"name": "Rings"}, "added")
    assert "There is specialisms rings already" in at_desk.post(
        page("add_row", draft.pk), {**data, "key": "rings"}
    ).content.decode()  # fmt: skip
    parcels = row(draft, "specialisms", "parcels")
    at_desk.post(page("remove_row", draft.pk, parcels.pk), {"version": 1, "reason": "Nobody asks for it."})
    assert row(draft, "specialisms", "parcels").removed
    at_desk.post(page("restore_row", draft.pk, parcels.pk), {"version": 2})
    assert not row(draft, "specialisms", "parcels").removed
    drafts.write_entry(
        edition_id=draft.pk, address=Address(CENTRE, "rules", "second"), actor=User.objects.get(username="ines"),
        body={**row(draft, "rules", "large").says, "key": "second", "priority": 20}, now=LATER, rationale="So.",
    )  # fmt: skip
    second = row(draft, "rules", "second")
    at_desk.post(page("move_row", draft.pk, second.pk), {"version": second.version, "way": "up"})
    order = [entry.key for entry in drafts.entries_of(draft) if entry.section == "rules"]
    assert order == ["second", "large"]


# --------------------------------------------------------------------------------------------------- what is restricted


def restricted(document: dict[str, Any]) -> None:
    rules = central(document)["rules"]
    rules.append({**rules[0], "key": "hushed", "name": "Quiet ring", "priority": 5, "visibility": "legal",
                  "when": {"fact": "value", "gte": 4_444}})  # fmt: skip


def test_restricted_rows_are_counted_and_neither_named_nor_opened_nor_downloaded(at_desk: Client, ines: User) -> None:
    edition = drafts.begin_draft(base=in_force(restricted), title="Quiet", actor=ines, now=LATER)
    hushed = row(edition, "rules", "hushed")
    for address in (page("change", edition.pk), page("changes", edition.pk), page("try", edition.pk)):
        html = at_desk.get(address).content.decode()
        assert not {"hushed", "Quiet ring", "4444"} & {
            word for word in ("hushed", "Quiet ring", "4444") if word in html
        }
    assert "1 restricted row" in at_desk.get(page("change", edition.pk)).content.decode()
    for name in ("row", "remove_row", "restore_row", "move_row"):
        assert at_desk.post(page(name, edition.pk, hushed.pk), {"version": 1}).status_code == HTTPStatus.NOT_FOUND
    assert at_desk.get(page("file", edition.pk)).status_code == HTTPStatus.FOUND


# ---------------------------------------------------------------------------------------------------------------- tried


def test_a_case_that_is_tried_is_what_the_engine_decides(at_desk: Client, draft: Edition, ines: User) -> None:
    entry = row(draft, "rules", "large")
    drafts.write_entry(
        edition_id=draft.pk, address=entry.address, body={**entry.says, "when": {"fact": "value", "gte": 900}},
        actor=ines, now=LATER, rationale="Less.", version=1,
    )  # fmt: skip
    asked = {"category": "order", "region": "eu-de", "fact-value": "500"}
    answer = at_desk.get(page("try", draft.pk), asked)
    ours, theirs = answer.context["ours"], answer.context["theirs"]
    case = {"category": "order", "region": "eu-de", "facts": {"value": 500}}
    policy = examine(Source(drafting.Draft(draft, drafts.entries_of(draft), ines).document)).policy
    assert policy is not None
    assert ours.decision == evaluate(policy, case_facts(policy, case))
    assert (ours.decision.level, theirs.decision.level) == ("L1", "L2")
    assert "differs" in answer.content.decode()
