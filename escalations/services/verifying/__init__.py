"""The record proves itself: every chain is walked, and what does not fit is named.

    cases     events against their chain and head, words against their commitments, history rows against the digests
              that events carry, the case's state against its last history row
    access    each person's chain of the access log, and reviews against the entries that record them
    files     bytes in storage against the digest that the case's events carry
    anchors   signatures, their own chain, and that every end that one has kept is still on its way

Nothing is written. Rows are read in batches by id, so memory stays flat whatever the number of cases. People work
meanwhile: whatever does not fit at first is read once more with its head locked, and only what then still does not fit
is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from escalations.models import Case
from escalations.services.verifying import access, anchors, cases, files
from escalations.services.verifying.finding import Finding

__all__ = ["Finding", "Verified", "verify"]

LISTED = 1000
"""Findings that are listed; beyond that they are counted."""


@dataclass(slots=True)
class Verified:
    """What was walked, and what does not hold: for each case, person or anchor the first broken link."""

    walked: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    broken: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.broken

    def add(self, finding: Finding | None) -> None:
        """Take up a finding, when there is one."""
        if finding is not None:
            self.broken += 1
            if len(self.findings) < LISTED:
                self.findings.append(finding)


def verify(
    *,
    case: Case | None = None,
    directory: Path | None = None,
    stored: bool = True,
    progress: Callable[[Counter[str]], None] | None = None,
) -> Verified:
    """Walk the record. Of everything, or of one case alone.

    case        only this one, and what anchors have kept of it
    directory   where anchors were exported to: they are held against those in the database, and count where the
                database lacks one
    stored      also read the bytes of all files, which takes as long as reading their storage
    progress    called after each batch with what was walked so far

    Raises OSError or ValueError for a directory that cannot be read. Three queries a batch of 500 cases, two a batch
    of 500 chains of the access log, two a part of an anchor.
    """
    done = Verified()

    def tell() -> None:
        if progress is not None:
            progress(done.walked)

    cases.walk(done.add, done.walked, tell, only=case.pk if case is not None else None)
    if stored:
        files.walk(done.add, done.walked, tell, only=case.pk if case is not None else None)
    if case is None:
        access.walk(done.add, done.walked, tell)
    anchors.walk(done.add, done.walked, tell, directory=directory, only=case)
    return done
