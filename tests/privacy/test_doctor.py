"""What the doctor says of erasures, holds, broken glass and channels without an owner: how many, since when."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from escalations.core.actor import Actor
from escalations.management.checks.privacy import privacy_kept
from escalations.models import Case, Channel, LegalHold
from escalations.selectors.health import health
from escalations.services import grants
from escalations.services.privacy import erasing, retention
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

DAY = dt.timedelta(days=1)


def said(name: str, now: dt.datetime = NOW) -> list[tuple[str, str]]:
    return [(item.level, item.say) for item in privacy_kept(now, health(now)) if item.name == name]


def broken(desk: Desk, key: str, by: str) -> Case:
    case = desk.open(assign=False)
    Case.objects.filter(pk=case.pk).update(channel=Channel.objects.get(key=key))
    grants.break_glass(reference=case.reference, actor=desk.by(by), now=NOW, reason="The buyer is in danger.")
    return case


def test_glass_that_nobody_has_judged_by_channel(desk: Desk) -> None:
    assert said("broken glass") == [("ok", "None waits for its review.")]
    desk.user("max").groups.add(desk._group("fraud", "owners"))
    broken(desk, "fraud", "pia"), broken(desk, "fraud", "jon"), broken(desk, "brand", "pia")
    fraud, brand = Channel.objects.get(key="fraud"), Channel.objects.get(key="brand")
    assert set(said("broken glass", NOW + 3 * DAY)) == {
        (
            "warn",
            f"{fraud}: 2 not reviewed, the oldest for 3 days. An owner of the channel judges it, on their home page.",
        ),
        ("warn", f"{brand}: 1 not reviewed, the oldest for 3 days. An administrator judges it, on their home page."),
    }
    assert {level for level, _ in said("broken glass", NOW + 8 * DAY)} == {"fail"}


def test_channels_without_an_owner(desk: Desk) -> None:
    ((level, say),) = said("channel owners")
    assert level == "warn"
    assert say.startswith("Nobody owns ")
    for channel in Channel.objects.all():
        assert str(channel) in say
        desk.user("max").groups.add(desk._group(channel.key, "owners"))
    assert said("channel owners") == [("ok", "Every channel has one.")]


def test_holds_past_their_review(desk: Desk) -> None:
    case = desk.open(assign=False)
    about = {"party": case.party, "basis": "Claim 12/34", "asked_by": desk.user("max"), "asked_at": NOW}
    LegalHold.objects.create(**about, review_at=NOW.date())
    assert said("legal holds") == [("ok", "None is past the day of its review.")]
    ((level, say),) = said("legal holds", NOW + DAY)
    assert level == "warn"
    assert say.startswith(f"1 past the day of their review, the oldest since {NOW:%Y-%m-%d}. Whoever has charge")


def test_erasures_that_are_not_in_the_ledger_and_the_daily_run_that_brings_them_there(
    desk: Desk, settings: Any, tmp_path: Path
) -> None:
    settings.THROUGHLINE_ERASURE_LEDGER = tmp_path  # a folder: nothing can be written
    case = desk.open(assign=False)
    Case.objects.filter(pk=case.pk).update(is_open=False, status=Case.Status.CLOSED, closed_at=NOW)
    erasing.erase_party(party_id=case.party_id, reason="Asked for", actor=Actor.worker("operator"), now=NOW)
    ((level, say),) = said("erasures", NOW + 3 * DAY)
    assert level == "fail"
    assert say.startswith(f"1 not in {tmp_path}, the oldest for 3 days: a restore would bring the data back. Let the")
    settings.THROUGHLINE_ERASURE_LEDGER = tmp_path / "erasures.jsonl"
    retention.apply(now=NOW + DAY, actor=Actor.worker("retention"))
    assert said("erasures", NOW + 3 * DAY) == [("ok", "Each is noted in the ledger outside the database.")]
