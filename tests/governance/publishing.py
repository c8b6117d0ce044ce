"""For tests: a first playbook, and approvals of any kind kept in a list, so that later versions need no council."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from escalations.core.edition import edition_digest, text_digest
from escalations.core.policy import Policy
from escalations.models import PolicyVersion
from escalations.services import policy as service
from escalations.services.policy import Approval, install
from governance.services.publication import publish_first
from playbook.services.editions import begin_edition, compile_edition
from tests.playbook.editions import small

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


@contextmanager
def trusting(kind: str) -> Iterator[list[Approval]]:
    """Approvals of `kind` count while the block runs, when they stand in the list."""
    kept: list[Approval] = []
    before = dict(service._records)
    service.approvals_kept_by(kind, kept.__contains__)
    try:
        yield kept
    finally:
        service._records.clear()
        service._records.update(before)


def approve(
    document: dict[str, Any],
    *,
    kind: str = "test",
    reference: str = "T-1",
    pages: dict[str, str] | None = None,
    successors: dict[str, dict[str, str]] | None = None,
    effective_at: dt.datetime = NOW,
) -> Approval:
    """An approval of exactly this document."""
    digests = {name: text_digest(text) for name, text in (pages or {}).items()}
    digest = edition_digest(Policy.model_validate(document).digest, digests, successors)
    return Approval(kind, reference, digest, effective_at, "Ana", NOW, "Because.")


def installer(kept: list[Approval]) -> Callable[..., PolicyVersion]:
    """A way to install documents one after another, each approved as it is."""

    def put(
        document: dict[str, Any], *, now: dt.datetime = NOW, effective_at: dt.datetime | None = None, **more: Any
    ) -> PolicyVersion:
        approval = approve(document, reference=f"T-{len(kept) + 1}", effective_at=effective_at or now, **more)
        kept.append(approval)
        return install(document=document, pages=more.pop("pages", {}), approval=approval, now=now, **more)

    return put


def in_force(change: Any = None) -> PolicyVersion:
    """The small edition, changed in place by `change`, published as the first playbook of the desk."""
    edition = begin_edition(source=small(change), now=NOW)
    compile_edition(edition_id=edition.pk, now=NOW)
    return publish_first(edition_id=edition.pk, by="Ana", reason="First.", now=NOW)
