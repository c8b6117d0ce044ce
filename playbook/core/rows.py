"""Whether one row of an edition is well written in itself, before it is looked at together with all the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from escalations.core.policy import problems as policy_problems
from escalations.core.policy.document import Central, Variant
from escalations.core.policy.values import Key, Name
from escalations.core.scenario import Scenario
from playbook.core.compiling import Horizon, PageKey, PageLanguage
from playbook.core.entries import CENTRE, SETTINGS, VARIANT, Address, section_of
from playbook.core.source import Problem, Source


class _Settings(BaseModel):
    """What is said once of the whole edition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    edition: Literal[1]
    horizon: Horizon
    schema_version: int
    title: Name


def problems(address: Address, body: Any) -> Iterator[Problem]:
    """What is wrong with one row by itself: its key, a missing or unknown field, a value that cannot be.

    Whether what it refers to is there, and whether the rules work together, is for compiling all of them.
    Raises LookupError for a section that there is not.
    """
    section = section_of(address)
    yield from of_the_address(address)
    try:
        _adapter(address.part == CENTRE, section.key).validate_python(body)
    except ValidationError as error:
        for item, (_, message) in zip(error.errors(include_url=False), policy_problems(error), strict=True):
            yield Source({}).problem(tuple(item["loc"]), message)
    if section.shape == "listed" and isinstance(body, dict) and body.get(section.named_by) != address.key:
        yield Problem(
            section.named_by,
            f"is {address.key}, and stays: other rows and past decisions name it",
            path=(section.named_by,),
        )


def of_the_address(address: Address) -> Iterator[Problem]:
    """Why a row cannot have this address: its region or its key is none. Raises LookupError for an unknown section."""
    section = section_of(address)
    if address.part != CENTRE:
        if not address.part.startswith(VARIANT):
            yield Problem("part", f"is {CENTRE}, or {VARIANT} and a region")
        else:
            yield from _fits("part", Key, address.part.removeprefix(VARIANT))
    if section.shape == "alone":
        if address.key:
            yield Problem("key", "stands alone, without a key")
        return
    if section.named_by == "name":
        yield from _fits("key", Name, address.key)
        return
    if section.shape != "nested":
        yield from _fits("key", Key, address.key)
        return
    kinds = {"pages": (PageLanguage, PageKey), "messages": (Key, PageLanguage)}.get(section.key, (Key, Key))
    parts = address.key.split("/")
    if len(parts) != len(kinds):
        yield Problem("key", "takes two names with a slash between, such as en/guide.start")
        return
    for kind, part in zip(kinds, parts, strict=True):
        yield from _fits("key", kind, part)


def _fits(place: str, kind: Any, text: str) -> Iterator[Problem]:
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        for message in dict.fromkeys(message for _, message in policy_problems(error)):
            yield Problem(place, f"{text[:80]!r}: {message}")


def model_of(address: Address) -> Any:
    """The type that one row of a section has: the value type that the document itself has there.
    Raises LookupError for a section that there is not."""
    section_of(address)
    return _held(address.part == CENTRE, address.section)


@cache
def _adapter(of_the_centre: bool, section: str) -> TypeAdapter[Any]:
    return TypeAdapter(_held(of_the_centre, section))


def _held(of_the_centre: bool, section: str) -> Any:
    if section in _OUTSIDE:
        return _OUTSIDE[section]
    held: Any = (Central if of_the_centre else Variant).model_fields[section].annotation
    spec = section_of(Address(CENTRE if of_the_centre else "-", section))
    if spec.shape == "alone":
        return held
    inner = get_args(held)[0 if spec.shape == "listed" else 1]
    return get_args(inner)[1] if spec.shape == "nested" else inner


_OUTSIDE: Mapping[str, Any] = {SETTINGS: _Settings, "pages": str, "scenarios": Scenario, "successors": Key}
"""What stands beside the policy document."""
