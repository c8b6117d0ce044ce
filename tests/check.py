"""`make check`: everything that can be said about the code without running it, each failure with its cure.

Every check runs, also after one has failed, so that one run tells all. Exit status 0 when all hold, else 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

#: name, command, what to do when it fails
CHECKS: list[tuple[str, list[str], str]] = [
    (
        "lint",
        [str(BIN / "ruff"), "check", "--output-format", "concise", "."],
        "`.venv/bin/ruff check --fix .` repairs most of it; the rest says its line.",
    ),
    (
        "format",
        [str(BIN / "ruff"), "format", "--check", "--output-format", "concise", "."],
        "Run `.venv/bin/ruff format .`",
    ),
    (
        "types",
        [str(BIN / "mypy")],
        "Give the value the type it has. A cast or an ignore needs its error code and a reason beside it.",
    ),
    (
        "import order",
        [str(BIN / "lint-imports"), "--no-logo"],
        "The name of each broken contract says what to do instead. The order is drawn in README.md.",
    ),
    (
        "missing migrations",
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
        "Run `.venv/bin/python manage.py makemigrations`, read the file, commit it with the model.",
    ),
    (
        "Django's checks",
        [sys.executable, "manage.py", "check", "--fail-level", "WARNING"],
        "Each line carries its hint.",
    ),
]


def main() -> int:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
    failed = []
    for name, command, advice in CHECKS:
        started = time.monotonic()
        result = subprocess.run(
            command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        took = time.monotonic() - started
        if result.returncode == 0:
            print(f"ok      {name} ({took:.1f} s)", flush=True)
            continue
        failed.append(name)
        print(f"{result.stdout.rstrip()}\nFAILED  {name} ({took:.1f} s). What to do: {advice}\n", flush=True)
    if failed:
        print(f"{len(failed)} of {len(CHECKS)} checks failed: {', '.join(failed)}.")
        return 1
    print(f"All {len(CHECKS)} checks hold.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
