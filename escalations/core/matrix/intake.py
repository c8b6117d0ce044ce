"""Facts from outside: a case as the contract writes it, and facts as a decision has recorded them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from escalations.core.facts import BUILTIN, Fact, FactError, Facts, FactState, parse_value
from escalations.core.policy import FactDefinition, Policy

CASE_FIELDS = (
    "category",
    "symptom",
    "summary",
    "description",
    "region",
    "regions",
    "language",
    "source",
    "external_ref",
    "party",
    "signals",
    "facts",
)
REGIONS = ("buyer", "seller", "storefront")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")

OTHER = ""
"""What a recorded text reads as when the policy does not name it: no condition can tell it from any other such text."""


def case_facts(policy: Policy, document: Mapping[str, Any]) -> Facts:
    """The facts of a case written as in the contract (`POST /api/v1/cases/`), checked against the policy.

    Signals count as claimed unless written `{"value": ..., "state": "verified"}`; declared facts that are no signals
    stand under `facts`. `regions` may give the buyer's, seller's and storefront's region apart; a policy with one
    region needs none. Texts (summary, description) never become facts.

    Raises FactError, which names the field, for anything that the policy or the contract does not know.
    """
    if not isinstance(document, Mapping):
        raise FactError("case", f"expected an object, got {document!r}")
    for name in document:
        if name not in CASE_FIELDS:
            raise FactError(str(name), f"no such field; a case has {', '.join(CASE_FIELDS)}")
    values: dict[str, Fact] = {}
    category = _code(document, "category")
    if category is None:
        raise FactError("category", f"say what the case is about, one of {_some(policy.central.categories)}")
    definition = policy.central.categories.get(category)
    if definition is None:
        raise FactError("category", f"the policy has no {category!r}; choose one of {_some(policy.central.categories)}")
    symptom = _code(document, "symptom")
    if symptom is not None and symptom not in definition.symptoms:
        raise FactError("symptom", f"{category} has no {symptom!r}; choose one of {_some(definition.symptoms)}")
    language = _text(document, "language")
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise FactError("language", f'write a language such as "en" or "de-AT", not {language!r}')
    party = _object(document, "party")
    regions = _regions(policy, document)
    region = regions.pop("", None) or regions.get(definition.region_of)
    if region is None and len(policy.central.regions) == 1:
        region = next(iter(policy.central.regions))
    for key, value in {
        "category": category,
        "symptom": symptom,
        "region": region,
        "language": language,
        "source": _code(document, "source"),
        "party_kind": _code(party, "kind", "party."),
    }.items():
        if value is not None:
            values[key] = Fact(value)
    if region is None:
        raise FactError("region", f"say where, one of {_some(policy.central.regions)}")
    values |= _declared(policy, document, "signals")
    values |= _declared(policy, document, "facts")
    return Facts(values, regions)


def recorded_facts(policy: Policy, recorded: Mapping[str, Any], category: str, region: str) -> Facts:
    """The facts that a decision has recorded, as facts again: evaluating them gives the same decision.

    Raises FactError when the record does not fit the policy, which is then not the one that decided.
    """
    values = {"category": Fact(category), "region": Fact(region)}
    for key, entry in recorded.items():
        definition = policy.central.facts.get(key)
        kind = BUILTIN.get(key) or (definition.type if definition else None)
        if kind is None:
            raise FactError(key, "the policy declares no such fact")
        raw = entry["value"]
        value = OTHER if kind == "text" and raw is None else parse_value(key, kind, raw)
        values[key] = Fact(value, entry["state"])
    own = policy.central.categories.get(category)
    return Facts(values, {own.region_of: region} if own else {})


def _regions(policy: Policy, document: Mapping[str, Any]) -> dict[str, str]:
    """Region by whose it is; the case's own stands under the empty text."""
    by_side = _object(document, "regions")
    for side in by_side:
        if side not in REGIONS:
            raise FactError(f"regions.{side}", f"a region is the {', '.join(REGIONS)}'s")
    written = {"region": _code(document, "region")}
    written |= {f"regions.{side}": _code(by_side, side, "regions.") for side in by_side}
    for field, region in written.items():
        if region is not None and region not in policy.central.regions:
            raise FactError(field, f"the policy has no {region!r}; choose one of {_some(policy.central.regions)}")
    return {field.partition(".")[2]: region for field, region in written.items() if region is not None}


def _declared(policy: Policy, document: Mapping[str, Any], section: str) -> dict[str, Fact]:
    written = _object(document, section)
    signal = section == "signals"
    found: dict[str, Fact] = {}
    for key, raw in written.items():
        field = f"{section}.{key}"
        definition = policy.central.facts.get(key)
        if definition is None or definition.signal is not signal:
            there = [name for name, fact in policy.central.facts.items() if fact.signal is signal]
            if definition is not None:
                raise FactError(field, f"stands under {'facts' if signal else 'signals'}")
            raise FactError(field, f"the policy declares no such {section[:-1]} (there are {_some(there) or 'none'})")
        fact = _fact(field, definition, raw)
        if fact is not None:
            found[key] = fact
    return found


def _fact(field: str, definition: FactDefinition, raw: Any) -> Fact | None:
    state, source = "claimed" if definition.signal else "given", ""
    if isinstance(raw, Mapping) and "value" in raw:
        for name in raw:
            if name not in ("value", "state", "source"):
                raise FactError(f"{field}.{name}", "no such field; a fact has value, state and source")
        state, source = raw.get("state", state), raw.get("source", "")
        allowed = ("claimed", "verified", "dismissed") if definition.signal else ("given",)
        if state not in allowed:
            raise FactError(f"{field}.state", f"is one of {', '.join(allowed)}, not {state!r}")
        if not isinstance(source, str):
            raise FactError(f"{field}.source", f"expected a text, got {source!r}")
        raw = raw["value"]
    if raw is None:
        return None
    value = parse_value(field, definition.type, raw)
    if definition.values:
        for word in value if isinstance(value, tuple) and definition.type == "list" else (value,):
            if word not in definition.values:
                raise FactError(field, f"is one of {', '.join(definition.values)}, not {word!r}")
    return Fact(value, cast(FactState, state), source)


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise FactError(name, f"expected an object, got {value!r}")
    return value


def _text(document: Mapping[str, Any], name: str, prefix: str = "") -> str | None:
    value = document.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise FactError(prefix + name, f"expected a text, got {value!r}")
    return value


def _code(document: Mapping[str, Any], name: str, prefix: str = "") -> str | None:
    value = _text(document, name, prefix)
    if value is not None and not _CODE.fullmatch(value):
        raise FactError(prefix + name, f"expected a code of letters, digits, '_', '-' and '.', got {value!r}")
    return value


def _some(keys: Any) -> str:
    listed = sorted(keys)
    return ", ".join(listed[:12]) + (", ..." if len(listed) > 12 else "")
