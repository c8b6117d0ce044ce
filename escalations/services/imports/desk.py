"""What an import stands on: the version in force, the registry rows that its mapping names, and rows for the past.

A team or category of another desk is no law of this one. It gets a registry row that is retired from its first moment
and whose key no policy can use (`imported:...`), so that past owners and subjects have a row to point at while
nothing can be routed to them.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable
from functools import cached_property

from escalations.core.calendar import Calendar
from escalations.core.past import Plan, Term
from escalations.errors import Invalid
from escalations.models import Category, Channel, Level, Region, RegistryRow, Team
from escalations.selectors import law

_MODELS: dict[str, type[RegistryRow]] = {
    "team": Team,
    "category": Category,
    "channel": Channel,
    "region": Region,
    "level": Level,
}


class Desk:
    """The desk at the moment of an import. Reads each registry table once; remembers ids by key."""

    def __init__(self, *, now: dt.datetime) -> None:
        """Raises NoPolicy when no version is in force: a case cannot be without one."""
        self.now = now
        self.version = law.in_force(now)
        self.policy = law.policy_of(self.version)
        self._live = {kind: self._keys(model) for kind, model in _MODELS.items()}
        self._past: dict[tuple[str, str], int] = {}
        self._calendars: dict[str, Calendar] = {}

    def _keys(self, model: type[RegistryRow]) -> dict[str, int]:
        rows = model._default_manager.filter(retired_at__isnull=True)  # type: ignore[attr-defined]
        return dict(rows.values_list("key", "pk"))

    def problems(self, named: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
        """Of (kind, key, place) triples those whose key is none of this desk, as (place, what to do)."""
        found = []
        for kind, key, place in named:
            known = self._live[kind]
            if key in known:
                continue
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(sorted(known)) or 'none'}"
            found.append((place, f"the playbook in force has no {kind} {key!r}; {hint}"))
        return found

    def id_of(self, kind: str, key: str) -> int:
        """The id of a live row; the empty key means the desk's own choice. Raises Invalid when there is none."""
        key = key or (self.lowest_level if kind == "level" else self.root_region)
        try:
            return self._live[kind][key]
        except KeyError:
            raise Invalid(f"case.{kind}", f"the playbook in force has no {kind} {key!r}") from None

    @cached_property
    def lowest_level(self) -> str:
        """Key of the level of the lowest rank: where a case of unknown authority stands."""
        return self.policy.levels_by_rank()[0]

    @cached_property
    def root_region(self) -> str:
        """Key of the region that has no parent. Raises Invalid when there are several: the mapping must choose."""
        roots = sorted(key for key, region in self.policy.central.regions.items() if region.parent is None)
        if len(roots) != 1:
            raise Invalid("case.region", f"name the region of these cases; the playbook has {', '.join(roots)}")
        return roots[0]

    def calendar(self, region: str) -> Calendar:
        """The calendar of a region (of the root one for the empty key): what business time of the past counts on."""
        region = region or self.root_region
        if region not in self._calendars:
            key = self.policy.central.regions[region].calendar
            self._calendars[region] = law.policy_calendar(self.policy, key)
        return self._calendars[region]

    def team(self, term: Term, plan: Plan) -> int:
        """The id of a team's row. One that exists only for the past is made, retired, when it is met first."""
        return self._term("team", term, purpose=f"Imported from {plan.source}: had cases there, takes none here.")

    def category(self, term: Term, plan: Plan) -> int:
        """The id of a category's row, made like a team's; those of the past stand under the plan's `no_category`."""
        if term.here:
            return self._live["category"][term.key]
        parent = None if term == plan.no_category else self.category(plan.no_category, plan)
        return self._term("category", term, side=plan.side, parent_id=parent)

    def _term(self, kind: str, term: Term, **values: object) -> int:
        if term.here:
            return self._live[kind][term.key]
        if (kind, term.key) not in self._past:
            row, _ = _MODELS[kind]._default_manager.get_or_create(  # type: ignore[attr-defined]
                key=term.key, defaults={"name": term.name, "retired_at": self.now, **values}
            )
            if row.name != term.name:
                raise Invalid(
                    f"{kind}.key",
                    f"{term.key!r} was imported as {row.name!r} before, and would be {term.name!r} now; give the "
                    f"mapping another `key` for the {kind}",
                )
            self._past[kind, term.key] = row.pk
        return self._past[kind, term.key]
