"""Reads of proposals: which there are, what one changes, how a person stands towards it, and how it stands itself."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from escalations.core.roles import DECIDE_PROPOSALS, SEE_PROPOSALS, WRITE_PLAYBOOK
from escalations.models import User
from escalations.selectors import law
from escalations.selectors.why import classes
from governance.core.deciding import Answer, Standing, may_approve
from governance.models import Proposal, Step
from playbook.core.compiling import examine
from playbook.core.diff import Block, Change, Content, by_party, diff, marked, with_reasons
from playbook.core.source import Source
from playbook.models import Edition, Entry
from playbook.selectors import contents
from playbook.services.editions import written

DECIDED = 25
"""Decided proposals on one page."""
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
    lines = with_reasons(changes, contents.rationales(edition_id), classes(reader))
    return tuple(Told(change, reason, _words(change)) for change, reason in lines)


def _words(change: Change) -> tuple[Block, ...]:
    """The text of a page word by word, where both sides are there to be read."""
    if change.section != "pages" or not (isinstance(change.before, str) and isinstance(change.after, str)):
        return ()
    return marked(change.before, change.after)


@dataclass(frozen=True, slots=True)
class Docket:
    """The proposals of the council's first page."""

    open: Sequence[Proposal]
    approved: Sequence[Proposal]
    coming: Sequence[Proposal]
    decided: Sequence[Proposal]
    older: int | None
    """The number before which the next page of decided proposals begins."""


def docket(user: User, now: dt.datetime, *, before: int | None = None) -> Docket:
    """What waits, what waits for objections, what is published and not yet in force, and what was decided, newest
    first, from `before` on. Four queries."""
    rows = visible(user)
    coming = Q(state=Proposal.State.PUBLISHED, publication__effective_at__gt=now)
    over = rows.exclude(state__in=(Proposal.State.OPEN, Proposal.State.APPROVED)).exclude(coming)
    if before is not None:
        over = over.filter(pk__lt=before)
    decided = list(over.order_by("-id")[: DECIDED + 1])
    return Docket(
        open=list(rows.filter(state=Proposal.State.OPEN).order_by("id")),
        approved=list(rows.filter(state=Proposal.State.APPROVED).order_by("publish_at")),
        coming=list(rows.filter(coming).order_by("publication__effective_at")),
        decided=decided[:DECIDED],
        older=decided[DECIDED - 1].pk if len(decided) > DECIDED else None,
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Changes under the parties whom they affect."""

    heading: str
    lines: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One proposal as somebody sees it: what it changes, what was done about it, what they may do and why not."""

    groups: tuple[Group, ...]
    count: int
    normative: int
    steps: Sequence[Step]
    may: frozenset[str]
    why_not: str
    since: dt.datetime | None
    changed_since: bool


def page(proposal: Proposal, user: User, now: dt.datetime) -> Page:
    """What the page of a proposal shows to somebody. About ten queries, whatever it changes."""
    lines = told(changes_of(proposal), proposal.edition_id, user)
    may: set[str] = set()
    why_not, since = "", None
    decides, writes = user.has_perm(DECIDE_PROPOSALS), user.has_perm(WRITE_PLAYBOOK)
    own = proposal.is_open and user.pk in authors(proposal)
    changed = proposal.is_open and not _is_as_proposed(proposal)
    if proposal.is_open and writes and own:
        may.add("withdraw")
    if proposal.state == Proposal.State.OPEN and decides:
        answer = standing(proposal, user, now)
        since = answer.since if answer.standing is Standing.WAITS else None
        if not answer.may:
            why_not = str(WHY_NOT[answer.standing])
        elif changed:
            why_not = str(_("The draft was changed after it was proposed, and an approval is for one text."))
        else:
            may.add("approve")
        if not own:
            may.add("reject")
    if proposal.state == Proposal.State.APPROVED:
        may.add("object")
    return Page(
        groups=_grouped(lines),
        count=len(lines),
        normative=sum(line.change.normative for line in lines),
        steps=list(proposal.steps.select_related("by")),
        may=frozenset(may),
        why_not=why_not,
        since=since,
        changed_since=changed,
    )


def _grouped(lines: Sequence[Told]) -> tuple[Group, ...]:
    return tuple(Group(heading, some) for heading, some in by_party(lines, lambda line: line.change).items())


def _is_as_proposed(proposal: Proposal) -> bool:
    kept = Edition.objects.filter(pk=proposal.edition_id).values_list("edition_digest", flat=True).get()
    return bool(kept == proposal.edition_digest)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would change if it were proposed now; or what keeps it from that."""

    groups: tuple[Group, ...]
    count: int
    warnings: list[str]
    errors: list[str]


def preview(draft: Edition, user: User) -> Preview:
    """A draft as it would be proposed, for somebody. Compiles it in memory: a second or two for a large one."""
    document = written(draft)
    examined = examine(Source(document))
    if examined.compiled is None or draft.base_version is None:
        return Preview((), 0, [], [str(problem) for problem in examined.errors])
    new = contents.of_compiled(examined.compiled, document)
    lines = told(diff(contents.of_version(draft.base_version), new), draft.pk, user)
    return Preview(_grouped(lines), len(lines), [str(problem) for problem in examined.warnings], [])
