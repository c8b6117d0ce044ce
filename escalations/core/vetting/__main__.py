"""`vet` in a process of its own: a question as JSON on standard input, the verdict as JSON on standard output.

The process limits itself before it reads anything: memory, processor time, the size of what it writes, open files. What
breaks it breaks nothing else.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

MEMORY = 1536 * 1024 * 1024
SECONDS = 30
WRITES = 256 * 1024 * 1024
FILES = 64


def limit() -> None:
    """Take from this process what reading a file does not need."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, WRITES),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _soft, hard = resource.getrlimit(what)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (value, value))


def main() -> None:
    """Answer one question."""
    limit()
    from escalations.core.vetting.looking import vet

    asked = json.load(sys.stdin)
    verdict = vet(
        Path(asked["path"]),
        name=asked["name"],
        declared=asked["declared"],
        into=Path(asked["into"]),
        thumbnail=Path(asked["thumbnail"]),
    )
    json.dump(asdict(verdict), sys.stdout)


if __name__ == "__main__":
    main()
