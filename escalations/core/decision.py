"""What an evaluation returns: where a case goes, by when, and why. A value, stored with the case for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from escalations.core.policy import Band, Target, TargetKind

ENGINE_VERSION = 1


class Decision(NamedTuple):
    """The outcome of `matrix.evaluate`, with its trace. A named tuple, because one is made for every case and a
    frozen dataclass of this width costs as much as finding the rule.

    `origins` says for each field which layer gave its value: `default`, `category`, `region:KEY`, `rule:KEY`,
    `trigger:KEY`. `trace` has one byte per rule in the order tried (the region's rules, then the centre's): 0 matched,
    1..8 the position of the condition that failed first (8 stands for the eighth and later), `NOT_IN_SCOPE`,
    `NOT_REACHED`. `trigger_trace` has one byte per trigger: 0 did not fire, 1 fired in full, 2 fired on a claim
    (severity and targets only), 3 fired because the currency has no band, 4 both of these.
    `held_back` names level and channel as they would be if every claim were verified, as (field, value) pairs; a field
    that would stay as it is does not stand there.
    """

    category: str
    region: str
    region_chain: tuple[str, ...]
    owner: str
    backups: tuple[str, ...]
    specialisms: tuple[str, ...]
    channel: str
    level: str
    severity: Band
    protocol: str | None
    calendar: str
    ladder: str
    targets: Mapping[TargetKind, Target]
    statutory: tuple[str, ...]
    rule: str | None
    triggers: tuple[str, ...]
    origins: Mapping[str, str]
    held_back: tuple[tuple[str, str], ...]
    facts: Mapping[str, Any]
    trace: bytes
    trigger_trace: bytes
    engine_version: int = ENGINE_VERSION

    def outcome(self) -> dict[str, Any]:
        """The decision's result as JSON (no trace, no facts): what `case_decision.outcome` stores."""
        return {
            "category": self.category,
            "region": self.region,
            "owner": self.owner,
            "backups": list(self.backups),
            "specialisms": list(self.specialisms),
            "channel": self.channel,
            "level": self.level,
            "severity": self.severity,
            "protocol": self.protocol,
            "calendar": self.calendar,
            "ladder": self.ladder,
            "targets": {kind: target.model_dump(mode="json") for kind, target in self.targets.items()},
            "statutory": list(self.statutory),
            "triggers": list(self.triggers),
            "origins": dict(self.origins),
            "held_back": [list(pair) for pair in self.held_back],
        }


# Bytes of `trace`.
MATCHED = 0
NOT_IN_SCOPE = 254
NOT_REACHED = 255

# Bytes of `trigger_trace`.
NOT_FIRED = 0
FIRED = 1
FIRED_ON_CLAIM = 2
FIRED_NO_BAND = 3
FIRED_ON_CLAIM_NO_BAND = 4
