"""The table of who may do what is true: every cell is tried, through the door or page that people use."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.db import transaction
from django.template.response import SimpleTemplateResponse

from escalations.core import lifecycle, privileges
from escalations.core.privileges import COLUMNS
from escalations.errors import NotAllowed
from escalations.models import Case
from escalations.services.acts import DOORS
from tests.factories.desk import Desk, trusting
from tests.leaks.walking import patterns
from tests.privileges import at_the_desk, on_cases, on_pages
from tests.privileges.office import AT, Office, Tried

READ = Path(__file__).parents[1] / "data" / "privileges.md"
CODE = Path(privileges.__file__)
WRITE = bool(os.environ.get("THROUGHLINE_WRITE_PRIVILEGES"))


@pytest.fixture(scope="module")
def office(django_db_setup: None, django_db_blocker: Any) -> Iterator[Office]:
    """One office for all that is tried: each try is taken back, so that the next one finds it as it was planted.

    What a page looks like is not asked here, so none is drawn, and no refusal is logged: that is half the time.
    """
    with (
        django_db_blocker.unblock(),
        transaction.atomic(),
        time_machine.travel(AT, tick=False),
        trusting("test") as kept,
        mock.patch.object(SimpleTemplateResponse, "rendered_content", ""),
    ):
        logging.disable(logging.WARNING)
        yield Office(Desk(kept))
        logging.disable(logging.NOTSET)
        transaction.set_rollback(True)


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


@pytest.mark.django_db
def test_acts_on_cases(office: Office) -> None:
    assert differences(on_cases.rows(office)) == []


@pytest.mark.django_db
def test_doors_of_the_desk(office: Office) -> None:
    assert differences(at_the_desk.rows(office)) == []


@pytest.mark.django_db
def test_pages(office: Office) -> None:
    assert differences(on_pages.rows(office)) == []


@pytest.mark.django_db
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
    "escalations.services.delivery.resend": "resend",
    "escalations.services.exporting.export_cases": "export_cases",
    "escalations.services.facts.accept_route": "change_facts",
    "escalations.services.facts.reclassify": "change_facts",
    "escalations.services.files.adding.add_file": "add_file",
    "escalations.services.files.serving.opened_by": "open_file",
    "escalations.services.files.serving.thumbnail_for": "open_file",
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
    "governance.services.proposals.approve": "approve",
    "governance.services.proposals.object_to": "object",
    "governance.services.proposals.propose": "propose",
    "governance.services.proposals.reject": "reject_proposal",
    "governance.services.proposals.withdraw": "withdraw_proposal",
    "playbook.services.articles.approve": "review_article",
    "playbook.services.precedents.archive": "archive_precedent",
    "playbook.services.precedents.overturn": "end_precedent",
    "playbook.services.precedents.take_out": "end_precedent",
    "playbook.services.articles.begin": "write_article",
    "playbook.services.articles.describe": "write_article",
    "playbook.services.articles.give_feedback": "say_clear",
    "playbook.services.articles.propose": "write_article",
    "playbook.services.articles.reject": "review_article",
    "playbook.services.articles.retire": "review_article",
    "playbook.services.articles.set_review": "review_article",
    "playbook.services.articles.solved_it": "solved_it",
    "playbook.services.articles.take_back": "write_article",
    "playbook.services.articles.write": "write_article",
    **{f"playbook.services.onboarding.{act}": "learn" for act in ("acknowledge", "answer", "enrol", "study")},
    "playbook.services.drafts.begin_again": "write_playbook",
    "playbook.services.drafts.begin_draft": "write_playbook",
    "playbook.services.drafts.begin_from_file": "write_playbook",
    "playbook.services.drafts.compile_draft": "write_playbook",
    "playbook.services.drafts.move_entry": "write_playbook",
    "playbook.services.drafts.remove_entry": "write_playbook",
    "playbook.services.drafts.restore_entry": "write_playbook",
    "playbook.services.drafts.withdraw": "write_playbook",
    "playbook.services.drafts.write_entry": "write_playbook",
}
#: What is no act of a person at a page, by the reason.
NO_ROW = {
    "a command, for whoever may log in where the desk runs": {
        "escalations.services.anchoring.take",
        "escalations.services.audit.repair",
        "escalations.services.factors.forget",
        "escalations.services.imports.import_cases",
        "escalations.services.policy.install",
        "escalations.services.privacy.erasing.erase_cases",
        "escalations.services.privacy.erasing.erase_party",
        "escalations.services.privacy.residue.clean",
        "escalations.services.registry.bring_into_force",
        "governance.services.publication.publish_first",
        "playbook.services.editions.begin_edition",
        "playbook.services.editions.compile_edition",
    },
    "the clock does it, nobody asks for it": {
        "escalations.services.anchoring.take_daily",
        "escalations.services.assignment.assign_waiting",
        "escalations.services.audit.audit_timers",
        "escalations.services.claiming.claim",
        "escalations.services.closing.close_settled",
        "escalations.services.delivery.deliver",
        "escalations.services.delivery.expand",
        "escalations.services.files.adding.check_waiting",
        "escalations.services.files.storing.sweep",
        "escalations.services.heartbeat.beat",
        "governance.services.proposals.publish_due",
        "playbook.services.reminders.remind",
        "escalations.services.judging.judge",
        "escalations.services.privacy.ledger.copy_out",
        "escalations.services.privacy.retention.apply",
        "escalations.services.sweep.run",
        "escalations.services.sweep.sweep",
        "escalations.services.sweep.aside.resume",
        "escalations.services.sweep.aside.say",
        "escalations.services.sweep.aside.set_aside",
        "escalations.services.sweep.claim.claim",
        "escalations.services.sweep.digest.write",
    },
    "the party's own, by the link that they were sent: there is no account": {"escalations.services.links.add_message"},
    "the way in of systems, which the integration's own rows try": {"escalations.services.intake.open_case"},
    "what doors stand on: it asks nothing of whoever acts": {
        "governance.services.publication.put_into_force",
        "escalations.services.imports.writing.write",
        "escalations.services.links.link_for",
        "escalations.services.locking.witness",
        "escalations.services.noting.note",
        "escalations.services.noting.note_shown",
        "escalations.services.privacy.ledger.enter",
        "escalations.services.privacy.unmasking.record_export",
        "escalations.services.record.history_values",
        "escalations.services.record.intent",
        "escalations.services.record.links",
        "escalations.services.record.make_events",
        "escalations.services.registry.check_successors",
        "escalations.services.telling.tell",
        "escalations.services.work.attending",
        "escalations.services.work.working",
    },
    "what a page of the playbook keeps of its own reader, who may read it": {"playbook.services.reading.note"},
    "it only says what would be": {
        "escalations.services.assignment.preview_reassign",
        "escalations.services.facts.preview_version",
        "escalations.services.sweep.what_stands_in_the_way",
    },
}
#: Arguments by which something is done: by somebody, or at a time. What begins with the `work` of another door is a
#: part of that one.
DONE = ("actor", "by", "person", "now")


def doors() -> set[str]:
    """Every function of the services that does something, by its name."""
    found = set()
    for package in ("escalations.services", "governance.services", "playbook.services"):
        root = importlib.import_module(package)
        for info in pkgutil.walk_packages(root.__path__, f"{package}."):
            module = importlib.import_module(info.name)
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ != info.name or name.startswith("_"):
                    continue
                asked = inspect.signature(function).parameters
                if "work" not in asked and any(
                    asked[word].kind is inspect.Parameter.KEYWORD_ONLY for word in DONE if word in asked
                ):
                    found.add(f"{info.name}.{name}")
    return found


def test_every_door_has_a_row() -> None:
    acts = {f"{door.__module__}.{door.__name__}" for door in DOORS.values()}
    excepted = set().union(*NO_ROW.values())
    assert doors() - acts - set(ROW_OF) - excepted == set(), "let tests/privileges try it, or say why it needs no row"
    assert set(ROW_OF.values()) - {row.key for row in privileges.ROWS} == set()
    assert (set(ROW_OF) | excepted) - doors() == set(), "these are gone"


#: Addresses behind which is the door of a row, or a part of the page of one.
SENT = {
    "admin:escalations_case_act": "note",
    "admin:escalations_case_file": "open_file",
    "admin:escalations_case_files": "open_file",
    "admin:escalations_case_findings": "add_indicator",
    "admin:escalations_case_reassign": "reassign",
    "admin:escalations_case_file_remove": "remove_file",
    "admin:escalations_case_thumbnail": "open_file",
    "admin:escalations_case_unmask": "unmask",
    "admin:escalations_accessentry_review": "review",
    "admin:escalations_casegrant_review": "review_glass",
    "admin:escalations_casegrant_end": "end_grant",
    "admin:escalations_channelrequest_answer": "decide",
    "admin:escalations_delivery_resend": "resend",
    "admin:escalations_legalhold_answer": "answer_hold",
    "admin:escalations_erasure_certificate": "see escalations.erasure",
    "account_login": "sign_in",
    "playbook:precedent": "page playbook:precedents",
    "playbook:precedent_archive": "archive_precedent",
    "playbook:precedent_overturn": "end_precedent",
    "playbook:precedent_take_out": "end_precedent",
    "playbook:article": "page playbook:articles",
    "playbook:article_revision": "page playbook:articles",
    "playbook:article_feedback": "say_clear",
    "playbook:article_new": "write_article",
    "playbook:article_write": "write_article",
    "playbook:article_propose": "write_article",
    "playbook:article_take_back": "write_article",
    "playbook:article_describe": "write_article",
    "playbook:article_gaps": "write_article",
    "playbook:article_review": "review_article",
    "playbook:article_retire": "review_article",
    "playbook:article_still_right": "review_article",
    "playbook:article_solved": "solved_it",
    "governance:proposal": "page governance:index",
    "governance:propose": "propose",
    "governance:approve": "approve",
    "governance:reject": "reject_proposal",
    "governance:withdraw": "withdraw_proposal",
    "governance:object": "object",
    **dict.fromkeys(
        [
            *("playbook:category", "playbook:page", "playbook:region", "playbook:teams", "playbook:ladders"),
            *("playbook:ownership", "playbook:search", "playbook:changes", "playbook:feed", "playbook:versions"),
        ],
        "page playbook:home",
    ),
    **dict.fromkeys(
        [f"playbook:{name}" for name in ("onboarding", "choose_track", "studied", "news", "drill")], "learn"
    ),
    **dict.fromkeys(
        [
            f"admin:playbook_edition_{name}"
            for name in (
                *("begin", "file", "changes", "compile", "give_up", "try"),
                *("row", "add_row", "move_row", "remove_row", "restore_row"),
            )
        ],
        "write_playbook",
    ),
}
#: Addresses without a row, by the reason.
NO_ROW_FOR_PAGE = {
    "Django's, and they say nothing of the desk or only lead on": {
        "admin:app_list", "admin:autocomplete", "admin:jsi18n", "admin:login", "admin:logout",
        "admin:password_change", "admin:password_change_done", "admin:view_on_site", "admin_login", "admin_password",
        "closed", "home", "set_language",
    },
    "the party's own, by the link that they were sent": {"escalations:status", "escalations:status_misspelt"},
    "for whoever looks after the machine, and they tell no more than that the desk is well": {"healthz", "readyz"},
    "before anybody is known, or on the way out": {
        "account_inactive", "account_logout", "account_reset_password", "account_reset_password_done",
        "account_reset_password_from_key", "account_reset_password_from_key_done", "mfa_authenticate",
        "mfa_login_webauthn", "openid_connect_callback", "openid_connect_login", "socialaccount_login_cancelled",
        "socialaccount_login_error", "socialaccount_signup",
    },
    "steps behind the page of one's own ways of signing in, which has a row; each is about oneself": {
        "account_keys", "account_reauthenticate", "mfa_activate_totp", "mfa_add_webauthn", "mfa_deactivate_totp",
        "mfa_download_recovery_codes", "mfa_edit_webauthn", "mfa_generate_recovery_codes", "mfa_list_webauthn",
        "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes",
    },
}  # fmt: skip


def test_every_page_has_a_row() -> None:
    """Of the admin, of signing in, of an API: whatever has an address with a name."""
    named = {name for name, _, _ in patterns() if name}
    models = {f"admin:{model._meta.app_label}_{model._meta.model_name}" for model, _ in on_pages.registered()}
    usual = {f"{model}_{page}" for model in models for page in ("changelist", "add", "change", "delete", "history")}
    usual |= {"admin:auth_user_password_change"}
    excepted = set().union(*NO_ROW_FOR_PAGE.values())
    rest = named - usual - excepted - set(SENT) - set(on_pages.OTHERS)
    assert rest == set(), "name it in tests/privileges/on_pages.py, or say why it needs no row"
    assert (excepted | set(SENT)) - named == set(), "these are gone"
    assert set(SENT.values()) - {row.key for row in privileges.ROWS} == set()
