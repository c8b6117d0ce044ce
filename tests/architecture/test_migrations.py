"""The models and the migrations say the same, and the list of migrations is linear."""

from __future__ import annotations

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

OURS = ("escalations", "playbook", "governance")


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    out = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=out)
    except SystemExit:
        pytest.fail(f"Run `manage.py makemigrations` and commit what it writes:\n{out.getvalue()}", pytrace=False)


@pytest.mark.parametrize("app", [app for app in OURS if apps.is_installed(app)])
def test_migrations_of_an_app_have_one_head(app: str) -> None:
    loader = MigrationLoader(None)
    heads = [key for key in loader.graph.leaf_nodes() if key[0] == app]
    assert len(heads) <= 1, (
        f"two migrations follow the same one: {heads}. Renumber the later: manage.py rebase_migration"
    )
