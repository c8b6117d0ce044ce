"""Compiling: an edition as written becomes the policy document that runs, its pages, and the digests that name both.

    compiled = compile_source(source)         raises SourceError with every problem found, each with file and line

Pure and deterministic: the same source gives the same bytes and digests in every process. The one thing that comes
from outside the source, the dates of public holidays, comes from a library whose version is noted beside the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from escalations.core.calendar import Calendar, CalendarError
from escalations.core.edition import edition_digest, text_digest
from escalations.core.lint import lint
from escalations.core.policy import Policy
from escalations.core.policy import problems as policy_problems
from escalations.core.scenario import Scenario, run_all
from playbook.core import pages as page_rules
from playbook.core.public_holidays import LONGEST_HORIZON, expanded, libraries
from playbook.core.source import Place, Problem, Source, SourceError

_CALENDAR_FIELDS = ("timezone", "weekly_hours", "holidays", "date_overrides")
REGISTRY = ("levels", "specialisms", "roles", "channels", "regions", "teams", "categories")

PageKey = Annotated[
    str, StringConstraints(pattern=r"^(guide|protocol|category|stage|criteria)\.[A-Za-z0-9][A-Za-z0-9_.\-]{0,80}$")
]
PageLanguage = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Horizon(_Written):
    """The years, both included, for which public holidays are worked out."""

    first: int = Field(ge=1990, le=2150)
    last: int = Field(ge=1990, le=2150)

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if not self.first <= self.last < self.first + LONGEST_HORIZON:
            raise ValueError(f"a horizon goes forward, and over at most {LONGEST_HORIZON} years")
        return self

    @property
    def years(self) -> range:
        return range(self.first, self.last + 1)


class EditionDocument(_Written):
    """An edition as written. The policy and the scenarios have readers of their own."""

    edition: Literal[1]
    horizon: Horizon | None = None
    policy: dict[str, Any]
    pages: dict[PageLanguage, dict[PageKey, str]] = {}
    scenarios: list[Scenario] = []
    successors: dict[Literal[REGISTRY], dict[str, str]] = {}  # type: ignore[valid-type]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What an edition compiles to. `texts` maps page names to texts, `pages` to their digests."""

    policy: Policy
    texts: Mapping[str, str]
    successors: Mapping[str, Mapping[str, str]]
    scenarios: int
    warnings: tuple[Problem, ...]
    notes: Mapping[str, Any]

    @property
    def pages(self) -> dict[str, str]:
        """Page name -> digest of its text."""
        return {name: text_digest(text) for name, text in sorted(self.texts.items())}

    @property
    def digest(self) -> str:
        """The edition digest: what votes and approvals name."""
        return edition_digest(self.policy.digest, self.pages, self.successors)


def is_edition(source: Source) -> bool:
    """Whether a document is an edition (with pages and scenarios), and not a policy document alone."""
    return "policy" in source.document or "edition" in source.document


def with_horizon(source: Source, years: range) -> Source:
    """The source with these years as its horizon, unless it names its own. What is stored names one always."""
    if source.document.get("horizon") is not None or not is_edition(source):
        return source
    return Source({**source.document, "horizon": {"first": years[0], "last": years[-1]}}, source.marks)


def compile_policy(source: Source, document: Mapping[str, Any], at: Place, years: range | None) -> Policy:
    """A policy document as written, with its public holidays expanded when `years` says over which, as a Policy.

    Raises SourceError with every problem: of the document, and of calendars that cannot work.
    """
    problems: list[Problem] = []
    central = document.get("central")
    calendars = central.get("calendars") if isinstance(central, Mapping) else None
    if isinstance(calendars, Mapping):
        whole: dict[str, Any] = {}
        for key, spec in calendars.items():
            place: Place = (*at, "central", "calendars", key)
            if years is not None and isinstance(spec, Mapping):
                result = expanded(source, spec, place, years)
                if isinstance(result, Problem):
                    problems.append(result)
                else:
                    spec = result
            whole[key] = spec
            problems += _calendar_problems(source, spec, place)
        document = {**document, "central": {**document["central"], "calendars": whole}}
    try:
        policy = Policy.model_validate(document)
    except ValidationError as error:
        found = {source.problem((*at, *item["loc"]), message) for item, (_, message) in _with_places(error)}
        raise SourceError(*dict.fromkeys([*sorted(found, key=str), *problems])) from None
    if problems:
        raise SourceError(*problems)
    return policy


def _with_places(error: ValidationError) -> Iterator[tuple[Any, tuple[str, str]]]:
    return zip(error.errors(include_url=False), policy_problems(error), strict=True)


def _calendar_problems(source: Source, spec: Any, at: Place) -> Iterator[Problem]:
    """What keeps a calendar from working: unknown zone, hours that overlap or end before they begin, never open."""
    if not isinstance(spec, Mapping) or not isinstance(spec.get("timezone"), str):
        return  # the document's own check says it
    try:
        Calendar.from_document({name: spec[name] for name in _CALENDAR_FIELDS if name in spec})
    except CalendarError as error:
        yield source.problem((*at, *error.place), error.reason)
    except (TypeError, ValueError):
        return  # of a wrong shape: the document's own check says where


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in an edition or policy: errors stop it, warnings may be meant."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    policy: Policy | None = None
    compiled: Compiled | None = None


def compile_source(source: Source) -> Compiled:
    """Compile an edition. Raises SourceError that lists every error found, with the file and line of each."""
    examined = examine(source)
    if examined.compiled is None:
        raise SourceError(*examined.errors)
    return examined.compiled


def examine(source: Source) -> Examined:
    """Compile an edition as far as it goes, and tell errors and warnings.

    Runs, in this order: the edition's own form, the policy document with its holidays and calendars, then lint, pages,
    successors and scenarios. What an earlier step finds wrong ends it, because later ones need it.
    """
    try:
        written = _read_edition(source)
        policy = compile_policy(source, written.policy, ("policy",), written.horizon.years if written.horizon else None)
    except SourceError as error:
        return Examined(error.problems)
    errors, warnings = _linted(source, policy, ("policy",))
    errors += [
        *_successor_problems(source, policy, written.successors),
        *page_rules.problems(source, policy, written.pages),
        *_scenario_problems(source, policy, written.scenarios),
    ]
    if errors:
        return Examined(tuple(errors), tuple(warnings), policy)
    compiled = Compiled(
        policy=policy,
        texts=page_rules.named(written.pages),
        successors=written.successors,
        scenarios=len(written.scenarios),
        warnings=tuple(warnings),
        notes={"horizon": _span(written.horizon), **libraries()},
    )
    return Examined((), compiled.warnings, policy, compiled)


def examine_policy(source: Source) -> Examined:
    """Check a policy document that stands alone, such as one that was exported."""
    try:
        policy = compile_policy(source, source.document, (), None)
    except SourceError as error:
        return Examined(error.problems)
    errors, warnings = _linted(source, policy, ())
    return Examined(tuple(errors), tuple(warnings), policy)


def _linted(source: Source, policy: Policy, at: Place) -> tuple[list[Problem], list[Problem]]:
    """Lint's findings as errors and warnings."""
    found: dict[str, list[Problem]] = {"error": [], "warning": []}
    for finding in lint(policy):
        found[finding.severity].append(source.problem((*at, *finding.path), finding.message, finding.code))
    return found["error"], found["warning"]


def _read_edition(source: Source) -> EditionDocument:
    try:
        return EditionDocument.model_validate(source.document)
    except ValidationError as error:
        raise SourceError(
            *(source.problem(item["loc"], message) for item, (_, message) in _with_places(error))
        ) from None


def _successor_problems(
    source: Source, policy: Policy, successors: Mapping[str, Mapping[str, str]]
) -> Iterator[Problem]:
    for section, named in successors.items():
        keys = getattr(policy.central, section)
        for old, new in named.items():
            if old in keys:
                yield source.problem(("successors", section, old), f"{old} is still there, so it needs no successor")
            if new not in keys:
                yield source.problem(("successors", section, old), f"the successor {new} is not there")


def _scenario_problems(source: Source, policy: Policy, scenarios: Sequence[Scenario]) -> Iterator[Problem]:
    """Scenarios that do not come out as the edition says, and names that stand twice."""
    seen: set[str] = set()
    for number, scenario in enumerate(scenarios):
        at: Place = ("scenarios", number)
        if scenario.name in seen:
            yield source.problem((*at, "name"), f"{scenario.name!r} stands twice; give each scenario a name of its own")
        seen.add(scenario.name)
    for scenario, mismatches in run_all(policy, scenarios):
        place: Place = ("scenarios", scenarios.index(scenario))
        for mismatch in mismatches:
            yield source.problem(place, f"{scenario.name}: {mismatch}")


def _span(horizon: Horizon | None) -> list[int] | None:
    return [horizon.first, horizon.last] if horizon else None
