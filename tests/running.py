"""A whole desk as `make run` starts it, in processes of its own: web, worker, database and keys of one test."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.postgres import free_port

ROOT = Path(__file__).resolve().parents[1]
START_S = 90


@dataclass
class Desk:
    """A running desk: where it answers, where it keeps its things, what it has said."""

    url: str
    var: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    @property
    def said(self) -> str:
        """Everything that the desk has written so far."""
        return (self.var / "output").read_text(encoding="utf-8", errors="replace")

    def said_within(self, seconds: float, text: str) -> str:
        """Wait up to ``seconds`` for the desk to write ``text``; return everything that it has written."""
        end = time.monotonic() + seconds
        while text not in self.said and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.05)
        return self.said

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` beside the running desk, on its database."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=300,
        )

    def stop(self) -> int:
        """Press Ctrl-C; return the exit status. What is left after 40 s is killed, and the status is -9."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()


def environment(var: Path, port: int, **more: str) -> dict[str, str]:
    """Return the environment of a desk that keeps everything in ``var`` and answers on ``port``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DJANGO_ALLOW_ASYNC_UNSAFE", "EMAIL_URL", "SECRET_KEY", "DEBUG"}
        and not name.startswith("THROUGHLINE_")
    }
    return kept | {
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "THROUGHLINE_VAR": str(var),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        **more,
    }


@contextlib.contextmanager
def running_desk(var: Path, **more: str) -> Iterator[Desk]:
    """Start what `make run` starts, wait until it answers, and stop it with Ctrl-C at the end."""
    port = free_port()
    env = environment(var, port, **more)
    var.mkdir(parents=True, exist_ok=True)
    with (var / "output").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.run"],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    desk = Desk(f"http://127.0.0.1:{port}", var, process, env)
    try:
        end = time.monotonic() + START_S
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(urllib.error.URLError, OSError):
                if urllib.request.urlopen(f"{desk.url}/healthz", timeout=2).status == 200:
                    break
            time.sleep(0.1)
        else:
            pytest.fail(f"The desk did not start:\n{desk.said[-3000:]}", pytrace=False)
        yield desk
    finally:
        desk.stop()


@pytest.fixture(scope="module")
def made_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with the demo marketplace, as a fresh `make run` leaves it; shared by the tests of a module."""
    with running_desk(tmp_path_factory.mktemp("desk") / "var") as running:
        yield running
