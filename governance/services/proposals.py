"""Acts on proposals: propose, approve, reject, withdraw, object; and what happens when the time to object is over.

A proposal belongs to a digest. An approval names the digest that was read, and the draft's rows must still be those
that were compiled: it cannot be given to one text and applied to another, not even by changing rows behind the desk's
back.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from escalations.core.canonical import canonical, digest_of
from escalations.core.policy import Policy
from escalations.core.roles import DECIDE_PROPOSALS, SEE_PROPOSALS, WRITE_PLAYBOOK
from escalations.errors import DeskError, Invalid, NotAllowed, Refused
from escalations.models import PolicyVersion, User
from escalations.selectors import law
from escalations.services.policy import one_at_a_time
from escalations.services.registry import check_successors
from governance.models import Proposal, Publication, Step
from governance.selectors import proposals
from governance.services.publication import put_into_force
from playbook.core.diff import diff
from playbook.core.source import SourceError
from playbook.models import Edition
from playbook.selectors import contents
from playbook.services.editions import compile_edition, written

State, Lane, Kind = Proposal.State, Proposal.Lane, Step.Kind


def propose(
    *,
    edition_id: int,
    reason: str,
    effective_at: dt.datetime,
    actor: User,
    now: dt.datetime,
    zone: str = "UTC",
    warnings_reason: str = "",
) -> Proposal:
    """Put a draft to those who decide, as it compiles now.

    reason           why the change is wanted
    effective_at     from when on it should be in force (UTC), not in the past
    zone             the zone in which that moment was chosen, for showing it
    warnings_reason  why the warnings of lint are meant, where there are any

    Raises NotAllowed; Invalid with the field; Refused for a draft that does not compile, that was written from a
    version after which another one came, that changes nothing, or that is proposed already. Compiles once: seconds.
    """
    if not actor.has_perm(WRITE_PLAYBOOK):
        raise NotAllowed("Changes of the playbook are proposed by those whose role writes them.")
    if not reason.strip():
        raise Invalid("reason", "Say why the change is wanted: whoever decides on it reads this first.")
    if effective_at < now:
        raise Invalid("effective_at", "Choose a moment from now on: a playbook never comes into force in the past.")
    if zone not in zoneinfo.available_timezones():
        raise Invalid("zone", f"There is no time zone {zone!r}.")
    with transaction.atomic():
        edition = _compiled(edition_id, now)
        base = _base(edition)
        if Proposal.objects.filter(edition=edition, state__in=(State.OPEN, State.APPROVED)).exists():
            raise Refused("This draft is proposed already. Withdraw that proposal first, or wait for its decision.")
        if edition.edition_digest == base.edition_digest:
            raise Refused(f"This draft says exactly what version {base.number} says. There is nothing to decide on.")
        if edition.warnings and not warnings_reason.strip():
            raise Invalid("warnings_reason", "Lint warns about this draft. Say why it is meant so, or change it.")
        new = contents.of_edition(edition)
        check_successors(Policy.model_validate(new.policy), edition.successors, now=now)
        changes = diff(contents.of_version(base), new)
        proposal = Proposal.objects.create(
            edition=edition,
            edition_digest=edition.edition_digest,
            source_digest=edition.source_digest,
            base=base,
            title=edition.title,
            reason=reason.strip(),
            warnings=edition.warnings,
            warnings_reason=warnings_reason.strip() if edition.warnings else "",
            content=canonical(new.tree).decode(),
            lane=Lane.RULES if any(change.normative for change in changes) else Lane.WORDS,
            proposed_by=actor,
            proposed_at=now,
            effective_at=effective_at,
            effective_zone=zone,
        )
        _note(proposal, Kind.PROPOSED, actor, now, reason)
    return proposal


def approve(*, proposal_id: int, digest: str, actor: User, now: dt.datetime, reason: str = "") -> Proposal:
    """Approve what one has read, named by its digest.

    What changes rules is published at once, to be in force from the planned moment on, or from now when that has
    passed. What changes words alone is published when the time to object is over.

    Raises NotAllowed for whoever does not decide, wrote some of it while others could decide, or has still to wait;
    Refused when the digest is not the proposal's or the draft's any more, or another version came in between.
    """
    with _deciding(proposal_id, actor) as proposal:
        _is(proposal, State.OPEN)
        if digest != proposal.edition_digest:
            raise Refused("That approval is for another text than this proposal's. Read it again, then decide.")
        answer = proposals.standing(proposal, actor, now)
        if not answer.may:
            raise NotAllowed(proposals.WHY_NOT[answer.standing])
        _check_still_as_proposed(proposal)
        _note(proposal, Kind.APPROVED, actor, now, reason)
        if proposal.lane == Lane.WORDS:
            proposal.state, proposal.publish_at = State.APPROVED, now + _time_to_object(now)
            proposal.save(update_fields=["state", "publish_at"])
        else:
            _publish(proposal, approver=actor, now=now)
    return proposal


def reject(*, proposal_id: int, actor: User, now: dt.datetime, reason: str) -> Proposal:
    """Say no, with the reason. The draft stays, to be written on and proposed anew.

    Raises NotAllowed, Invalid without a reason, Refused for one that was decided.
    """
    if not reason.strip():
        raise Invalid("reason", "Say why: its authors read this, and write on from it.")
    with _deciding(proposal_id, actor) as proposal:
        _is(proposal, State.OPEN)
        if actor.pk in proposals.authors(proposal):
            raise NotAllowed("You wrote some of this: withdraw it instead.")
        _end(proposal, State.REJECTED, Kind.REJECTED, actor, now, reason)
    return proposal


def withdraw(*, proposal_id: int, actor: User, now: dt.datetime, reason: str) -> Proposal:
    """Take a proposal back, also one that is approved and waits for objections. Who wrote some of it may.

    Raises NotAllowed, Invalid without a reason, Refused for one that was decided.
    """
    if not reason.strip():
        raise Invalid("reason", "Say why it is taken back: others may have read it.")
    with _locked(proposal_id) as proposal:
        if not actor.has_perm(WRITE_PLAYBOOK) or actor.pk not in proposals.authors(proposal):
            raise NotAllowed("A proposal is withdrawn by somebody who wrote some of it.")
        _is(proposal, State.OPEN, State.APPROVED)
        _end(proposal, State.WITHDRAWN, Kind.WITHDRAWN, actor, now, reason)
    return proposal


def object_to(*, proposal_id: int, actor: User, now: dt.datetime, reason: str) -> Proposal:
    """Object to words that were approved, while there is time. The approval falls away, and the proposal goes the way
    of one that changes rules. Whoever sees proposals may. Raises NotAllowed, Invalid without a reason, Refused."""
    if not actor.has_perm(SEE_PROPOSALS):
        raise NotAllowed("Objections are raised by those whose role sees proposals.")
    if not reason.strip():
        raise Invalid("reason", "Say what is wrong with it.")
    with _locked(proposal_id) as proposal:
        _is(proposal, State.APPROVED)
        _put_back(proposal, Kind.OBJECTED, actor, now, reason)
    return proposal


def publish_due(*, now: dt.datetime) -> list[Proposal]:
    """Publish the proposals whose time to object is over. One that cannot be published any more is put back, with the
    reason on record, and waits for a person. Each in a transaction of its own."""
    due = Proposal.objects.filter(state=State.APPROVED, publish_at__lte=now).order_by("publish_at", "id")
    published = []
    for pk in due.values_list("pk", flat=True):
        with _locked(pk) as proposal:
            if proposal.state != State.APPROVED:
                continue
            approved = proposal.steps.filter(kind=Kind.APPROVED).order_by("-id").select_related("by")[0]
            try:
                with transaction.atomic():
                    _check_still_as_proposed(proposal)
                    _publish(proposal, approver=approved.by, now=now)
                published.append(proposal)
            except DeskError as error:
                _put_back(proposal, Kind.RETURNED, None, now, str(error))
    return published


# ---------------------------------------------------------------------------------------------------------- within it


@contextmanager
def _locked(proposal_id: int) -> Iterator[Proposal]:
    with transaction.atomic():
        yield Proposal.objects.select_for_update().get(pk=proposal_id)


@contextmanager
def _deciding(proposal_id: int, actor: User) -> Iterator[Proposal]:
    if not actor.has_perm(DECIDE_PROPOSALS):
        raise NotAllowed("Changes of the playbook are decided by those whose role says so.")
    with _locked(proposal_id) as proposal:
        yield proposal


def _is(proposal: Proposal, *states: str) -> None:
    if proposal.state not in states:
        raise Refused(f"This proposal is {proposal.get_state_display()}. Load the page again to see how it stands.")


def _compiled(edition_id: int, now: dt.datetime) -> Edition:
    try:
        return compile_edition(edition_id=edition_id, now=now)
    except SourceError as error:
        count = len(error.problems)
        raise Refused(
            f"The draft does not compile: {error.problems[0]}"
            + (f" And {count - 1} more; its page shows them all." if count > 1 else "")
        ) from None


def _base(edition: Edition) -> PolicyVersion:
    """The version that a draft was written from, which must be the newest: it would undo whatever came after it."""
    newest = PolicyVersion.objects.order_by("-number").first()
    if newest is None:
        raise Refused("This desk has no playbook yet: python manage.py install_playbook --preset team")
    if edition.base_version_id is None:
        raise Refused(f"This draft was not written from any version. Begin one from version {newest.number}.")
    if edition.base_version_id != newest.pk:
        raise Refused(
            f"This draft was written from {edition.base_version}, and version {newest.number} came after it, which it "
            f"would undo. Download it as a file, and begin a draft from that file and version {newest.number}."
        )
    return newest


def _check_still_as_proposed(proposal: Proposal) -> None:
    """That the draft is what was proposed, to the row, and written from the newest version; both stay so to the end."""
    one_at_a_time()
    edition = Edition.objects.select_for_update().get(pk=proposal.edition_id)
    _base(edition)
    if edition.edition_digest != proposal.edition_digest or digest_of(written(edition)) != proposal.source_digest:
        raise Refused(
            "The draft was changed after it was proposed, and an approval is for one text. Withdraw this proposal, and "
            "propose the draft anew."
        )


def _publish(proposal: Proposal, *, approver: User | None, now: dt.datetime) -> None:
    """Put the approval on record and install the edition, in force from the planned moment on, or from now."""
    version = put_into_force(
        kind=Publication.Kind.PROPOSAL,
        reference=f"proposal-{proposal.pk}",
        edition_id=proposal.edition_id,
        effective_at=max(proposal.effective_at, now),
        by=str(approver),
        approver=approver,
        reason=proposal.reason,
        now=now,
    )
    proposal.state = State.PUBLISHED
    proposal.publication = Publication.objects.get(version=version)
    proposal.save(update_fields=["state", "publication"])
    _note(proposal, Kind.PUBLISHED, None, now, "")


def _end(proposal: Proposal, state: str, kind: str, actor: User, now: dt.datetime, reason: str) -> None:
    proposal.state, proposal.publish_at = state, None
    proposal.save(update_fields=["state", "publish_at"])
    _note(proposal, kind, actor, now, reason)


def _put_back(proposal: Proposal, kind: str, actor: User | None, now: dt.datetime, reason: str) -> None:
    proposal.state, proposal.lane, proposal.publish_at = State.OPEN, Lane.RULES, None
    proposal.save(update_fields=["state", "lane", "publish_at"])
    _note(proposal, kind, actor, now, reason)


def _note(proposal: Proposal, kind: str, actor: User | None, now: dt.datetime, reason: str) -> None:
    Step.objects.create(
        proposal=proposal, kind=kind, at=now, by=actor, reason=reason.strip(), edition_digest=proposal.edition_digest
    )


def _time_to_object(now: dt.datetime) -> dt.timedelta:
    """Of the version in force."""
    return dt.timedelta(seconds=law.policy_of(law.in_force(now)).central.approval.objection.seconds)
