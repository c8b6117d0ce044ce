"""Files in tests: a storage of the test's own, short ways to add, and a virus scanner that speaks clamd's language."""

from __future__ import annotations

import contextlib
import io
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from escalations.core.vetting import Verdict, looking
from escalations.models import Case, CaseFile
from escalations.services.files import adding, checking
from tests.factories.desk import NOW, Desk
from tests.factories.samples import photo

VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


IN_ITS_OWN_PROCESS = checking._vetted
"""How files are looked through in life."""


def _here(path: Path, *, within_s: float, **given: Any) -> Verdict:
    return looking.vet(path, **given)


@pytest.fixture
def stored(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files of this test lie. They are looked through in this process, which is quicker."""
    settings.MEDIA_ROOT = tmp_path / "files"
    monkeypatch.setattr(checking, "_vetted", _here)
    return tmp_path / "files"


def lying(folder: Path) -> list[Path]:
    """What lies in storage."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def add(desk: Desk, case: Case, body: bytes | None = None, name: str = "vase.jpg", by: str = "mia",
        **more: Any) -> CaseFile:  # fmt: skip
    """Add a file as somebody; without bytes a photo."""
    given: dict[str, Any] = {"actor": desk.by(by), "now": NOW} | more
    return adding.add_file(case_id=case.pk, source=io.BytesIO(photo() if body is None else body), name=name, **given)


class _Clamd(socketserver.BaseRequestHandler):
    """INSTREAM and PING, as clamd answers them."""

    def handle(self) -> None:
        file = self.request.makefile("rb")
        command = b""
        while not command.endswith(b"\0"):
            command += file.read(1)
        if command == b"zPING\0":
            self.request.sendall(b"PONG\0")
            return
        body = b""
        while size := struct.unpack(">I", file.read(4))[0]:
            body += file.read(size)
        said = self.server.says or (b"stream: Eicar-Signature FOUND" if VIRUS in body else b"stream: OK")  # type: ignore[attr-defined]
        self.request.sendall(said + b"\0")


@contextlib.contextmanager
def clamd(settings: Any, says: bytes = b"") -> Iterator[None]:
    """A scanner at the address that the settings name; `says` is what it answers whatever it is sent."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Clamd) as server:
        server.says = says  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        settings.THROUGHLINE_SCAN_URL = f"tcp://127.0.0.1:{server.server_address[1]}"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            settings.THROUGHLINE_SCAN_URL = "tcp://127.0.0.1:1"
