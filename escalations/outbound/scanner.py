"""A virus scanner beside the desk, which speaks the language of clamd: INSTREAM over TCP or a local socket."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings

CHUNK = 64 * 1024
CONNECT_S = 3.0
ANSWER_S = 20.0


class Unreachable(Exception):
    """The scanner does not answer, or gives no verdict. What waits for it goes on waiting."""


def wanted() -> bool:
    """Whether files have to pass a scanner here."""
    return bool(settings.THROUGHLINE_SCAN_URL)


def infected(file: IO[bytes]) -> bool:
    """Whether the scanner finds something in a file, which is read from where it stands. Raises Unreachable."""
    with _line() as line:
        line.sendall(b"zINSTREAM\0")
        while chunk := file.read(CHUNK):
            line.sendall(struct.pack(">I", len(chunk)) + chunk)
        line.sendall(struct.pack(">I", 0))
        said = _answer(line)
    if said.endswith(" FOUND"):
        return True
    if said.endswith(" OK"):
        return False
    raise Unreachable(f"the scanner says: {said[:200]}")


def answers() -> None:
    """Ask the scanner whether it is there. Raises Unreachable."""
    with _line() as line:
        line.sendall(b"zPING\0")
        said = _answer(line)
    if said != "PONG":
        raise Unreachable(f"the scanner says: {said[:200]}")


@contextmanager
def _line() -> Iterator[socket.socket]:
    parts = urlsplit(settings.THROUGHLINE_SCAN_URL)
    try:
        if parts.scheme == "unix" and parts.path:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            target: str | tuple[str, int] = parts.path
        elif parts.scheme == "tcp" and parts.hostname:
            family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
            line = socket.socket(family, socket.SOCK_STREAM)
            target = (parts.hostname, parts.port or 3310)
        else:
            raise Unreachable("THROUGHLINE_SCAN_URL is neither tcp://host:3310 nor unix:///path")
        with line:
            line.settimeout(CONNECT_S)
            line.connect(target)
            line.settimeout(ANSWER_S)
            yield line
    except (OSError, ValueError) as error:
        raise Unreachable(f"no scanner at THROUGHLINE_SCAN_URL ({type(error).__name__})") from error


def _answer(line: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < 4096:
        piece = line.recv(4096)
        if not piece:
            break
        said += piece
    return said.rstrip(b"\0\n").decode(errors="replace")
