"""Publishing: an approval goes on record, and the approved edition becomes the next policy version."""

from __future__ import annotations

import datetime as dt
import json

from django.db import transaction

from escalations.core.canonical import digest_of
from escalations.errors import Refused
from escalations.models import PolicyVersion, User
from escalations.services import policy
from escalations.services.policy import BOOTSTRAP, Approval
from governance.models import Publication
from playbook.core.pages import named
from playbook.models import Edition
from playbook.services.editions import mark_published, written


@transaction.atomic
def publish_first(
    *, edition_id: int, by: str, reason: str, now: dt.datetime, approver: User | None = None
) -> PolicyVersion:
    """Publish the first playbook of an empty desk. Nobody votes, because there is no council yet; it is on record.

    `by` names who did it (a person, or the command and the system's user). In force at once. One transaction:
    approval record, policy version, edition closed. Publishing the same edition again returns the version it made.

    Raises Refused, in words, when the edition is not compiled, was changed since, or the desk is not empty.
    """
    edition = Edition.objects.select_for_update().defer(None).get(pk=edition_id)
    done = Publication.objects.filter(edition=edition, version__isnull=False).select_related("version").first()
    if done is not None and done.version is not None:
        return done.version
    if edition.state != Edition.State.COMPILED:
        raise Refused(f"This edition is {edition.get_state_display()}. Compile it first.")
    if PolicyVersion.objects.exists():
        raise Refused("This desk has a playbook already. A first playbook is for an empty desk: propose a change.")
    return put_into_force(
        kind=BOOTSTRAP,
        reference=f"{BOOTSTRAP}-{edition.edition_digest[:12]}",
        edition_id=edition_id,
        effective_at=now,
        by=by,
        approver=approver,
        reason=reason,
        now=now,
    )


@transaction.atomic
def put_into_force(
    *,
    kind: str,
    reference: str,
    edition_id: int,
    effective_at: dt.datetime,
    by: str,
    reason: str,
    now: dt.datetime,
    approver: User | None = None,
) -> PolicyVersion:
    """Put an approval of a compiled edition on record and install it, in force from `effective_at` (UTC) on.

    Whoever calls this has asked whether the approval is one (`publish_first`, `proposals.approve`). One transaction:
    approval record, policy version, edition closed.

    Raises Refused when what is stored is not what was compiled, to the row and byte, or cannot be installed.
    """
    edition = Edition.objects.select_for_update().defer(None).get(pk=edition_id)
    publication = Publication.objects.create(
        kind=kind,
        reference=reference,
        edition=edition,
        edition_digest=edition.edition_digest,
        effective_at=effective_at,
        approved_at=now,
        approved_by=by[:150],
        approver=approver,
        reason=reason,
        steps={"approved": now.isoformat()},
    )
    document = json.loads(edition.document)
    if edition.source_digest != digest_of(written(edition)):
        raise Refused("The rows of this edition are not those that were compiled. Compile the edition again.")
    if digest_of(document) != edition.policy_digest:
        raise Refused("The stored policy document is not the one that was compiled. Compile the edition again.")
    version = policy.install(
        document=document,
        pages=named(json.loads(edition.source).get("pages", {})),
        successors=edition.successors,
        base=edition.base_version,
        approval=approval_of(publication),
        now=now,
    )
    mark_published(edition=edition, version=version)
    publication.version = version
    publication.steps = {**publication.steps, "installed": now.isoformat()}
    publication.save(update_fields=["version", "steps"])
    return version


def approval_of(publication: Publication) -> Approval:
    """The approval that a publication records, as the engine takes it."""
    return Approval(
        kind=publication.kind,
        reference=publication.reference,
        edition_digest=publication.edition_digest,
        effective_at=publication.effective_at,
        by=publication.approved_by,
        at=publication.approved_at,
        reason=publication.reason,
    )


def is_recorded(approval: Approval) -> bool:
    """Whether this very approval is on record: kind, reference, digest and moment. One query."""
    return Publication.objects.filter(
        kind=approval.kind,
        reference=approval.reference,
        edition_digest=approval.edition_digest,
        effective_at=approval.effective_at,
        approved_by=approval.by,
    ).exists()
