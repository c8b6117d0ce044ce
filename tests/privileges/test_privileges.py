"""The table of who may do what is true: every cell is tried, through the door or page that people use."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.db import transaction

from escalations.core import lifecycle, privileges
from escalations.core.privileges import COLUMNS
from escalations.errors import NotAllowed
from escalations.models import Case
from escalations.services.acts import DOORS
from tests.factories.desk import Desk, desk
from tests.leaks.walking import patterns
from tests.privileges import at_the_desk, on_cases, on_pages
from tests.privileges.office import AT, Office, Tried

__all__ = ["desk"]

READ = Path(__file__).parents[1] / "data" / "privileges.md"
CODE = Path(privileges.__file__)
WRITE = bool(os.environ.get("THROUGHLINE_WRITE_PRIVILEGES"))


@pytest.fixture
def office(desk: Desk) -> Iterator[Office]:
    with time_machine.travel(AT, tick=False):
        yield Office(desk)


def cell(row: Tried, who: str) -> str:
    """What the table should say of this act for this person: each way is really tried, and taken back."""
    open_ = [way.word for way in row.ways if _succeeds(row, way.go, who)]
    if len(open_) == len(row.ways):
        return "yes"
    return ", ".join(open_) or "no"


def _succeeds(row: Tried, go: object, who: str) -> bool:
    with transaction.atomic():
        try:
            with transaction.atomic():
                go(who)  # type: ignore[operator]
        except (NotAllowed, Case.DoesNotExist, *row.refusals):
            return False
        except Exception as error:
            raise AssertionError(f"{row.key} as {who} could not be tried: {error!r}") from error
        finally:
            transaction.set_rollback(True)
    return True


def differences(tried: list[Tried]) -> list[str]:
    """What the table says otherwise than it is."""
    said = {row.key: row for row in privileges.ROWS}
    found = {row.key: {who: cell(row, who) for who in COLUMNS} for row in tried}
    if WRITE:
        _write(tried, found)
        return []
    optional = {row.key for row in tried if row.section == on_pages.WRITTEN and set(found[row.key].values()) == {"no"}}
    missing = [f"{key}: not in the table" for key in found if key not in said and key not in optional]
    return missing + [
        f"{key}, {who}: the table says {said[key].cells[who]!r}, it is {is_!r}"
        for key, cells in found.items()
        if key in said
        for who, is_ in cells.items()
        if said[key].cells[who] != is_
    ]


def _write(tried: list[Tried], found: dict[str, dict[str, str]]) -> None:
    """Take what was found into the table, in its place; rows that were not tried here stay."""
    kept = {row.key: (row.section, row.label, row.cells) for row in privileges.ROWS}
    for row in tried:
        kept[row.key] = (row.section, row.label, found[row.key])
        if row.section == on_pages.WRITTEN and set(found[row.key].values()) == {"no"}:
            del kept[row.key]
    text = CODE.read_text()
    made = privileges.written(privileges.Row(key, *rest) for key, rest in kept.items())
    CODE.write_text(re.sub(r'TABLE = """\\\n.*?"""', lambda _: f'TABLE = """\\\n{made}"""', text, flags=re.S))
    privileges.ROWS = privileges.read(made)
    READ.write_text(privileges.as_markdown())


def test_acts_on_cases(office: Office) -> None:
    assert differences(on_cases.rows(office)) == []


def test_doors_of_the_desk(office: Office) -> None:
    assert differences(at_the_desk.rows(office)) == []


def test_pages(office: Office) -> None:
    assert differences(on_pages.rows(office)) == []


def test_every_row_of_the_table_is_tried(office: Office) -> None:
    tried = [row for room in (on_cases, at_the_desk, on_pages) for row in room.rows(office)]
    assert len(tried) == len({row.key for row in tried})
    assert {row.key for row in privileges.ROWS} - {row.key for row in tried} == set()
    assert {row.key: (row.section, row.label) for row in tried if row.key in {r.key for r in privileges.ROWS}} == {
        row.key: (row.section, row.label) for row in privileges.ROWS
    }


def test_every_act_has_a_row() -> None:
    assert set(lifecycle.ACTS) - {row.key for row in privileges.ROWS} == set()


def test_the_table_that_people_read_is_the_same() -> None:
    """Regenerate both with THROUGHLINE_WRITE_PRIVILEGES=1, and read the difference before it is committed."""
    assert READ.read_text() == privileges.as_markdown()


# ------------------------------------------------------------------------------------------------- nothing is forgotten

#: Doors beside those of acts, with the row that tries each.
ROW_OF = {
    "escalations.services.accounts.set_group": "set_group",
    "escalations.services.accounts.set_rights": "set_rights",
    "escalations.services.assignment.reassign": "reassign",
    "escalations.services.channels.ask": "ask",
    "escalations.services.channels.decide": "decide",
    "escalations.services.channels.end": "end",
    "escalations.services.exporting.export_cases": "export_cases",
    "escalations.services.facts.accept_route": "change_facts",
    "escalations.services.facts.reclassify": "change_facts",
    "escalations.services.files.adding.add_file": "add_file",
    "escalations.services.handoffs.hand_off_several": "hand_off_several",
    "escalations.services.noting.review": "review",
    "escalations.services.people.end_absence": "end_absence",
    "escalations.services.people.end_membership": "end_membership",
    "escalations.services.people.set_absence": "set_absence",
    "escalations.services.people.set_cover": "set_cover",
    "escalations.services.people.set_membership": "set_membership",
    "escalations.services.people.set_on_call": "set_on_call",
    "escalations.services.privacy.findings.add_indicator": "add_indicator",
    "escalations.services.privacy.findings.settle_indicator": "settle_indicator",
    "escalations.services.privacy.holds.answer": "answer_hold",
    "escalations.services.privacy.holds.ask": "hold",
    "escalations.services.privacy.holds.ask_to_lift": "lift_hold",
    "escalations.services.privacy.requests.ask_to_erase": "erase_data",
    "escalations.services.privacy.requests.export": "export_data",
    "escalations.services.privacy.requests.find": "export_data",
    "escalations.services.privacy.unmasking.unmask": "unmask",
    "escalations.services.roles.set_roles": "set_roles",
}
#: Doors that no page leads to: commands, for whoever may log in where the desk runs; ways in of other systems; the
#: kernel on which the doors stand.
NO_PAGE = {
    "escalations.services.assignment.preview_reassign",
    "escalations.services.imports.import_cases",
    "escalations.services.imports.writing.write",
    "escalations.services.intake.open_case",
    "escalations.services.locking.witness",
    "escalations.services.privacy.erasing.erase_cases",
    "escalations.services.privacy.erasing.erase_party",
    "escalations.services.privacy.ledger.enter",
    "escalations.services.privacy.retention.apply",
    "escalations.services.privacy.unmasking.record_export",
    "escalations.services.record.history_values",
    "escalations.services.record.links",
    "escalations.services.record.make_events",
    "escalations.services.work.attending",
    "escalations.services.work.working",
    "governance.services.publication.publish_first",
    "playbook.services.editions.begin_edition",
}


def doors() -> set[str]:
    """Every function of the services that somebody does, by its name."""
    found = set()
    for package in ("escalations.services", "governance.services", "playbook.services"):
        root = importlib.import_module(package)
        for info in pkgutil.walk_packages(root.__path__, f"{package}."):
            module = importlib.import_module(info.name)
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ != info.name or name.startswith("_"):
                    continue
                asked = inspect.signature(function).parameters
                if any(asked[word].kind is inspect.Parameter.KEYWORD_ONLY for word in ("actor", "by") if word in asked):
                    found.add(f"{info.name}.{name}")
    return found


def test_every_door_has_a_row() -> None:
    acts = {f"{door.__module__}.{door.__name__}" for door in DOORS.values()}
    assert doors() - acts - set(ROW_OF) - NO_PAGE == set(), (
        "let tests/privileges try it, or say why no page leads there"
    )
    assert set(ROW_OF.values()) - {row.key for row in privileges.ROWS} == set()
    assert (set(ROW_OF) | NO_PAGE) - doors() == set(), "these are gone"


#: Addresses that only take what the form of a page sends: the door behind each has a row.
SENT = {
    "answer",
    "review",
    "end",
    "resend",
    "act",
    "unmask",
    "findings",
    "reassign",
    "files",
    "file",
    "thumbnail",
    "remove",
}
#: What the page of an entry shows, as a file: whoever reads the one takes the other.
CERTIFICATE = "escalations_erasure_certificate"
#: Pages of Django's that say nothing of the desk, or only lead on.
DJANGOS = {
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "autocomplete",
    "jsi18n",
    "view_on_site",
    "app_list",
}


def test_every_page_has_a_row() -> None:
    named = {name.removeprefix("admin:") for name, _, _ in patterns() if name.startswith("admin:")}
    models = {f"{model._meta.app_label}_{model._meta.model_name}" for model, _ in on_pages.registered()}
    usual = {f"{model}_{page}" for model in models for page in ("changelist", "add", "change", "delete", "history")}
    usual |= {"auth_user_password_change", CERTIFICATE} | {name for name in named if name.rpartition("_")[2] in SENT}
    rest = named - usual - DJANGOS - {name.removeprefix("admin:") for name in on_pages.OTHERS}
    assert rest == set(), "name it in tests/privileges/on_pages.py"
