"""Whether one row of an edition is well written in itself, before it is looked at together with all the others."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from escalations.core.policy import problems as policy_problems
from escalations.core.policy.document import Central, Variant
from escalations.core.policy.values import Key, Name
from escalations.core.scenario import Scenario
from playbook.core.compiling import Horizon, PageKey, PageLanguage
from playbook.core.entries import CENTRE, SETTINGS, Address, Section, section_of
from playbook.core.source import Problem, Source

_LONGEST_PAGE = 60_000


class _Settings(BaseModel):
    """What is said once of the whole edition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    edition: int
    horizon: Horizon | None = None
    schema_version: int
    title: Name


def problems(address: Address, body: Any) -> Iterator[Problem]:
    """What is wrong with one row by itself: its key, a missing or unknown field, a value that cannot be.

    Whether what it refers to is there, and whether the rules work together, is for compiling all of them.
    Raises LookupError for a section that there is not.
    """
    section = section_of(address)
    yield from _of_the_key(section, address)
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


def _of_the_key(section: Section, address: Address) -> Iterator[Problem]:
    if section.shape == "alone":
        if address.key:
            yield Problem("key", "stands alone, without a key")
        return
    kinds: list[Any] = [Name if section.named_by == "name" else Key]
    parts = [address.key]
    if section.shape == "nested":
        kinds = (
            [PageLanguage, PageKey]
            if section.key == "pages"
            else [Key, PageLanguage]
            if section.key == "messages"
            else [Key, Key]
        )
        parts = address.key.split("/", 1)
        if len(parts) != 2:
            yield Problem("key", "takes two names with a slash between, such as en/guide.start")
            return
    for kind, part in zip(kinds, parts, strict=True):
        try:
            TypeAdapter(kind).validate_python(part)
        except ValidationError:
            yield Problem(
                "key", f"{part!r} cannot be a key: letters, digits, dot and dash, beginning with a letter or digit"
            )


@cache
def _adapter(of_the_centre: bool, section: str) -> TypeAdapter[Any]:
    """What checks one row of a section: the value type that the document itself has there."""
    if section == SETTINGS:
        return TypeAdapter(_Settings)
    if section == "pages":
        return TypeAdapter(str)
    if section == "scenarios":
        return TypeAdapter(Scenario)
    if section == "successors":
        return TypeAdapter(Key)
    held = (Central if of_the_centre else Variant).model_fields[section].annotation
    spec = section_of(Address(CENTRE if of_the_centre else "-", section))
    if spec.shape == "alone":
        return TypeAdapter(held)
    inner = get_args(held)[0 if spec.shape == "listed" else 1]
    return TypeAdapter(get_args(inner)[1] if spec.shape == "nested" else inner)
