"""Run benches: `python -m tests.bench [NAME ...]`, all of them when none is named. One JSON object a line.

Each bench runs in a process of its own, so that none inherits another's memory, caches or database. Exit status: 0
when every bound holds, 1 when one is broken or a bench fails, 2 for a name that is none.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

from tests.bench import harness

NAMES = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
HERE = "--here"


def main(arguments: list[str]) -> int:
    """Run the benches that are named, or all; return the exit status."""
    if arguments[:1] == [HERE]:
        import_module(f"tests.bench.bench_{arguments[1]}").main()
        return harness.exit_status()
    if unknown := [name for name in arguments if name not in NAMES]:
        print(f"No bench is called {', '.join(unknown)}. There are: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    broken = False
    for name in arguments or NAMES:
        broken |= subprocess.run([sys.executable, "-m", "tests.bench", HERE, name], check=False).returncode != 0
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
