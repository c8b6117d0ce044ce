"""A throwaway PostgreSQL server: made in a temporary folder, gone when the run ends.

As a program it runs a command with DATABASE_URL set to such a server:
``python -m tests.postgres make test``.
"""

from __future__ import annotations

import atexit
import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

START_S = 30
USER = "desk"
#: A test server may lose everything at a power cut, and is much faster for it.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class NoPostgres(Exception):
    """No server can be started on this machine; the message says why."""


def find_binaries() -> Path:
    """Return the folder of the newest PostgreSQL server's programs. Raises NoPostgres."""
    folders = [Path(path).parent for path in glob.glob("/usr/lib/postgresql/*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: float(folder.parent.name))
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise NoPostgres("no PostgreSQL server is installed (Debian and Ubuntu: apt-get install postgresql)")


def server_user() -> dict[str, Any]:
    """Return the arguments of subprocess that make a child run as somebody who is not root.

    The server refuses to run as root. Raises NoPostgres when we are root and nobody else is there.
    """
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoPostgres("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A PostgreSQL server and the databases that tests make on it.

    Either one that runs already (``Server(url=...)``) or a throwaway of our own (``Server.start()``).
    """

    def __init__(self, url: str, folder: Path | None = None, process: subprocess.Popen[bytes] | None = None):
        self.admin_url = url
        self._folder = folder
        self._process = process

    @classmethod
    def start(cls, settings: dict[str, str] | None = None) -> Server:
        """Make and start a server that listens on 127.0.0.1 and on a socket in its own folder.

        ``settings`` are added to (and override) the careless ones; give ``{"fsync": "on", ...}`` for a server
        as it is shipped. Takes about two seconds. Raises NoPostgres with the reason.
        """
        binaries, user = find_binaries(), server_user()
        folder = Path(tempfile.mkdtemp(prefix="throughline-pg-"))
        if user:
            os.chown(folder, user["user"], user["group"])
        data = folder / "data"
        made = subprocess.run(
            [
                *(binaries / "initdb", "-D", data, "-U", USER, "--auth=trust"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **user,
        )
        if made.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            raise NoPostgres(f"initdb failed: {made.stdout.decode(errors='replace').strip()[-400:]}")
        port = free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": str(folder),
            "max_connections": "100",
            "timezone": "UTC",
            **CARELESS,
            **(settings or {}),
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *arguments],
                cwd=folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **user,
            )
        server = cls(f"postgres://{USER}@127.0.0.1:{port}/postgres", folder, process)
        atexit.register(server.stop)
        server._wait()
        return server

    def _wait(self) -> None:
        assert self._process is not None
        assert self._folder is not None
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.admin_url, connect_timeout=2):
                return
            time.sleep(0.05)
        log = (self._folder / "log").read_text(errors="replace")
        self.stop()
        raise NoPostgres(f"the server did not start: {log.strip()[-400:]}")

    def stop(self) -> None:
        """Stop a server of our own and remove its folder; a server that was there before is left alone."""
        if self._process is None or self._folder is None:
            return
        for signum, patience in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            if self._process.poll() is not None:
                break
            self._process.send_signal(signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._process = self._folder = None
        atexit.unregister(self.stop)

    def execute(self, statement: str) -> None:
        """Run one statement on the administrative database, outside a transaction."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, name: str, template: str = "template0") -> str:
        """Make the database ``name`` as a copy of ``template``; return its URL."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove the database ``name``, ending whoever is connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def url(self, name: str) -> str:
        """Return the DATABASE_URL of the database ``name`` on this server."""
        base, _, options = self.admin_url.partition("?")
        return base.rsplit("/", 1)[0] + f"/{name}" + (f"?{options}" if options else "")


@contextlib.contextmanager
def running(settings: dict[str, str] | None = None) -> Iterator[Server]:
    """Run a throwaway server for the length of a ``with`` block."""
    server = Server.start(settings)
    try:
        yield server
    finally:
        server.stop()


def why_not() -> str | None:
    """Return why no server can be started here, or None when one can."""
    try:
        find_binaries()
        server_user()
    except NoPostgres as reason:
        return str(reason)
    return None


def main(command: list[str]) -> int:
    """Run ``command`` with DATABASE_URL naming a throwaway server; return its exit status."""
    if not command:
        print("usage: python -m tests.postgres COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    with running() as server:
        url = server.create("desk")
        return subprocess.run(command, env=os.environ | {"DATABASE_URL": url}).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except NoPostgres as reason:
        sys.exit(f"PostgreSQL cannot be started: {reason}")
