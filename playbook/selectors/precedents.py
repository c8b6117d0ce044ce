"""Past decisions, read: who may read which, lists, one with what became of it, those like a case, and what a case holds
of people that none of them may say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Q, QuerySet

from escalations.core.policy import Policy
from escalations.core.roles import READ_PLAYBOOK, REVIEW_ARTICLES
from escalations.models import (
    Case,
    CaseFact,
    CaseFile,
    CaseLink,
    Event,
    Evidence,
    Handoff,
    Message,
    Note,
    PolicyVersion,
    User,
)
from escalations.models.reach import Reach, may
from escalations.selectors import law
from escalations.selectors.why import classes
from playbook.core.diff import Change, for_reader
from playbook.core.diff.history import touches
from playbook.core.likeness import Circumstances, alike, words_of
from playbook.core.neutral import Known, vocabulary
from playbook.models import Precedent
from playbook.selectors import changes
from playbook.selectors.reading import Book, book_of

LISTED, BESIDE, WEIGHED = 100, 3, 300
_DECIDING = frozenset(["categories", "rules", "triggers", "remedies", "statutory", "pages"])
_State = Precedent.State


def readable(user: User) -> QuerySet[Precedent]:
    """The precedents that a person may read, less what was taken out: those whose case is guarded by no channel in
    which they do not see what is restricted, neither when it was archived nor now, and is not their own.

    Three queries the first time for a user object (their rights, classes and own parties), and the list's.
    """
    if not user.has_perm(READ_PLAYBOOK):
        return Precedent.objects.none()
    reach = Reach.of(user)
    open_now = Q(case__channel__sensitive=False) | Q(case__channel__in=reach.channels("see_restricted"))
    rows = Precedent.objects.filter(open_now, visibility__in=["", *classes(user)]).exclude(state=_State.TAKEN_OUT)
    return rows.exclude(case__party__in=reach.own_parties) if reach.own_parties else rows


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; empty is all."""

    category: str = ""
    region: str = ""
    words: str = ""

    def __bool__(self) -> bool:
        return any((self.category, self.region, self.words))


@dataclass(frozen=True, slots=True)
class Line:
    """A precedent in a list or beside a case, in words. `outdated`: what its decision rested on reads otherwise now."""

    precedent: Precedent
    category: str
    region: str
    outdated: bool


def listed(user: User, filters: Filters, now: dt.datetime) -> list[Line]:
    """The precedents that a person may read, the newest first, narrowed; every word must be in one of the texts. At
    most `LISTED`. Four queries, and two for each version that this process has not read."""
    rows = readable(user)
    if filters.category:
        rows = rows.filter(category=filters.category)
    if filters.region:
        rows = rows.filter(region=filters.region)
    for word in filters.words.split()[:8]:
        texts = ("title", "situation", "decision", "reasoning", "outcome")
        there = Q()
        for name in texts:
            there |= Q(**{f"{name}__icontains": word})
        rows = rows.filter(there)
    return _lines(rows.select_related("policy_version")[:LISTED], user, now)


def _lines(rows: QuerySet[Precedent] | Sequence[Precedent], user: User, now: dt.datetime) -> list[Line]:
    in_force = law.in_force(now)
    central = book_of(in_force).policy.central
    seen = classes(user)
    lines = []
    for row in rows:
        category, region = central.categories.get(row.category), central.regions.get(row.region)
        outdated = category is None or bool(_moved(row.policy_version, in_force, row.category, seen))
        lines.append(
            Line(row, category.name if category else row.category, region.name if region else row.region, outdated)
        )
    return lines


def _moved(old: PolicyVersion, new: PolicyVersion, category: str, seen: frozenset[str]) -> tuple[Change, ...]:
    """What a decision in a category rested on and reads otherwise now, for a reader. Times do not decide a case."""
    return _moved_between(old.edition_digest, old.pk, new.edition_digest, new.pk, category, seen)


@lru_cache(maxsize=4096)
def _moved_between(
    _old_digest: str, old_id: int, _new_digest: str, new_id: int, category: str, seen: frozenset[str]
) -> tuple[Change, ...]:
    """Kept by digests and ids, as versions are many and long: what a process has worked out once needs none of them."""
    if old_id == new_id:
        return ()
    found = PolicyVersion.objects.in_bulk([old_id, new_id])
    return tuple(
        change
        for change in for_reader(changes.between(found[old_id], found[new_id]), seen)
        if change.normative
        and change.section in _DECIDING
        and touches(change, category)
        and change.address.path[:1] != ("targets",)
    )


@dataclass(frozen=True, slots=True)
class Page:
    """One precedent with all that its page shows. `case` is None for whoever may not see it."""

    line: Line
    level: str
    root_cause: str
    remedies: Sequence[str]
    facts: Sequence[tuple[str, str | bool]]
    moved: Sequence[Change]
    case: Case | None
    reopened: bool
    overturned_by: Precedent | None
    overturns: Sequence[Precedent]
    ends: bool


def page(user: User, pk: int, now: dt.datetime) -> Page | None:
    """A precedent, as somebody may read it; None when there is none for them. Names are those of the version by which
    it was decided. Seven queries."""
    related = ("policy_version", "archived_by", "ended_by", "case", "case__category")
    row = readable(user).select_related(*related).filter(pk=pk).first()
    if row is None:
        return None
    (line,) = _lines([row], user, now)
    book = book_of(row.policy_version)
    central, category = book.policy.central, book.policy.central.categories.get(row.category)
    others = readable(user)
    return Page(
        line=line,
        level=central.levels[row.level].name if row.level in central.levels else row.level,
        root_cause=category.root_causes.get(row.root_cause, row.root_cause) if category else row.root_cause,
        remedies=[central.remedies[key].name if key in central.remedies else key for key in row.remedies],
        facts=[(central.facts[key].name, value) for key, value in row.facts.items() if key in central.facts],
        moved=_moved(row.policy_version, law.in_force(now), row.category, classes(user)),
        case=row.case if Case.objects.visible_to(user).filter(pk=row.case_id).exists() else None,
        reopened=row.state == _State.STANDING and row.case.is_open and row.case.status != Case.Status.RESOLVED,
        overturned_by=others.filter(pk=row.overturned_by_id).first() if row.overturned_by_id else None,
        overturns=list(others.filter(overturned_by=row.pk)),
        ends=user.has_perm(REVIEW_ARTICLES) and row.state == _State.STANDING,
    )


def beside(case: Case, user: User, now: dt.datetime) -> list[Line]:
    """At most three precedents like a case, the likest first, overturned ones after all others. Nothing for whoever
    does not see the case. Six queries beside those of visibility."""
    if not Case.objects.visible_to(user).filter(pk=case.pk).exists():
        return []
    kin = Q(category=case.category.key) | Q(category__startswith=case.category.key.partition(".")[0] + ".")
    rows = readable(user).filter(kin).exclude(case=case.pk).select_related("policy_version")
    found = {row.pk: row for row in [*rows.filter(category=case.category.key)[:WEIGHED], *rows[:WEIGHED]]}
    if not found:
        return []
    text = getattr(case, "text", None)
    mine = Circumstances(
        case.category.key,
        case.region.key,
        deciding_facts(case, law.policy_of(case.policy_version_id), ["", *classes(user)]),
        words_of(text.summary, text.description) if text else frozenset(),
    )
    others = {
        pk: Circumstances(row.category, row.region, row.facts, words_of(row.title, row.situation))
        for pk, row in found.items()
    }
    ended = [pk for pk, row in found.items() if row.state != _State.STANDING]
    return _lines([found[pk] for pk in alike(mine, others, most=BESIDE, last=ended)], user, now)


def of_case(case: Case, user: User) -> Precedent | None:
    """The standing precedent of a case, when the person may read it. One query."""
    return readable(user).filter(case=case.pk, state=_State.STANDING).first()


def archivable(case: Case, user: User) -> bool:
    """Whether this person may archive the decision of this case now: it is decided, not merged, without a standing
    precedent, and they work on it. One query."""
    return (
        bool(case.root_cause)
        and (case.status == Case.Status.RESOLVED or not case.is_open)
        and case.merged_into_id is None
        and user.has_perm(READ_PLAYBOOK)
        and may(user, "work_cases", case)
        and not Precedent.objects.filter(case=case.pk, state=_State.STANDING).exists()
    )


def deciding_facts(case: Case, policy: Policy, seen: Collection[str]) -> Mapping[str, str | bool]:
    """The facts of a case that have a choice of values, and say nothing of anybody: yes or no, one of a list. Those
    of a visibility class only for who has it. One query."""
    found = {}
    for key, value in CaseFact.objects.filter(case=case.pk).order_by("key").values_list("key", "value"):
        fact = policy.central.facts.get(key)
        if fact is None or (fact.visibility or "") not in seen:
            continue
        if isinstance(value, bool) or (isinstance(value, str) and value in fact.values):
            found[key] = value
    return found


def held_by(case: Case) -> Known:
    """What a case holds of people, for the check of a text that is to hold none of it. A dozen queries."""
    party = case.party
    actors = Event.objects.filter(case=case.pk, actor_kind="user").values_list("actor_id", flat=True).distinct()
    took_part = User.objects.filter(pk__in=[int(one) for one in actors if one.isdigit()])
    linked = CaseLink.objects.filter(Q(case=case.pk) | Q(other=case.pk)).values_list(
        "case__reference", "other__reference"
    )
    text = getattr(case, "text", None)
    said: list[str] = [text.summary, text.description] if text else []
    for rows, *names in (
        (Message.objects, "subject", "body"),
        (Note.objects, "body"),
        (Handoff.objects, "note"),
        (Evidence.objects, "note"),
    ):
        said += [word for row in rows.filter(case=case.pk).values_list(*names) for word in row]
    said += [row.name for row in CaseFile.objects.filter(case=case.pk)]
    values = CaseFact.objects.filter(case=case.pk).values_list("value", flat=True)
    said += [str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool)]
    return Known(
        names=[party.name, *(name for user in took_part for name in (user.get_full_name(), user.username))],
        contacts=[contact for contact in (party.email, party.phone) if contact],
        references=[
            case.reference,
            case.external_ref,
            party.external_id,
            party.pseudonym,
            *(reference for pair in linked for reference in pair),
        ],
        words="\n".join(said),
        ordinary=_ordinary(book_of(case.policy_version)),
    )


@lru_cache(maxsize=12)
def _ordinary(book: Book) -> frozenset[str]:
    """The words in common use on the desk: those of the playbook's own texts and names."""
    central = book.policy.central
    named = [row.name for rows in (central.categories, central.teams, central.remedies, central.levels, central.facts)
             for row in rows.values()]  # fmt: skip
    return vocabulary([*book.pages.values(), *named])
