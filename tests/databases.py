"""PostgreSQL for tests marked ``postgres``, whatever database the suite itself runs on.

``postgres_server`` is the server that DATABASE_URL names, or a throwaway one. ``postgres_database`` is a fresh,
migrated database on it, for subprocesses (``.environment``, ``.manage``) and for this process (``.here()``).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.utils import load_backend

from config.settings.base import database
from escalations import append_only
from playbook import published
from tests.postgres import Server, running

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Database:
    """A migrated database of one test, and two ways to work on it."""

    url: str
    blocker: Any

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a subprocess that works on this database, with the settings of the suite."""
        return os.environ | {"DATABASE_URL": self.url, "DJANGO_SETTINGS_MODULE": "config.settings.test"}

    def manage(self, *arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` with ``arguments`` on this database and return what it said."""
        options = {"timeout": 300, **options}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            capture_output=True,
            check=check,
            **options,
        )

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """Make this database the default one of this process, its new threads included.

        Nothing is rolled back at the end: the database goes away with the test.
        """
        settings = connections.settings["default"]
        replaced = dict(settings)
        new = {**replaced, "OPTIONS": {}, **database(self.url)}
        before = connections["default"]
        connections.settings["default"] = new
        connections["default"] = load_backend(new["ENGINE"]).DatabaseWrapper(new, "default")
        try:
            with self.blocker.unblock():
                yield
        finally:
            with self.blocker.unblock():
                connections["default"].close()
            connections.settings["default"] = replaced
            connections["default"] = before


@pytest.fixture(scope="session", autouse=True)
def _emptied_with_the_triggers_off() -> Iterator[None]:
    """Let Django empty the tables between tests that commit, although events and editions refuse it.

    The triggers are on again before the next test begins. Foreign keys are not looked up meanwhile: nothing is left
    that could point anywhere, and columns without an index (cases of cases) would take minutes on SQLite.
    """
    original = BaseDatabaseOperations.execute_sql_flush

    def execute_sql_flush(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        for triggers in (append_only, published):
            triggers.unguard(self.connection)
        try:
            with self.connection.constraint_checks_disabled():
                original(self, sql_list)
        finally:
            for triggers in (append_only, published):
                triggers.guard(self.connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The PostgreSQL server that DATABASE_URL names, or a throwaway one that goes away with the session."""
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith(("postgres://", "postgresql://")):
        yield Server(url)
        return
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Server) -> Iterator[str]:
    """The name of a migrated, empty database that others are copied from."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    url = postgres_server.create(name)
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield name
    postgres_server.drop(name)


@pytest.fixture
def postgres_database(postgres_server: Server, postgres_template: str, django_db_blocker: Any) -> Iterator[Database]:
    """A fresh, migrated PostgreSQL database for one test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    url = postgres_server.create(name, template=postgres_template)
    yield Database(url, django_db_blocker)
    postgres_server.drop(name)
