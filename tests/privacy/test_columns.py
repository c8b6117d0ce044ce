"""Whoever adds a text column says what erasure does with it."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from escalations.services.privacy import columns
from escalations.services.privacy.columns import COLUMNS, Blanked, Kept

PLAIN = (
    models.AutoField,
    models.BooleanField,
    models.DateField,
    models.DateTimeField,
    models.DecimalField,
    models.DurationField,
    models.FloatField,
    models.ForeignKey,
    models.IntegerField,
    models.TimeField,
)
"""Fields that cannot hold words. Everything else has to be listed, also types that nobody has thought of yet."""


def speaking() -> dict[str, set[str]]:
    return {
        model._meta.label: names
        for model in apps.get_models(include_auto_created=True)
        if (names := {item.name for item in model._meta.concrete_fields if not isinstance(item, PLAIN)})
    }


def test_every_column_that_can_hold_words_is_listed_with_what_erasure_does() -> None:
    there, listed = speaking(), {label: set(table.columns) for label, table in COLUMNS.items()}
    unlisted = {f"{label}.{name}" for label, names in there.items() for name in names - listed.get(label, set())}
    gone = {f"{label}.{name}" for label, names in listed.items() for name in names - there.get(label, set())}
    assert unlisted == set(), "say in escalations/services/privacy/columns.py what erasure does with them"
    assert gone == set(), "these are no columns any more"


def test_a_column_that_is_added_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    table = COLUMNS["escalations.Message"]
    left = {name: rule for name, rule in table.columns.items() if name != "subject"}
    changed = {**COLUMNS, "escalations.Message": columns.Table("case", left, at="case")}
    monkeypatch.setattr("tests.privacy.test_columns.COLUMNS", changed)
    with pytest.raises(AssertionError, match="say in escalations"):
        test_every_column_that_can_hold_words_is_listed_with_what_erasure_does()


def test_what_is_kept_has_its_reason_and_what_is_erased_its_way() -> None:
    for label, table in COLUMNS.items():
        erased = [name for name, rule in table.columns.items() if not isinstance(rule, Kept)]
        assert not erased or table.reach != "nothing", f"{label} erases {erased} but is never reached"
        for rule in table.columns.values():
            assert isinstance(rule, Blanked) or getattr(rule, "why", "") or getattr(rule, "how", "")
