"""`make audit`: are the packages of the lock known to be vulnerable? Asks the Python advisory database by pip-audit.

Exit status 0 when every package was asked about and none is vulnerable, 1 when one is, 3 when some could not be asked
about: pip-audit itself answers 0 for a package that its source does not know, so silence would pass for health. Make
turns every failure into 2; whoever needs the three apart calls `.venv/bin/python -m tests.audit`.

It needs the network (pypi.org), so no other check depends on it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
CLEAN, VULNERABLE, NOT_ASKED = 0, 1, 3
ELSEWHERE = (
    "Ask where pypi.org can be reached: copy requirements.txt there, then\n"
    "    pip install pip-audit && pip-audit --require-hashes --disable-pip -r requirements.txt\n"
    "and read its list of what it skipped as well."
)


def judged(report: dict[str, Any] | None) -> tuple[int, list[str]]:
    """The exit status for a report of pip-audit (None: there is none), and what to say of it."""
    rows = (report or {}).get("dependencies", [])
    if not rows:
        return NOT_ASKED, ["Nothing could be asked.", ELSEWHERE]
    bad = [row for row in rows if row.get("vulns")]
    unknown = [row["name"] for row in rows if "skip_reason" in row]
    said = [f"{len(rows) - len(unknown)} of {len(rows)} packages were asked about."]
    for row in bad:
        for one in row["vulns"]:
            names = ", ".join([one["id"], *one.get("aliases", [])])
            cure = (
                f"fixed in {', '.join(one['fix_versions'])}" if one.get("fix_versions") else "no version fixes it yet"
            )
            said.append(f"VULNERABLE  {row['name']} {row['version']}: {names}; {cure}")
    if unknown:
        some = ", ".join(unknown[:8]) + (f" and {len(unknown) - 8} more" if len(unknown) > 8 else "")
        said += [f"Not known to the source, so nothing is said of them: {some}.", ELSEWHERE]
    if bad:
        return VULNERABLE, [*said, "Raise what is named in requirements.in, then `make lock`."]
    return (NOT_ASKED if unknown else CLEAN), said


def asked() -> dict[str, Any] | None:
    """The report about the locks; None when the source does not answer."""
    locks = [argument for lock in LOCKS for argument in ("-r", str(ROOT / lock))]
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off",
               "--timeout", "15", "-f", "json", *locks]  # fmt: skip
    result = subprocess.run(command, text=True, capture_output=True, timeout=900)
    try:
        return json.loads(result.stdout)
    except ValueError:
        print("\n".join(result.stderr.strip().splitlines()[-3:]))
        return None


def main() -> int:
    status, said = judged(asked())
    print("\n".join(said))
    print(
        {CLEAN: "None is known to be vulnerable.", VULNERABLE: "Some are vulnerable.", NOT_ASKED: "Not known."}[status]
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
