"""What is installed was approved as it is; the registry says what the version in force says."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from escalations.core.calendar import CalendarError
from escalations.errors import NoPolicy, Refused
from escalations.models import (
    CalendarSnapshot,
    Category,
    Channel,
    Level,
    PolicyText,
    PolicyVersion,
    Region,
    Role,
    Specialism,
    Team,
)
from escalations.selectors import law
from escalations.services import registry
from escalations.services.policy import Approval, install
from tests.governance.publishing import NOW, approve, installer, trusting
from tests.playbook.editions import CATEGORY, SMALL

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
Put = Callable[..., PolicyVersion]


def document(change: Callable[[dict[str, Any]], Any] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(SMALL["policy"])
    if change is not None:
        change(made["central"])
    return made


@pytest.fixture
def kept() -> Iterator[list[Approval]]:
    with trusting("test") as kept:
        yield kept


@pytest.fixture
def put(kept: list[Approval]) -> Put:
    return installer(kept)


def nothing_is_written() -> bool:
    return not any(
        table.objects.exists() for table in (PolicyVersion, PolicyText, CalendarSnapshot, Category, Team, Level, Region)
    )


def test_a_version_is_written_with_all_that_it_names(put: Put) -> None:
    version = put(document(), pages={"en/guide.start": "# Start\n"})
    assert (version.number, version.title, version.effective_at) == (1, "Small", NOW)
    stored = PolicyVersion.objects.values_list("document", flat=True).get()
    assert hashlib.sha256(stored.encode()).hexdigest() == version.policy_digest
    assert law.policy_of(version).digest == version.policy_digest
    assert PolicyText.objects.get(pk=version.pages["en/guide.start"]).body == "# Start\n"
    manifest = PolicyText.objects.get(pk=version.edition_digest).body
    assert hashlib.sha256(manifest.encode()).hexdigest() == version.edition_digest
    assert json.loads(manifest) == {"policy": version.policy_digest, "pages": version.pages}
    calendar = law.policy_calendar(law.policy_of(version), "day")
    assert law.calendar_of(calendar.digest) == calendar
    assert (version.approval_kind, version.approved_by, version.reason) == ("test", "Ana", "Because.")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "rumour"}, "No approvals of the kind 'rumour' are kept here"),
        ({"edition_digest": "0" * 64}, "is for the edition 000000000000"),
        ({"by": "Mallory"}, "There is no record of the approval 'T-1'"),
        ({"reference": "T-9"}, "There is no record of the approval 'T-9'"),
        ({"effective_at": NOW + HOUR}, "There is no record of the approval"),
    ],
)
def test_without_a_matching_approval_nothing_is_installed(
    kept: list[Approval], wrong: dict[str, Any], words: str
) -> None:
    approval = approve(document())
    kept.append(approval)
    with pytest.raises(Refused, match=words):
        install(document=document(), pages={}, approval=replace(approval, **wrong), now=NOW)
    assert nothing_is_written()


def test_an_approval_of_other_pages_does_not_count(kept: list[Approval]) -> None:
    kept.append(approve(document(), pages={"en/guide.start": "# Start\n"}))
    with pytest.raises(Refused, match="Something was changed after it was approved"):
        install(document=document(), pages={"en/guide.start": "# Changed\n"}, approval=kept[0], now=NOW)
    assert nothing_is_written()


def test_a_bootstrap_needs_a_record_too() -> None:
    with pytest.raises(Refused, match="There is no record"):
        install(document=document(), pages={}, approval=approve(document(), kind="bootstrap"), now=NOW)
    assert nothing_is_written()


def test_a_bootstrap_is_for_an_empty_desk(put: Put) -> None:
    put(document())
    other = document(lambda central: central["teams"]["care"].update(name="Other"))
    with trusting("bootstrap") as kept:
        kept.append(approve(other, kind="bootstrap", reference="B-1"))
        with pytest.raises(Refused, match="A bootstrap is for an empty desk"):
            install(document=other, pages={}, approval=kept[0], now=NOW)
    assert Team.objects.get(key="care").name == "Care"


def test_law_never_comes_into_force_in_the_past(kept: list[Approval]) -> None:
    kept.append(approve(document(), effective_at=NOW - HOUR))
    with pytest.raises(Refused, match="cannot come into force in the past"):
        install(document=document(), pages={}, approval=kept[0], now=NOW)
    assert nothing_is_written()


def test_a_calendar_that_cannot_work_is_refused_with_its_place(kept: list[Approval]) -> None:
    broken = document(lambda central: central["calendars"]["day"].update(timezone="Mars/Olympus"))
    kept.append(approve(broken))
    with pytest.raises(CalendarError, match=r"central\.calendars\.day\.timezone: 'Mars/Olympus'"):
        install(document=broken, pages={}, approval=kept[0], now=NOW)
    assert nothing_is_written()


def test_installing_the_same_approval_twice_is_as_once(kept: list[Approval], put: Put) -> None:
    first = put(document())
    before = list(Team.objects.values()), list(Category.objects.values())
    again = install(document=document(), pages={}, approval=kept[0], now=NOW + HOUR)
    assert again == first
    assert PolicyVersion.objects.count() == 1
    assert (list(Team.objects.values()), list(Category.objects.values())) == before


def test_an_approval_is_used_for_one_edition_only(kept: list[Approval], put: Put) -> None:
    put(document())
    other = document(lambda central: central["teams"]["care"].update(name="Other"))
    reused = replace(approve(other), reference=kept[0].reference)
    kept.append(reused)
    with pytest.raises(Refused, match="has installed another edition, version 1"):
        install(document=other, pages={}, approval=reused, now=NOW)


def test_a_corrected_page_and_a_rollback_are_versions_of_their_own(put: Put) -> None:
    first = put(document(), pages={"en/guide.start": "# Strat\n"})
    second = put(document(), pages={"en/guide.start": "# Start\n"}, now=NOW + HOUR)
    third = put(document(), pages={"en/guide.start": "# Strat\n"}, now=NOW + 2 * HOUR)
    assert [version.number for version in (first, second, third)] == [1, 2, 3]
    assert first.policy_digest == second.policy_digest
    assert first.edition_digest == third.edition_digest != second.edition_digest


def test_in_force_is_the_latest_that_has_begun(put: Put) -> None:
    with pytest.raises(NoPolicy):
        law.in_force(NOW)
    first = put(document())
    later = put(document(lambda c: c["teams"]["care"].update(name="Later")), effective_at=NOW + 2 * HOUR)
    sooner = put(document(lambda c: c["teams"]["care"].update(name="Sooner")), effective_at=NOW + HOUR)
    with pytest.raises(NoPolicy):
        law.in_force(NOW - HOUR)
    assert law.in_force(NOW) == first
    assert law.in_force(NOW + HOUR) == sooner
    assert law.in_force(NOW + 2 * HOUR - dt.timedelta(microseconds=1)) == sooner
    assert law.in_force(NOW + 2 * HOUR) == later


def test_the_registry_says_what_the_document_says(put: Put) -> None:
    put(document())
    assert list(Level.objects.values_list("key", "name", "rank")) == [("L1", "One", 1), ("L2", "Two", 2)]
    assert list(Channel.objects.values_list("key", "rank", "sensitive")) == [("general", 0, False), ("legal", 9, False)]
    assert list(Region.objects.values_list("key", "path", "parent__key", "timezone")) == [
        ("eu", "eu", None, "Europe/Berlin"),
        ("eu-de", "eu/eu-de", "eu", "Europe/Berlin"),
    ]
    assert list(Category.objects.values_list("key", "side", "parent__key")) == [
        ("order", "buyer", None),
        ("order.late", "buyer", "order"),
    ]
    assert list(Team.objects.values_list("key", "calendar_key", "timezone")) == [
        ("care", "day", "Europe/Berlin"),
        ("money", "day", "Europe/Berlin"),
    ]
    assert Specialism.objects.get().key == "parcels"
    assert Role.objects.get().key == "duty"


def test_changed_names_reach_the_same_rows(put: Put) -> None:
    put(document())
    before = Team.objects.get(key="care").pk
    put(document(lambda c: c["teams"]["care"].update(name="Customer care", purpose="Helps.")), now=NOW + HOUR)
    row = Team.objects.get(key="care")
    assert (row.pk, row.name, row.purpose, row.retired_at) == (before, "Customer care", "Helps.", None)


def drop_money(central: dict[str, Any]) -> None:
    del central["teams"]["money"]
    for category in central["categories"].values():
        category["backups"] = []


def test_a_key_in_use_is_not_dropped_without_a_successor(put: Put) -> None:
    put(document())
    with pytest.raises(Refused, match="teams: money is used by version 1 and needs a successor"):
        put(document(drop_money), now=NOW + HOUR)
    assert PolicyVersion.objects.count() == 1
    assert Team.objects.get(key="money").retired_at is None


def test_a_retired_key_keeps_its_row_and_names_its_successor(put: Put) -> None:
    put(document())
    at = NOW + HOUR
    put(document(drop_money), now=at, successors={"teams": {"money": "care"}})
    row = Team.objects.get(key="money")
    assert row.retired_at == at
    assert row.successor == Team.objects.get(key="care")


def test_a_key_that_comes_back_is_retired_no_longer(put: Put) -> None:
    put(document())
    put(document(drop_money), now=NOW + HOUR, successors={"teams": {"money": "care"}})
    put(document(), now=NOW + 2 * HOUR)
    row = Team.objects.get(key="money")
    assert (row.retired_at, row.successor) == (None, None)


@pytest.mark.parametrize(
    ("successors", "words"),
    [
        ({"teams": {"money": "nobody"}}, "the successor nobody of money is not in the document"),
        ({"teams": {"money": "care", "care": "care"}}, "care is still there, so it needs no successor"),
        ({"clouds": {"a": "b"}}, "clouds has no keys to retire"),
    ],
)
def test_a_wrong_successor_is_refused(put: Put, successors: dict[str, dict[str, str]], words: str) -> None:
    put(document())
    with pytest.raises(Refused, match=words):
        put(document(drop_money), now=NOW + HOUR, successors=successors)


def test_a_scheduled_version_adds_keys_but_changes_nothing_before_its_time(put: Put) -> None:
    put(document())
    at = NOW + 5 * HOUR

    def change(central: dict[str, Any]) -> None:
        drop_money(central)
        central["teams"]["new"] = {"name": "New", "calendar": "day"}
        central["teams"]["care"]["name"] = "Renamed"
        central["channels"]["legal"]["sensitive"] = True

    put(document(change), now=NOW + HOUR, effective_at=at, successors={"teams": {"money": "new"}})
    assert Team.objects.get(key="new").retired_at is None
    assert Team.objects.get(key="care").name == "Care"
    assert Team.objects.get(key="money").retired_at is None
    assert Channel.objects.get(key="legal").sensitive is False

    done = registry.bring_into_force(now=at)
    assert done == {"added": 0, "changed": 2, "retired": 1}
    assert Team.objects.get(key="care").name == "Renamed"
    assert Team.objects.get(key="money").successor == Team.objects.get(key="new")
    assert Channel.objects.get(key="legal").sensitive is True
    assert registry.bring_into_force(now=at + HOUR) == {"added": 0, "changed": 0, "retired": 0}


def test_a_moved_region_keeps_its_row(put: Put) -> None:
    put(document())

    def change(central: dict[str, Any]) -> None:
        central["regions"]["world"] = {"name": "World", "calendar": "day"}
        central["regions"]["eu"]["parent"] = "world"

    put(document(change), now=NOW + HOUR)
    assert list(Region.objects.values_list("key", "path")) == [
        ("world", "world"),
        ("eu", "world/eu"),
        ("eu-de", "world/eu/eu-de"),
    ]


def test_a_category_stands_under_the_nearest_one_that_is_there(put: Put) -> None:
    put(document(lambda c: c["categories"].update({"order.late.abroad.sea": {**CATEGORY, "name": "Sea"}})))
    assert Category.objects.get(key="order.late.abroad.sea").parent == Category.objects.get(key="order.late")


def test_versions_are_numbered_in_order_and_never_deleted(put: Put) -> None:
    version = put(document())
    with pytest.raises(TypeError, match="never deleted"):
        version.delete()
