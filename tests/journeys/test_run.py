"""`make run`: from nothing to a running desk, again with its data, and down without a trace."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.postgres import free_port
from tests.running import ROOT, environment, running_desk

pytestmark = pytest.mark.slow


def with_environment(text: str) -> list[int]:
    """Return the ids of processes that were started with ``text`` in their environment, by asking the kernel."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):
                if text.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
    return found


def rows(database: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def start_only(**environment_: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.run"], cwd=ROOT, env=environment_, text=True, capture_output=True, timeout=60
    )


def test_fresh_then_again_then_gone(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running_desk(var) as desk:
        with urllib.request.urlopen(f"{desk.url}/admin/login/") as answer:
            assert answer.status == 200
            assert b"Throughline" in answer.read()
        assert f"Throughline is running: {desk.url}" in desk.said_within(10, "Stop with Ctrl-C.")
        cases, versions = (
            rows(var / "desk.sqlite3", "escalations_case"),
            rows(var / "desk.sqlite3", "escalations_policyversion"),
        )
        assert cases > 100
        assert versions >= 1
        assert desk.stop() == 0
        assert "Traceback" not in desk.said
    assert with_environment(f"THROUGHLINE_VAR={var}") == []

    with running_desk(var) as desk:
        assert "Loading the demo" not in desk.said.rpartition("Stopping ...")[2]
        assert rows(var / "desk.sqlite3", "escalations_case") >= cases
        assert rows(var / "desk.sqlite3", "escalations_policyversion") == versions
        assert desk.stop() == 0
    assert with_environment(f"THROUGHLINE_VAR={var}") == []


def test_a_taken_port_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        result = start_only(**environment(tmp_path / "var", port))
    assert result.returncode == 1
    assert f"127.0.0.1:{port} is taken" in result.stdout
    assert "PORT=8001 make run" in result.stdout
    assert not (tmp_path / "var").exists()


def test_a_port_that_is_none(tmp_path: Path) -> None:
    result = start_only(**environment(tmp_path / "var", free_port()) | {"PORT": "eighty"})
    assert result.returncode == 2
    assert "PORT is 'eighty'" in result.stdout


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    url = f"postgres://desk@127.0.0.1:{free_port()}/desk"
    result = start_only(**environment(tmp_path / "var", free_port(), DATABASE_URL=url))
    assert result.returncode == 1
    assert "The database does not answer" in result.stdout
    assert "Check DATABASE_URL" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
