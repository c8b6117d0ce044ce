"""The projection of the law onto the registry: rows for the keys that documents refer to, so that cases can point.

Called by `services.policy.install` and, when a scheduled version's moment has come, by the schedule that calls
`bring_into_force`; there is no other writer of live rows (`services.imports` adds retired ones). Names and columns are
those of the version in force. Keys of scheduled versions exist as soon as the version is installed. A key that neither
needs is retired, with the successor that its edition named, never deleted.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction

from escalations.core.edition import Successors
from escalations.core.policy import Policy
from escalations.errors import NoPolicy, Refused
from escalations.models import (
    Case,
    Category,
    Channel,
    Level,
    PolicyText,
    PolicyVersion,
    Region,
    RegistryRow,
    Role,
    Specialism,
    Team,
)
from escalations.selectors import law
from escalations.selectors import registry as known

# Section of the document -> table. Parents stand in the same table and are set in a second pass.
TABLES: Mapping[str, type[RegistryRow]] = {
    "levels": Level,
    "specialisms": Specialism,
    "roles": Role,
    "channels": Channel,
    "regions": Region,
    "teams": Team,
    "categories": Category,
}

Columns = dict[str, Any]


def check_successors(policy: Policy, successors: Successors, *, now: dt.datetime) -> None:
    """Refuse a document that drops a key still in use without naming its successor (decision 2).

    In use is what the version in force, a scheduled one, or one that pins an open case refers to. Raises Refused that
    lists every key, and every successor that is not there or not needed.
    """
    wrong: list[str] = []
    for section, named in successors.items():
        if section not in TABLES:
            wrong.append(f"{section} has no keys to retire (there are {', '.join(TABLES)})")
            continue
        keys = getattr(policy.central, section)
        for old, new in named.items():
            if old in keys:
                wrong.append(f"{section}: {old} is still there, so it needs no successor")
            if new not in keys:
                wrong.append(f"{section}: the successor {new} of {old} is not in the document")
    for section in TABLES:
        kept = getattr(policy.central, section).keys() | successors.get(section, {}).keys()
        for version in _in_use(now):
            for key in sorted(getattr(law.policy_of(version).central, section).keys() - kept):
                line = f"{section}: {key} is used by version {version.number} and needs a successor"
                if not any(found.startswith(f"{section}: {key} is used") for found in wrong):
                    wrong.append(line)
    if wrong:
        raise Refused("The edition retires keys that are in use. " + "; ".join(wrong) + ".")


@transaction.atomic
def bring_into_force(*, now: dt.datetime) -> dict[str, int]:
    """Make the registry say what the version in force at `now` says. Idempotent.

    Returns how many rows were `added`, `changed` and `retired`. When only scheduled versions exist, their keys are
    added and nothing is retired. About 20 queries, and one for each row that differs.
    """
    scheduled = list(PolicyVersion.objects.filter(effective_at__gt=now).order_by("effective_at", "number"))
    try:
        current: PolicyVersion | None = law.in_force(now)
    except NoPolicy:
        current = None
    versions = [version for version in (current, *scheduled) if version is not None]
    done = {"added": 0, "changed": 0, "retired": 0}
    retiring = _successors_of(current)
    for section, table in TABLES.items():
        wanted: dict[str, Columns] = {}
        for version in versions:
            for key, columns in _rows(law.policy_of(version), section):
                wanted.setdefault(key, columns)
        binding = set(getattr(law.policy_of(current).central, section)) if current is not None else set()
        _project(table, wanted, binding, retiring.get(section, {}), now, done)
    known.forget()
    return done


def _project(
    table: type[RegistryRow],
    wanted: Mapping[str, Columns],
    binding: set[str],
    successors: Mapping[str, str],
    now: dt.datetime,
    done: dict[str, int],
) -> None:
    """One table. `binding` are the keys whose columns must be as wanted; others are only added when missing."""
    rows = {row.key: row for row in table._default_manager.all()}
    fresh = wanted.keys() - rows.keys()
    made = [table(key=key, name=columns["name"]) for key, columns in wanted.items() if key in fresh]
    table._default_manager.bulk_create(made)
    rows |= {row.key: row for row in made}
    done["added"] += len(made)
    for key, columns in wanted.items():
        if key in fresh or key in binding:
            changed = _write(rows[key], {**columns, "retired_at": None, "successor": None}, rows)
            done["changed"] += changed and key not in fresh
    for key, row in rows.items():
        if binding and key not in wanted and row.retired_at is None:
            _write(row, {"retired_at": now, "successor": successors.get(key)}, rows)
            done["retired"] += 1


def _write(row: RegistryRow, columns: Columns, rows: Mapping[str, RegistryRow]) -> bool:
    """Write the columns that differ, keys of other rows as their ids. Tells whether there were any."""
    changed = []
    for name, value in columns.items():
        attribute = name
        if name in ("parent", "successor"):
            attribute, value = f"{name}_id", rows[value].pk if value is not None else None
        if getattr(row, attribute) != value:
            setattr(row, attribute, value)
            changed.append(name)
    if changed:
        row.save(update_fields=changed)
    return bool(changed)


def _rows(policy: Policy, section: str) -> Iterator[tuple[str, Columns]]:
    """The columns of each key of a section, as the document says them; a parent by its key."""
    central = policy.central
    zones = {key: spec.timezone for key, spec in central.calendars.items()}
    for key, part in getattr(central, section).items():
        columns: Columns = {"name": part.name}
        if section == "levels":
            columns |= {"rank": part.rank}
        elif section == "channels":
            columns |= {"rank": part.rank, "sensitive": part.sensitive, "second_factor": part.asks_second_factor}
        elif section == "regions":
            path = "/".join(policy.region_chain(key))
            columns |= {"path": path, "timezone": zones[part.calendar], "parent": part.parent}
        elif section == "teams":
            columns |= {
                "purpose": part.purpose or "",
                "calendar_key": part.calendar,
                "timezone": zones[part.calendar],
            }
        elif section == "categories":
            columns |= {"side": part.side, "parent": _above(key, central.categories)}
        yield key, columns


def _above(code: str, codes: Mapping[str, Any]) -> str | None:
    """The nearest category above a code that the document has: `a.b` for `a.b.c`, else `a`."""
    while "." in code:
        code = code.rpartition(".")[0]
        if code in codes:
            return code
    return None


def _in_use(now: dt.datetime) -> list[PolicyVersion]:
    """Versions in force, scheduled, or pinned by open cases, newest first."""
    try:
        current = law.in_force(now).pk
    except NoPolicy:
        current = None
    return [
        version
        for version in PolicyVersion.objects.order_by("-number")
        if version.pk == current
        or version.effective_at > now
        or Case.objects.filter(policy_version=version, is_open=True).exists()
    ]


def _successors_of(version: PolicyVersion | None) -> Successors:
    """The successors that a version's manifest names."""
    if version is None:
        return {}
    body = PolicyText.objects.values_list("body", flat=True).get(pk=version.edition_digest)
    named: Successors = json.loads(body).get("successors", {})
    return named
