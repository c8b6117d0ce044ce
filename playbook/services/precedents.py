"""Past decisions: archived from a case in neutral words, overturned, taken out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from escalations.core.roles import READ_PLAYBOOK, REVIEW_ARTICLES
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, CaseText, Remedy, User
from escalations.models.reach import may
from escalations.selectors import law
from playbook.core.neutral import personal
from playbook.core.pages import normal
from playbook.models import Precedent
from playbook.selectors.precedents import deciding_facts, held_by, readable

TITLE, LONGEST = 160, 4_000
TEXTS = ("title", "situation", "decision", "reasoning", "outcome")
_State = Precedent.State


def archive(
    *,
    case_id: int,
    title: str,
    situation: str,
    decision: str,
    reasoning: str,
    outcome: str,
    actor: User,
    now: dt.datetime,
) -> Precedent:
    """Archive the decision of a resolved case for later ones. What the desk knows without words (category, region,
    level, root cause, remedies, facts with a choice of values, the version that decided) is taken from the case.

    Raises NotAllowed for whoever does not work on the case; Refused while it is not decided, when it was merged, and
    when its decision is archived already; Invalid, naming the field, for an empty text and for one that holds anything
    by which somebody of the case could be found.
    """
    if not actor.has_perm(READ_PLAYBOOK):
        raise NotAllowed("Precedents are archived by those who read the playbook.")
    with transaction.atomic():
        case = (
            Case.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .select_related("party", "category", "region", "level", "channel", "policy_version")
            .filter(pk=case_id)
            .first()
        )
        if case is None:
            raise NotAllowed("There is no such case.")
        if not may(actor, "work_cases", case):
            raise NotAllowed("Whoever works on the case archives its decision.")
        if case.merged_into_id is not None:
            raise Refused("The case was merged: archive the decision of the one that lives on.")
        if not case.root_cause or (case.is_open and case.status != Case.Status.RESOLVED):
            raise Refused("The case is not decided yet: resolve it first.")
        if CaseText.objects.filter(case=case, erased_at__isnull=False).exists():
            raise Refused("The words of this case are erased: nothing could be checked against them any more.")
        texts = _neutral(
            case, title=title, situation=situation, decision=decision, reasoning=reasoning, outcome=outcome
        )
        guarded = case.channel.key if case.channel.sensitive else ""
        given = (
            Remedy.objects.filter(case=case, state=Remedy.State.GRANTED).order_by("kind").values_list("kind", flat=True)
        )
        try:
            with transaction.atomic():
                return Precedent.objects.create(
                    case=case, policy_version=case.policy_version, visibility=guarded, category=case.category.key,
                    region=case.region.key, level=case.level.key, root_cause=case.root_cause, language=case.language,
                    remedies=list(dict.fromkeys(given)),
                    facts=dict(deciding_facts(case, law.policy_of(case.policy_version_id), ["", guarded])),
                    archived_by=actor, archived_at=now, **texts,
                )  # fmt: skip
        except IntegrityError:
            raise Refused("The decision of this case is archived already.") from None


def overturn(*, precedent_id: int, reason: str, actor: User, now: dt.datetime, by_id: int | None = None) -> Precedent:
    """Say that cases are no longer decided so, and why; by which later precedent, where there is one. It stays to be
    read, marked.

    Raises NotAllowed; Invalid without a reason, and for a later precedent that is not standing or not theirs to read;
    Refused when it is overturned already.
    """
    with _standing(precedent_id, actor) as row:
        why = _reason(reason, row.case)
        if by_id is not None:
            later = readable(actor).filter(pk=by_id, state=_State.STANDING).exclude(pk=row.pk).first()
            if later is None:
                raise Invalid("by", "Choose a precedent that stands.")
            row.overturned_by = later
        return _end(row, _State.OVERTURNED, why, actor, now)


def take_out(*, precedent_id: int, reason: str, actor: User, now: dt.datetime) -> Precedent:
    """Take a precedent out because it should not have been told so: its words are gone, and that there was one, with
    who took it out and why, remains. Cannot be undone; the case's decision may be archived anew.

    Raises as `overturn` does. One that is overturned may be taken out, too.
    """
    with _standing(precedent_id, actor, ended=True) as row:
        why = _reason(reason, row.case)
        for name in TEXTS:
            setattr(row, name, "")
        row.facts = {}
        return _end(row, _State.TAKEN_OUT, why, actor, now)


# ---------------------------------------------------------------------------------------------------------- within it


def _neutral(case: Case, **texts: str) -> dict[str, str]:
    """The texts as they are kept, checked against what the case holds."""
    known = held_by(case)
    kept = {}
    for name, text in texts.items():
        text = normal(text.replace("\0", "")).strip()
        if name == "title":
            text = " ".join(text.split())
        if not text:
            raise Invalid(name, "Write something here: later cases are decided by it.")
        longest = TITLE if name == "title" else LONGEST
        if len(text) > longest:
            raise Invalid(name, f"At most {longest:,} characters.")
        if found := personal(text, known):
            raise Invalid(name, " ".join(map(str, found[:5])))
        kept[name] = text
    return kept


def _reason(reason: str, case: Case) -> str:
    reason = normal(reason.replace("\0", "")).strip()
    if not reason:
        raise Invalid("reason", "Say why: whoever meets the precedent reads it.")
    if len(reason) > LONGEST:
        raise Invalid("reason", f"At most {LONGEST:,} characters.")
    if found := personal(reason, held_by(case)):
        raise Invalid("reason", " ".join(map(str, found[:5])))
    return reason


@contextmanager
def _standing(precedent_id: int, actor: User, *, ended: bool = False) -> Iterator[Precedent]:
    """A precedent that the actor may read and decide on, locked."""
    if not actor.has_perm(REVIEW_ARTICLES):
        raise NotAllowed("Precedents are overturned and taken out by those who review articles.")
    with transaction.atomic():
        row = (
            readable(actor)
            .select_for_update(of=("self",))
            .select_related("case", "case__party")
            .filter(pk=precedent_id)
            .first()
        )
        if row is None:
            raise NotAllowed("There is no such precedent.")
        if row.state != _State.STANDING and not ended:
            raise Refused("It is overturned already.")
        yield row


def _end(row: Precedent, state: Precedent.State, why: str, actor: User, now: dt.datetime) -> Precedent:
    row.state, row.ended_by, row.ended_at, row.ended_because = state, actor, now, why
    row.save()
    return row
