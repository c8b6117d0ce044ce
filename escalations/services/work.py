"""The kernel under every act: lock the case, check that the act may be done, collect what changes, write it at once.

    with working(case_id=7, act="respond", actor=actor, now=now, version=3) as work:
        work.say("message.sent", {"message": 12}, words={"body": "..."})
        work.meet("first_response")
        work.move()

One transaction. Locks are taken in one order everywhere: case, clocks, timers. What is written together: the case row
with its version and the head of its chain, its history row, clocks, timers, ownership, events with their words,
intents to tell. An exception leaves nothing behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal

from django.db import transaction

from escalations import mapping
from escalations.core import chain, lifecycle
from escalations.core.actor import Actor
from escalations.core.policy import Policy
from escalations.errors import Invalid, NotAllowed, Refused, Stale
from escalations.models import (
    CHAIN_FIELDS,
    NEVER,
    Case,
    CaseDecision,
    CaseFact,
    CaseText,
    Clock,
    Evidence,
    Ownership,
    Timer,
    User,
)
from escalations.models.reach import may
from escalations.selectors import law, people
from escalations.services import nudging, record
from escalations.services.locking import locked, since
from escalations.services.workclocks import Clocks

#: What is done to a case beside its life: no status forbids it, and who may is checked by its own service.
Aside = Literal["erase"]


class Work(Clocks):
    """One act on one locked case. Collects changes; `flush` writes them."""

    def __init__(
        self,
        case: Case,
        *,
        act: lifecycle.Act | Aside,
        actor: Actor,
        now: dt.datetime,
        created: bool = False,
        guarded_by: int | None = None,
    ) -> None:
        self.case = case
        self.guarded_by = guarded_by
        self.created = created
        self.act: str = act
        self.actor = actor
        self.now = now
        self.policy: Policy = law.policy_of(case.policy_version_id)
        self.before = {name: getattr(case, name) for name in record.TRACKED}
        self._entries: list[record.Entry] = []
        self._intents: list[tuple[str, list[str], dict[str, Any], bool]] = []
        self._touched = {}
        self._started = []
        self._owner_cause: str | None = None
        #: When a pause ends by itself; the first clock that it stopped gets the timer.
        self.resume_at: dt.datetime | None = None
        # What a new case brings along; written right after its row.
        self.words: CaseText | None = None
        self.facts: list[CaseFact] = []
        self.evidence: list[Evidence] = []
        self.decision: CaseDecision | None = None

    # ------------------------------------------------------------------------------------------------ who and whether

    @property
    def person(self) -> User | None:
        """The acting person; None for workers, integrations and parties."""
        if self.actor.kind != "user":
            return None
        if self.actor.person is None:
            self.actor = Actor.user(User.objects.get(pk=self.actor.id))
        return self.actor.person  # type: ignore[no-any-return]

    @cached_property
    def standing(self) -> frozenset[str]:
        """What the actor is to this case: the predicate names of `core.lifecycle`."""
        if self.person is None:
            return frozenset({"engine" if self.actor.kind == "worker" else self.actor.kind})
        if self.act in lifecycle.ON_ACCESS:
            return people.guarding(self.person, self.case, self.guarded_by)
        return people.standing(self.person, self.case, self.now)

    def permit(self) -> None:
        """Refuse an act that the case's status does not allow, or that the actor may not do, in words."""
        on_access = self.act in lifecycle.ON_ACCESS
        if self.person is not None and not on_access and not may(self.person, "work_cases", self.case):
            raise NotAllowed("You may not work on this case. Ask the owner of its channel, or of the case, for help.")
        move = lifecycle.allowed(self.case.status, self.act)
        if isinstance(move, lifecycle.Refused):
            raise Refused(str(move))
        refusal = move.refusal_for(self.standing)
        if refusal:
            raise NotAllowed(refusal)

    def require(self, *, given: Mapping[str, Any] | None = None, holding: Mapping[str, bool] | None = None) -> None:
        """Refuse when something that the act needs is empty, or a condition of the table does not hold.

        Raises Invalid that names the field, or Refused with the sentence of the table.
        """
        for need, value in (given or {}).items():
            if value is None or (isinstance(value, str) and not value.strip()):
                raise Invalid(need, lifecycle.NEEDS.get(need, "This is needed."))
        for condition, holds in (holding or {}).items():
            if not holds:
                raise Refused(lifecycle.CONDITIONS[condition])

    # ------------------------------------------------------------------------------------------------------- changes

    def change(self, **columns: Any) -> None:
        """Set columns of the case; foreign keys by row or by `_id`."""
        for name, value in columns.items():
            setattr(self.case, name, value)

    def move(self, holder: lifecycle.Holder | None = None, *, as_by: lifecycle.Act | None = None) -> None:
        """Set the status that this act leads to, by the table of moves; `holder` is who has the case from now on, where
        that is not what the act usually means.
        `as_by` names another act that this one includes, as opening a case includes assigning it."""
        move = lifecycle.allowed(self.case.status, as_by or self.act, holder=holder)
        if isinstance(move, lifecycle.Allowed):
            self.case.status = move.to

    def say(self, kind: str, data: Mapping[str, Any] | None = None, *, words: Mapping[str, Any] | None = None) -> None:
        """Record an event: `data` without personal data, `words` erasable."""
        self._entries.append(record.Entry(kind, data or {}, words))

    def tell(self, kind: str, to: Iterable[str], **data: Any) -> None:
        """Intend to tell; `record.intent` says how recipients are written. Nobody is told of their own act."""
        self._tell(kind, to, data, about=True)

    def tell_blindly(self, kind: str, to: Iterable[str], **data: Any) -> None:
        """Intend to tell people who may no longer see the case: the intent hangs on none, and says its reference."""
        self._tell(kind, to, {**data, "reference": self.case.reference}, about=False)

    def _tell(self, kind: str, to: Iterable[str], data: dict[str, Any], *, about: bool) -> None:
        mine = f"user:{self.actor.id}" if self.actor.kind == "user" else ""
        recipients = [token for token in dict.fromkeys(to) if token and token != mine]
        if recipients:
            self._intents.append((kind, recipients, data, about))

    def own(self, *, cause: str, **columns: Any) -> None:
        """Give the case to another team, person or level; the ownership interval is closed and a new one opened."""
        self.change(**columns)
        self._owner_cause = cause

    @cached_property
    def outcome(self) -> dict[str, Any]:
        """The stored outcome of the decision that holds for the case: owner, targets, specialisms, ... One query."""
        if self.decision is not None:
            return dict(self.decision.outcome)
        rows = CaseDecision.objects.filter(case=self.case, applied=True).order_by("-id")
        return rows.values_list("outcome", flat=True).first() or {}

    # --------------------------------------------------------------------------------------------------------- write

    def flush(self) -> None:
        """Write all that was collected. At most a dozen statements, whatever the number of clocks and events."""
        case = self.case
        case.radar_at = self._radar()
        case.version = 1 if self.created else case.version + 1
        values = record.history_values(
            mapping.columns(case),
            now=self.now,
            actor=self.actor,
            reason="open" if self.created else self.act,
            kind="+" if self.created else "~",
        )
        head = record.Head(case.chain_seq, case.chain_mac or chain.GENESIS)
        made = record.make_events(
            case_id=case.pk,
            head=head,
            entries=self._entries,
            actor=self.actor,
            now=self.now,
            history=record.history_digest(values),
        )
        record.seal(case, head)
        self._write_case()
        self._write_clocks()
        if self._owner_cause is not None:
            self._write_ownership(self._owner_cause)
        record.HistoricalCase.objects.bulk_create([record.HistoricalCase(**values)])
        record.save_events(made)
        record.Outbox.objects.bulk_create(
            record.intent(
                kind=kind,
                occurrence=f"{case.pk}/{head.seq}/{number}/{kind}",
                case_id=case.pk if about else None,
                now=self.now,
                to=to,
                data=data,
            )
            for number, (kind, to, data, about) in enumerate(self._intents)
        )
        if self._intents:
            nudging.nudge()

    def _write_case(self) -> None:
        case = self.case
        case.skip_history_when_saving = True  # type: ignore[attr-defined]  # simple-history's word; ours is written below
        if self.created:
            case.save(force_insert=True)
        else:
            changed = [name for name in record.TRACKED if getattr(case, name) != self.before[name]]
            case.save(update_fields=[*changed, *CHAIN_FIELDS])
        if self.words is not None:
            self.words.save(force_insert=self.created)
        CaseFact.objects.bulk_create(self.facts)
        Evidence.objects.bulk_create(self.evidence)
        if self.decision is not None:
            self.decision.save(force_insert=True)

    def _write_clocks(self) -> None:
        if self._touched:
            Clock.objects.bulk_update(self._touched.values(), mapping.CLOCK_FIELDS)
            Timer.objects.filter(clock_id__in=self._touched).delete()
        if self._started:
            Clock.objects.bulk_create(self._started)
        timers = [mapping.next_timer(row, self.calendar(row)) for row in (*self._touched.values(), *self._started)]
        if self.resume_at is not None:
            paused = next((row for row in self._touched.values() if row.state == Clock.State.PAUSED), None)
            timers.append(mapping.resume_timer(paused, self.resume_at) if paused else None)
        Timer.objects.bulk_create(timer for timer in timers if timer is not None)

    def _radar(self) -> dt.datetime:
        if not self.case.is_open:
            return NEVER
        if not self.created and "clocks" not in self.__dict__ and not self._started:
            return self.case.radar_at  # no clock was looked at, so none has changed
        return min(filter(None, (row.steers_to for row in self.running)), default=NEVER)

    def _write_ownership(self, cause: str) -> None:
        case = self.case
        last = (
            None
            if self.created
            else Ownership.objects.select_for_update().filter(case=case, ends_at__isnull=True).first()
        )
        if last is not None:
            last.ends_at = self.now
            last.business_s = round(law.calendar_of(case.calendar_digest).elapsed(last.starts_at, self.now))
            last.save(update_fields=["ends_at", "business_s"])
        if case.is_open:
            Ownership.objects.create(
                case=case,
                team_id=case.team_id,
                assignee_id=case.assignee_id,
                level_id=case.level_id,
                starts_at=self.now,
                cause=cause,
            )


@contextmanager
def working(
    *,
    case_id: int,
    act: lifecycle.Act,
    actor: Actor,
    now: dt.datetime,
    version: int | None = None,
    guarded_by: int | None = None,
    standing: Callable[[Work], frozenset[str]] | None = None,
) -> Iterator[Work]:
    """Lock a case for one act, check it, and write what was collected when the block ends.

    `version` is the one that the person saw; None skips the check (engine, integrations). For acts on who may see the
    case, `guarded_by` names the channel whose people decide when it is not the case's own, and `standing` works out the
    person's roles where the channel says nothing of them.

    Raises Case.DoesNotExist, NotAllowed, Refused, or Stale with the events since then. Nothing is written when the
    block raises. Queries: one for the case, one for its clocks when asked, one for the person's standing, then writes.
    """
    with transaction.atomic():
        case = locked(case_id, "party")
        if version is not None and case.version != version:
            raise Stale(list(since(case, version)))
        work = Work(case, act=act, actor=actor, now=now, guarded_by=guarded_by)
        if standing is not None:
            work.standing = standing(work)
        work.permit()
        yield work
        work.flush()


@contextmanager
def attending(*, case_id: int, act: Aside, actor: Actor, now: dt.datetime) -> Iterator[Work]:
    """Lock a case for something beside its life, in whatever status, and write what was collected when the block ends.

    Whether the actor may is for the caller to check. Raises Case.DoesNotExist.
    """
    with transaction.atomic():
        work = Work(locked(case_id), act=act, actor=actor, now=now)
        yield work
        work.flush()
