"""The sections of the policy document: taxonomy, matrix, ladders, clocks, authority, words, regions.

The shape follows the design's one idea: this document is at once what people read and what the engine runs. It is
written by an edition's compile, never by hand at run time, and is immutable once installed.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from escalations.core.policy.values import (
    Amounts,
    Band,
    Condition,
    Currency,
    Frozen,
    Keeping,
    Key,
    Language,
    Name,
    Span,
    Target,
    TargetKind,
    Text,
)

Side = Literal["buyer", "seller", "platform"]
RegionOf = Literal["buyer", "seller", "storefront"]
Claims = Literal["enough", "verified"]
ClockKind = Literal["assign", "first_response", "next_update", "resolution", "tier", "statutory"]
FactType = Literal["flag", "number", "money", "text", "list"]


class Level(Frozen):
    """An authority level; a higher rank may decide more."""

    name: Name
    rank: int = Field(ge=1, le=20)


class Channel(Frozen):
    """A compartment of cases. A higher rank is stricter; triggers may only move a case to a stricter one."""

    name: Name
    rank: int = Field(ge=0, le=100)
    sensitive: bool = False
    second_factor: bool | None = None
    """Whether its cases are shown to those alone who signed in with a second factor. Left out: if it is sensitive."""

    @property
    def asks_second_factor(self) -> bool:
        """What `second_factor` says, or else follows from how sensitive the channel is."""
        return self.sensitive if self.second_factor is None else self.second_factor


class Team(Frozen):
    """A team that owns categories; its calendar says when it works."""

    name: Name
    calendar: Key
    purpose: Text | None = None
    on_call: Key | None = None


class Role(Frozen):
    """A role that somebody holds at any hour (on-call). Who holds it when is live state, not law."""

    name: Name
    team: Key | None = None


class Specialism(Frozen):
    """A skill that a person has and a category or rule asks for."""

    name: Name


class PublicHolidays(Frozen):
    """Which country's public holidays a calendar keeps; expanded to dates when the edition is compiled."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    subdivision: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,4}$")] | None = None


class CalendarSpec(Frozen):
    """Opening hours of a place: see `core.calendar.Calendar`, which this describes."""

    timezone: str
    weekly_hours: dict[str, tuple[tuple[str, str], ...]]
    holidays: tuple[str, ...] = ()
    date_overrides: dict[str, tuple[tuple[str, str], ...]] = {}
    public_holidays: PublicHolidays | None = None
    expanded_until: dt.date | None = None


class Region(Frozen):
    """A region; its ancestors' variants apply before its own."""

    name: Name
    parent: Key | None = None
    calendar: Key
    languages: tuple[Language, ...] = Field(default=("en",), min_length=1)
    currency: Currency = "EUR"


class FactDefinition(Frozen):
    """A fact that conditions may read. Signals are facts that may raise severity and are claimed or verified."""

    name: Name
    type: FactType
    signal: bool = False
    values: tuple[str, ...] = ()
    visibility: Key | None = None


class EvidenceItem(Frozen):
    """Something that the category needs before it can be decided."""

    key: Key
    name: Name
    needed_from: Literal["party", "staff"] = "party"
    required: bool = True


class Stage(Frozen):
    """One stage of the path that a case of this category usually takes."""

    key: Key
    name: Name
    within: Span | None = None


class DecisionPoint(Frozen):
    """A question on the path, and what each answer leads to."""

    question: Text
    choices: tuple[Text, ...] = Field(min_length=2)


Targets = dict[TargetKind, Target]


class CategoryPolicy(Frozen):
    """What holds for every case of one category unless a region or a rule says otherwise."""

    name: Name
    side: Side
    summary: Text
    owner: Key
    backups: tuple[Key, ...] = ()
    specialisms: tuple[Key, ...] = ()
    channel: Key = "general"
    level: Key
    severity: Band = "normal"
    region_of: RegionOf = "buyer"
    symptoms: dict[Key, Name] = Field(min_length=1)
    root_causes: dict[Key, Name] = Field(min_length=1)
    evidence: tuple[EvidenceItem, ...] = ()
    path: tuple[Stage, ...] = Field(min_length=1)
    decision_points: tuple[DecisionPoint, ...] = ()
    protocol: Key | None = None
    remedies: tuple[Key, ...] = ()
    targets: Targets = {}
    ladder: Key | None = None
    reopen_within: Span | None = None


class Outcome(Frozen):
    """What a rule changes; a field that it does not name stays as it is."""

    owner: Key | None = None
    backups: tuple[Key, ...] | None = None
    specialisms: tuple[Key, ...] | None = None
    channel: Key | None = None
    level: Key | None = None
    severity: Band | None = None
    protocol: Key | None = None
    ladder: Key | None = None
    targets: Targets = {}


class Scope(Frozen):
    """Where a rule, trigger or deadline applies; empty means everywhere. A code covers the codes below it
    (`order` covers `order.damaged`), a region the regions below it."""

    categories: tuple[Key, ...] = ()
    regions: tuple[Key, ...] = ()


class Rule(Scope):
    """One routing rule. Smaller priority numbers are tried first; the first that matches wins.

    `claims` says whether a merely claimed signal is enough for the rule to raise the level; without it the other
    fields apply and the level waits until the signal is verified.
    """

    key: Key
    name: Name
    priority: int = Field(ge=1, le=100_000)
    when: Condition | None = None
    then: Outcome
    because: Text
    claims: Claims = "verified"
    visibility: Key | None = None


class Raise(Frozen):
    """What a trigger raises: to at least this level, at least this strict a channel, at most these targets."""

    level: Key | None = None
    channel: Key | None = None
    severity: Band | None = None
    targets: Targets = {}


class Trigger(Scope):
    """A condition that can only raise: severity signals, financial milestones, policy conflicts."""

    key: Key
    name: Name
    kind: Literal["severity", "milestone", "policy_conflict"] = "severity"
    when: Condition
    raises: Raise
    because: Text
    claims: Claims = "verified"
    visibility: Key | None = None


class Rung(Frozen):
    """One step of a ladder, counted from the receipt of the case.

    `level` is where the case goes (none: people are only told); `team` takes it over (none: the owner keeps it);
    `tell` names who hears of it: `assignee`, `team_lead`, `receiver`, or `role:KEY` for an on-call role;
    `on_call` is the role that is asked off hours, when the rung runs on elapsed time.
    """

    key: Key
    after: Span
    level: Key | None = None
    team: Key | None = None
    tell: tuple[Annotated[str, Field(pattern=r"^(assignee|team_lead|receiver|role:[A-Za-z0-9_.\-]+)$")], ...] = (
        "assignee",
        "team_lead",
    )
    on_call: Key | None = None


class Ladder(Frozen):
    """A finite chain of rungs, each later than the one before."""

    name: Name
    rungs: tuple[Rung, ...] = Field(min_length=1, max_length=12)


class StatutoryDeadline(Scope):
    """A deadline set by law: never paused, re-targeted, merged away or relaxed by a region."""

    name: Name
    basis: Text
    after: Span
    calendar: Key | None = None
    starts: Literal["receipt", "verification", "decision"] = "receipt"
    legal_owner: Key
    when: Condition | None = None
    confirmed_by_counsel: bool = False


class PauseReason(Frozen):
    """Why some clocks may stand still, which, for how long and how often."""

    name: Name
    stops: tuple[ClockKind, ...] = Field(min_length=1)
    longest: Span
    most: int = Field(default=2, ge=1, le=20)
    evidence: Text
    resumes_on: tuple[Literal["party_reply", "evidence"], ...] = ()


class RemedyPolicy(Frozen):
    """A remedy and who may grant it: by amount for money, else from a level on.

    Limits count what a case was granted in all, so that splitting a refund does not stretch an authority.
    """

    name: Name
    money: bool = True
    limits: dict[Key, Amounts] = {}
    from_level: Key | None = None


class MessageTemplate(Frozen):
    """Words to a party or to colleagues; `{placeholders}` are checked when the edition is written."""

    subject: Text
    body: Text


class Defaults(Frozen):
    """What applies where a category does not say: targets, ladder, how long a case may be reopened."""

    targets: Targets
    ladder: Key
    reopen_within: Span


class Bound(Frozen):
    """How far a region may move one target, in seconds of the target's own basis."""

    shortest: Span | None = None
    longest: Span | None = None


class Bounds(Frozen):
    """What the centre allows regions to change."""

    fields: tuple[
        Literal["owner", "backups", "specialisms", "channel", "level", "severity", "protocol", "ladder", "targets"],
        ...,
    ] = ("owner", "backups", "targets")
    targets: dict[TargetKind, Bound] = {}
    own_rules: bool = True


class RegionRetention(Frozen):
    """What a region says of it otherwise than the centre."""

    closed: Keeping | None = None
    categories: dict[Key, Keeping] = {}


class Retention(Frozen):
    """How long a closed case keeps its texts and personal data: see `core.retention.kept_for`."""

    closed: Keeping
    categories: dict[Key, Keeping] = {}
    regions: dict[Key, RegionRetention] = {}


class Privacy(Frozen):
    """How a party's data is shown to staff: protections, read from the version in force."""

    mask_contact: bool = True
    reason_to_unmask: bool = True


class Making(Frozen):
    """How a change of the playbook comes into force: a protection, read from the version in force.

    Somebody other than its authors approves a change. Where nobody else can, its author may, `alone_after` it was
    proposed; never where this is not said. A change of words alone waits for `objection` after its approval.
    """

    alone_after: Span | None = None
    objection: Span = Span(basis="elapsed", seconds=86_400)

    @model_validator(mode="after")
    def _elapsed(self) -> Self:
        if "business" in {span.basis for span in (self.alone_after, self.objection) if span is not None}:
            raise ValueError("these waits are written as time elapsed, for example {elapsed: P3D}")
        return self


class Reading(Frozen):
    """What holds until somebody has taken in what a version changes for their work.

    From `within` after it came into force on, new cases of a category that it changed go to those of the team who have
    taken it in, as long as these are `keep` on duty; never so that nobody is left to take one.
    """

    within: Span
    keep: int = Field(default=1, ge=1, le=50)


class Central(Frozen):
    """The centre's part of the document."""

    levels: dict[Key, Level] = Field(min_length=1)
    channels: dict[Key, Channel] = Field(min_length=1)
    teams: dict[Key, Team] = Field(min_length=1)
    roles: dict[Key, Role] = {}
    specialisms: dict[Key, Specialism] = {}
    calendars: dict[Key, CalendarSpec] = Field(min_length=1)
    regions: dict[Key, Region] = Field(min_length=1)
    facts: dict[Key, FactDefinition] = {}
    defaults: Defaults
    categories: dict[Key, CategoryPolicy] = Field(min_length=1)
    rules: tuple[Rule, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    ladders: dict[Key, Ladder] = Field(min_length=1)
    statutory: dict[Key, StatutoryDeadline] = {}
    pause_reasons: dict[Key, PauseReason] = {}
    remedies: dict[Key, RemedyPolicy] = {}
    messages: dict[Key, dict[Language, MessageTemplate]] = {}
    bounds: Bounds = Bounds()
    retention: Retention
    privacy: Privacy = Privacy()
    approval: Making = Making()
    reading: Reading | None = None


class Variant(Frozen):
    """A region's part: what differs there, inside the centre's bounds."""

    categories: dict[Key, Outcome] = {}
    targets: Targets = {}
    rules: tuple[Rule, ...] = ()


def written(part: Frozen) -> dict[str, Any]:
    """A part as plain JSON values, defaults left out: adding an optional field later keeps old digests."""
    return part.model_dump(mode="json", by_alias=True, exclude_defaults=True)
