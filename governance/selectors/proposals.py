"""Reads of proposals: which there are, what one changes, how a person stands towards it, and how it stands itself."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from escalations.core.roles import DECIDE_PROPOSALS, SEE_PROPOSALS
from escalations.models import User
from escalations.selectors import law
from escalations.selectors.why import classes
from governance.core.deciding import Answer, Standing, may_approve
from governance.models import Proposal
from playbook.core.diff import Block, Change, Content, diff, for_reader, marked, why
from playbook.models import Edition, Entry
from playbook.selectors import contents

WHY_NOT: Mapping[Standing, Promise] = {
    Standing.ANOTHER: _("You wrote some of this. Somebody who did not decides on it."),
    Standing.WAITS: _("You wrote this and nobody else decides here: you may approve it when the time to wait is over."),
    Standing.NEVER: _(
        "You wrote this and nobody else decides here. The playbook in force lets nobody approve their own change."
    ),
}


def visible(user: User) -> QuerySet[Proposal]:
    """The proposals that somebody may read: all of them, or none. Restricted changes are kept back where they are
    told."""
    rows = Proposal.objects.select_related("base", "proposed_by", "publication__version")
    return rows if user.has_perm(SEE_PROPOSALS) else rows.none()


def waiting_for(user: User) -> QuerySet[Proposal]:
    """Open proposals on which somebody may have a say: of those who decide all that they did not propose themselves."""
    if not user.has_perm(DECIDE_PROPOSALS):
        return Proposal.objects.none()
    return Proposal.objects.filter(state=Proposal.State.OPEN).exclude(proposed_by=user).order_by("id")


def ready_drafts() -> QuerySet[Edition]:
    """Drafts that may be proposed: not published or given up, and in no open proposal."""
    taken = Proposal.objects.filter(state__in=(Proposal.State.OPEN, Proposal.State.APPROVED)).values("edition_id")
    open_ = (Edition.State.DRAFT, Edition.State.COMPILED)
    rows = Edition.objects.filter(state__in=open_, base_version__isnull=False).exclude(pk__in=taken)
    return rows.select_related("base_version", "created_by")


def authors(proposal: Proposal) -> frozenset[int]:
    """Who proposed it, began its draft, or wrote in it at any time. Two queries."""
    began = Edition.objects.filter(pk=proposal.edition_id).values_list("created_by_id", flat=True)
    wrote = Entry.history.filter(edition_id=proposal.edition_id).values_list("history_user_id", flat=True).distinct()
    return frozenset(pk for pk in (proposal.proposed_by_id, *began, *wrote) if pk is not None)


def deciders() -> frozenset[int]:
    """Everybody who could decide on proposals. One query."""
    backend = settings.AUTHENTICATION_BACKENDS[0]
    return frozenset(User.objects.with_perm(DECIDE_PROPOSALS, backend=backend).values_list("pk", flat=True))


def standing(proposal: Proposal, person: User, now: dt.datetime) -> Answer:
    """Whether a person who decides may approve a proposal, by the version in force. Four queries."""
    alone_after = law.policy_of(law.in_force(now)).central.approval.alone_after
    return may_approve(
        person.pk,
        authors=authors(proposal),
        deciders=deciders(),
        proposed_at=proposal.proposed_at,
        alone_after_s=alone_after.seconds if alone_after else None,
        now=now,
    )


def content_of(proposal: Proposal) -> Content:
    """What was proposed, whatever became of the draft. One query."""
    tree = json.loads(Proposal.objects.filter(pk=proposal.pk).values_list("content", flat=True).get())
    return Content(tree["policy"], tree["pages"], tuple(tree["scenarios"]), tree["successors"])


def changes_of(proposal: Proposal) -> tuple[Change, ...]:
    """Everything that a proposal changes in the version that it was written from, for nobody to see as it is: show
    what `told` gives. Neither can change, so a process works it out once."""
    return _changes(proposal.pk, proposal.edition_digest, proposal.base.edition_digest)


@lru_cache(maxsize=16)
def _changes(proposal_id: int, _digest: str, _base: str) -> tuple[Change, ...]:
    proposal = Proposal.objects.select_related("base").get(pk=proposal_id)
    return diff(contents.of_version(proposal.base), content_of(proposal))


class Told(NamedTuple):
    """One change as a reader is told it, with its reason and the words of a page that differ."""

    change: Change
    why: str
    marked: tuple[Block, ...]


def told(changes: Sequence[Change], edition_id: int, reader: User) -> tuple[Told, ...]:
    """A difference as a reader may have it, in reading order: what is restricted is kept back, and its reasons too.
    Two queries."""
    reasons = contents.rationales(edition_id)
    return tuple(
        Told(change, "" if change.withheld else why(change, reasons), _words(change))
        for change in for_reader(changes, classes(reader))
    )


def _words(change: Change) -> tuple[Block, ...]:
    """The text of a page word by word, where both sides are there to be read."""
    if change.section != "pages" or not (isinstance(change.before, str) and isinstance(change.after, str)):
        return ()
    return marked(change.before, change.after)
