"""`make run`: prepare the desk, then web and worker together until Ctrl-C.

HOST (127.0.0.1), PORT (8000) and DATABASE_URL are obeyed. The children run in sessions of their own, so that
Ctrl-C reaches this process alone, which then tells each child's *main* process to stop: the worker finishes the
task in hand, while a signal to its whole group would kill it in the middle.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from types import FrameType

GRACE_S = 20.0
START_S = 60.0


class Stop(Exception):
    """Somebody asked the desk to stop."""


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Stop


def say(text: str) -> None:
    """Write a line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def port_is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen on ``host:port``."""
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def web_command(host: str, port: int) -> list[str]:
    """Return the command of the web server."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [
        sys.executable,
        *("-m", "gunicorn", "config.wsgi:application"),
        *("--bind", bind, "--workers", "2", "--threads", "4"),
        *("--no-control-socket", "--log-level", "warning"),
    ]


def worker_command() -> list[str]:
    """Return the command of the worker."""
    return [sys.executable, "manage.py", "qcluster"]


def wait_until_answering(url: str, children: dict[str, subprocess.Popen[bytes]]) -> bool:
    """Ask ``url`` until it answers; False when a child ended first or a minute has passed."""
    end = time.monotonic() + START_S
    while time.monotonic() < end and all(child.poll() is None for child in children.values()):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)
        time.sleep(0.1)
    return False


def stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Ask each child to stop, wait for GRACE_S seconds, then end what is left, its own children included."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    end = time.monotonic() + GRACE_S
    for name, child in children.items():
        try:
            child.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"The {name} did not stop within {GRACE_S:.0f} s and is ended.")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def demo_accounts() -> list[str]:
    """Return what `demo --accounts` says: who may sign in, and how. Empty on a desk without the demo."""
    from django.core.management import call_command

    said = io.StringIO()
    call_command("demo", accounts=True, stdout=said)
    return said.getvalue().splitlines()


def banner(url: str, accounts: list[str]) -> Iterator[str]:
    """Yield the lines that say where the desk is, who may sign in, and where its mail goes."""
    from django.conf import settings

    yield ""
    yield f"Throughline is running: {url}"
    yield from accounts
    if settings.THROUGHLINE_SECOND_FACTOR == "off":
        yield "A password is enough here; elsewhere THROUGHLINE_SECOND_FACTOR asks for more."
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        yield f"Mail that the desk sends is kept in {settings.EMAIL_FILE_PATH}"
    yield "Stop with Ctrl-C."


def main() -> int:
    """Prepare and run the desk. Returns 0 after Ctrl-C, 1 when something ended by itself or cannot start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        say(f"PORT is {port!r}; expected a number from 1 to 65535, for example PORT=8001 make run.")
        return 2
    if not port_is_free(host, int(port)):
        say(f"{host}:{port} is taken or not ours. Stop what runs there, or choose another: PORT=8001 make run.")
        return 1
    shown = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared with, not bound to
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    os.environ.setdefault("THROUGHLINE_BASE_URL", url)

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _stop)
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        import django
        from django.core.management import CommandError, call_command
        from django.db import connections

        django.setup()
        try:
            call_command("prepare")
        except CommandError as error:
            say(f"The desk cannot be prepared: {error}")
            return 1
        accounts = demo_accounts()
        connections.close_all()
        for name, command in {"web": web_command(host, int(port)), "worker": worker_command()}.items():
            children[name] = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - built above
        if wait_until_answering(f"{url}/healthz", children):
            for line in banner(url, accounts):
                say(line)
        while all(child.poll() is None for child in children.values()):
            time.sleep(0.2)
        for name, child in children.items():
            if child.poll() is not None:
                say(f"The {name} ended by itself (status {child.returncode}); its last lines above say why.")
        return 1
    except Stop:
        say("\nStopping ...")
        return 0
    finally:
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        stop(children)


if __name__ == "__main__":
    sys.exit(main())
