"""Looking through one file: by `core.vetting` in a process of its own, then by the virus scanner where there is one."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from escalations.core.vetting import MEGABYTE, Verdict
from escalations.outbound import scanner
from escalations.services.files import storing

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 25.0
"""How long looking through one file may take, below the queue's timeout."""
IN_REQUEST = 8 * MEGABYTE
"""Files up to this many bytes are looked through while their sender waits, which takes about half a second."""
IN_REQUEST_S = 8.0
"""How long their sender waits at the most. What takes longer a worker looks through."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it. `waits` means that no verdict was possible yet: the scanner does not answer."""

    verdict: Verdict
    path: Path
    sha256: str
    size: int
    thumbnail: Path | None = None
    waits: bool = False


@contextlib.contextmanager
def checked(path: Path, *, name: str, declared: str, patience_s: float = PATIENCE_S) -> Iterator[Checked]:
    """Look through a file, for at most `patience_s` seconds (refused as `too_long` after them). What is to be kept lies
    at `path` of the answer until the block ends.

    The scanner sees what was sent and not what was made of it, so that it finds what a cleaning would have hidden.
    """
    with tempfile.TemporaryDirectory(prefix="throughline-vet-") as folder:
        into, thumbnail = Path(folder, "cleaned"), Path(folder, "thumbnail")
        verdict = _vetted(path, name=name, declared=declared, into=into, thumbnail=thumbnail, within_s=patience_s)
        waits = False
        if not verdict.refused and scanner.wanted():
            try:
                with path.open("rb") as file:
                    if scanner.infected(file):
                        verdict = Verdict(refused="virus")
            except scanner.Unreachable as error:
                log.warning("files wait to be checked: %s", error)
                waits = True
        kept = into if verdict.cleaned and not waits else path
        with kept.open("rb") as file:
            sha256, size = storing.digest(file)
        yield Checked(verdict, kept, sha256, size, thumbnail if verdict.thumbnail and not waits else None, waits)


def _vetted(path: Path, *, name: str, declared: str, into: Path, thumbnail: Path, within_s: float) -> Verdict:
    asked = {"path": str(path), "name": name, "declared": declared, "into": str(into), "thumbnail": str(thumbnail)}
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "escalations.core.vetting"],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=within_s,
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict(refused="too_long")
    if answer.returncode:
        # It ran out of the memory or time that it gave itself, or a reader crashed: nothing for people to open.
        log.warning("looking through a file ended with %s: %s", answer.returncode, answer.stderr[-300:].strip())
        return Verdict(refused="damaged")
    return Verdict(**json.loads(answer.stdout))
