"""What `make audit` makes of a report: vulnerable, clean and not asked are three things."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit import CLEAN, NOT_ASKED, VULNERABLE, judged

FINE = {"name": "fine", "version": "1", "vulns": []}
SKIPPED = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3"]}]}
HOPELESS = {"name": "worse", "version": "2", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}


@pytest.mark.parametrize(
    ("report", "status", "words"),
    [
        (None, NOT_ASKED, "Nothing could be asked"),
        ({"dependencies": []}, NOT_ASKED, "Nothing could be asked"),
        ({"dependencies": [FINE]}, CLEAN, "1 of 1 packages were asked about"),
        ({"dependencies": [FINE, SKIPPED]}, NOT_ASKED, "nothing is said of them: unknown."),
        ({"dependencies": [SKIPPED] * 12}, NOT_ASKED, "and 4 more"),
        ({"dependencies": [BAD, SKIPPED]}, VULNERABLE, "bad 2: PYSEC-1, CVE-1; fixed in 3"),
        ({"dependencies": [HOPELESS]}, VULNERABLE, "no version fixes it yet"),
    ],
)
def test_three_outcomes(report: dict[str, Any] | None, status: int, words: str) -> None:
    found, said = judged(report)
    assert found == status
    assert words in "\n".join(said)
