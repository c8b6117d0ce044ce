"""The rows of a batch of past cases, written set-wise: a statement or few per table, whatever the number of cases."""

from __future__ import annotations

from collections.abc import Sequence

from escalations import keys, mapping
from escalations.core.actor import Actor
from escalations.core.chain import GENESIS
from escalations.core.past import PastCase, Plan
from escalations.core.policy import BANDS
from escalations.models import Case, CaseText, Event, Handoff, ImportRow, Ownership, Party
from escalations.services import record
from escalations.services.identity import case_ids, reference
from escalations.services.imports.desk import Desk
from escalations.services.imports.insert import insert


def write(batch: Sequence[PastCase], *, desk: Desk, plan: Plan, actor: Actor) -> None:
    """Write past cases with their parties, texts, owners, handoffs, chained events and history rows.

    Call inside the transaction. No clocks, timers or intents to tell: nothing of a past case is due to anybody.
    """
    if not batch:
        return
    parties = _parties(batch, desk=desk, plan=plan)
    cases: list[Case] = []
    stays: list[Ownership] = []
    handoffs: list[Handoff] = []
    events: list[Event] = []
    history = []
    for past, party, case_id in zip(batch, parties, case_ids(len(batch)), strict=True):
        case = _case(past, case_id, party, desk=desk, plan=plan)
        values = record.history_values(mapping.columns(case), now=desk.now, actor=actor, reason="import", kind="+")
        events += _events(past, case, actor=actor, history=record.history_digest(values))
        history.append(record.HistoricalCase(**values))
        cases.append(case)
        stays += _stays(past, case, desk=desk, plan=plan)
        handoffs += _handoffs(past, case, desk=desk, plan=plan, actor=actor)
    texts = [
        CaseText(case_id=case.pk, summary=past.summary, description=past.description)
        for case, past in zip(cases, batch, strict=True)
    ]
    for rows in (cases, texts, stays, handoffs, events, history):
        insert(rows)
    save_rows([_import_row(past, case, plan=plan, desk=desk) for past, case in zip(batch, cases, strict=True)])


def save_rows(rows: Sequence[ImportRow]) -> None:
    """Write rows of imports; one that was refused before is overwritten."""
    ImportRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["source", "external_id"],
        update_fields=["line", "state", "reason", "data", "case", "at"],
    )


def _parties(batch: Sequence[PastCase], *, desk: Desk, plan: Plan) -> list[Party]:
    """The party of each case: one per id, found again when it is known; a case that names nobody has one of its own.

    An erased party is never taken up again.
    """
    wanted = {past.party for past in batch if past.party}
    known: dict[str, Party] = {}
    rows = Party.objects.filter(kind=plan.party_kind, external_id__in=wanted, erased_at__isnull=True)
    for row in rows.order_by("-id"):
        known[row.external_id] = row
    found, new = [], []
    for past in batch:
        party = known.get(past.party) if past.party else None
        if party is None:
            party = Party(
                kind=plan.party_kind,
                external_id=past.party,
                key_id=keys.field_key_id(),
                language=past.language,
                created_at=past.opened_at,
            )
            new.append(party)
            if past.party:
                known[past.party] = party
        found.append(party)
    Party.objects.bulk_create(new)
    Party.history.bulk_history_create(  # type: ignore[attr-defined]
        new, default_change_reason=f"import: {plan.source}", default_date=desk.now
    )
    return found


def _case(past: PastCase, case_id: int, party: Party, *, desk: Desk, plan: Plan) -> Case:
    story = past.story
    return Case(
        id=case_id,
        reference=reference(case_id, past.opened_at),
        external_ref=past.external_id,
        party_id=party.pk,
        category_id=desk.category(past.category, plan),
        symptom=past.symptom,
        channel_id=desk.id_of("channel", past.channel),
        region_id=desk.id_of("region", past.region),
        team_id=desk.team(story.team or plan.no_team, plan),
        level_id=desk.id_of("level", past.level),
        status=story.status,
        severity_band=BANDS.index(past.severity),  # type: ignore[arg-type]
        is_open=story.status != Case.Status.CLOSED,
        policy_version_id=desk.version.pk,
        calendar_digest=desk.calendar(past.region).digest,
        source=Case.Source.IMPORT,
        language=past.language,
        root_cause=past.root_cause,
        opened_at=past.opened_at,
        resolved_at=story.resolved_at,
        closed_at=story.closed_at,
        reopened=story.reopened,
    )


def _events(past: PastCase, case: Case, *, actor: Actor, history: str) -> list[Event]:
    """One chained event per step, at the step's own time; the last one carries the digest of the history row."""
    head = record.Head(0, GENESIS)
    steps = past.story.steps
    made: list[Event] = []
    for number, step in enumerate(steps, 1):
        pairs = record.make_events(
            case_id=case.pk,
            head=head,
            entries=(record.Entry(step.kind, step.data),),
            actor=actor,
            now=step.at,
            history=history if number == len(steps) else "",
        )
        made += [event for event, _ in pairs]
    record.seal(case, head)
    return made


def _stays(past: PastCase, case: Case, *, desk: Desk, plan: Plan) -> list[Ownership]:
    calendar = desk.calendar(past.region)
    return [
        Ownership(
            case_id=case.pk,
            team_id=desk.team(stay.team, plan),
            level_id=case.level_id,
            starts_at=stay.since,
            ends_at=stay.until,
            business_s=None if stay.until is None else round(calendar.elapsed(stay.since, stay.until)),
            cause="import",
        )
        for stay in past.story.stays
    ]


def _handoffs(past: PastCase, case: Case, *, desk: Desk, plan: Plan, actor: Actor) -> list[Handoff]:
    return [
        Handoff(
            case_id=case.pk,
            from_team_id=desk.team(change.frm, plan),
            to_team_id=desk.team(change.to, plan),
            from_level_id=case.level_id,
            note=f"From {change.frm.name} to {change.to.name}: line {change.line} of {plan.source}.",
            state=Handoff.State.ACCEPTED,
            actor_kind=actor.kind,
            actor_id=actor.id,
            at=change.at,
            answered_at=change.at,
            answered_by=str(actor),
        )
        for change in past.story.changes
    ]


def _import_row(past: PastCase, case: Case, *, plan: Plan, desk: Desk) -> ImportRow:
    return ImportRow(
        source=plan.source,
        external_id=past.external_id,
        line=past.first_line,
        state=ImportRow.State.DONE,
        reason="",
        case_id=case.pk,
        at=desk.now,
        data={
            "digest": past.digest,
            "last_line": past.last_line,
            "steps": len(past.story.steps),
            "handoffs_shown": len(past.story.changes),
            "handoffs_counted": past.counted_changes,
            "reopenings_shown": past.story.reopened,
            "reopenings_counted": past.counted_reopenings,
            **({"kept": dict(past.kept)} if past.kept else {}),
        },
    )
