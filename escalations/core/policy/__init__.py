"""The policy document: one immutable text that people read, the council votes on and the engine runs.

Policy.model_validate(document)    parse; every error carries the path in the document
policy.digest                      SHA-256 of the canonical JSON: what a vote binds to
policy.part_digests                of the central part and of each region's variant
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from escalations.core.canonical import digest_of
from escalations.core.policy.document import (
    Bound,
    Bounds,
    CalendarSpec,
    CategoryPolicy,
    Central,
    Channel,
    ClockKind,
    Defaults,
    EvidenceItem,
    FactDefinition,
    Ladder,
    Level,
    MessageTemplate,
    Outcome,
    PauseReason,
    Raise,
    Reading,
    Region,
    RegionRetention,
    RemedyPolicy,
    Retention,
    Rule,
    Rung,
    Scope,
    StatutoryDeadline,
    Targets,
    Team,
    Trigger,
    Variant,
    written,
)
from escalations.core.policy.references import findings
from escalations.core.policy.values import (
    BANDS,
    TARGET_KINDS,
    All,
    Amounts,
    AnyOf,
    Band,
    Condition,
    Frozen,
    Keeping,
    Not,
    Span,
    Target,
    TargetKind,
    Test,
    format_duration,
    parse_duration,
    tests_of,
)

SCHEMA_VERSION = 1


class Policy(Frozen):
    """A whole policy document, checked: what refers to a key finds it, and no two rules can tie."""

    schema_version: Literal[1]
    title: str = Field(min_length=1, max_length=120)
    central: Central
    variants: dict[str, Variant] = {}

    @model_validator(mode="after")
    def _references(self) -> Self:
        errors: list[InitErrorDetails] = [
            {
                "type": PydanticCustomError("reference", "{message}", {"message": message}),
                "loc": path,
                "input": None,
            }
            for path, message in findings(self)
        ]
        if errors:
            raise ValidationError.from_exception_data(type(self).__name__, errors)
        return self

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of a document as it is written, for editors that help while typing. References between
        sections, bounds and ties are beyond it: `model_validate` is what decides."""
        return cls.model_json_schema(by_alias=True, mode="validation")

    def document(self) -> dict[str, Any]:
        """The document as plain JSON values, defaults left out; `model_validate` gives the same policy back."""
        # The version is written even though it never varies within a class: readers choose by it.
        return {**written(self), "schema_version": self.schema_version}

    @cached_property
    def digest(self) -> str:
        """The policy digest that votes, publications and cases refer to."""
        return digest_of(self.document())

    @cached_property
    def part_digests(self) -> dict[str, str]:
        """Digest of each part: `central`, and `variants.<region>` for every region that differs."""
        parts = {"central": digest_of(written(self.central))}
        return parts | {f"variants.{key}": digest_of(written(part)) for key, part in sorted(self.variants.items())}

    def region_chain(self, region: str) -> tuple[str, ...]:
        """A region and its ancestors, root first. An unknown region has the empty chain."""
        chain: list[str] = []
        current: str | None = region
        while current is not None and current in self.central.regions and current not in chain:
            chain.append(current)
            current = self.central.regions[current].parent
        return tuple(reversed(chain))

    def level_rank(self, level: str) -> int:
        """The rank of a level; a level that the document does not have ranks lowest (0)."""
        found = self.central.levels.get(level)
        return found.rank if found else 0

    def levels_by_rank(self) -> tuple[str, ...]:
        """Level keys, lowest authority first."""
        return tuple(sorted(self.central.levels, key=self.level_rank))


def problems(error: ValidationError) -> list[tuple[str, str]]:
    """A validation error as (path in the document, what is wrong) pairs, for people."""
    return [
        (".".join(str(part) for part in item["loc"]) or "document", item["msg"].removeprefix("Value error, "))
        for item in error.errors(include_url=False)
    ]


__all__ = [
    "BANDS",
    "SCHEMA_VERSION",
    "TARGET_KINDS",
    "All",
    "Amounts",
    "AnyOf",
    "Band",
    "Bound",
    "Bounds",
    "CalendarSpec",
    "CategoryPolicy",
    "Channel",
    "ClockKind",
    "Condition",
    "Defaults",
    "EvidenceItem",
    "FactDefinition",
    "Keeping",
    "Ladder",
    "Level",
    "MessageTemplate",
    "Not",
    "Outcome",
    "PauseReason",
    "Policy",
    "Raise",
    "Reading",
    "Region",
    "RegionRetention",
    "RemedyPolicy",
    "Retention",
    "Rule",
    "Rung",
    "Scope",
    "Span",
    "StatutoryDeadline",
    "Target",
    "TargetKind",
    "Targets",
    "Team",
    "Test",
    "Trigger",
    "Variant",
    "format_duration",
    "parse_duration",
    "problems",
    "tests_of",
    "written",
]
