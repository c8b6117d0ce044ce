"""Texts of the playbook to start a message from, with what is known filled in and a gap where a person must say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from escalations.models import User
from escalations.selectors.casepage import Top

GAP = "[…]"


@dataclass(frozen=True, slots=True)
class StartText:
    """One text: its name and its words."""

    name: str
    body: str


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return GAP


def start_texts(top: Top, user: User, wanted: tuple[str, ...]) -> list[StartText]:
    """The texts of these occasions in the case's language, else in English; those that the playbook does not have are
    left out. The party's name is filled in while this person has it unmasked."""
    case = top.case
    known = _Known(
        reference=case.reference,
        category=case.category.name,
        team=case.team.name,
        leader=str(user),
        summary=case.text.summary,
    )
    if top.party.full_name:
        known["party"] = top.party.full_name
    found = []
    for key in wanted:
        by_language = top.policy.central.messages.get(key, {})
        text = by_language.get(case.language) or by_language.get("en")
        if text is not None:
            found.append(StartText(key.replace("_", " ").capitalize(), text.body.strip().format_map(known)))
    return found
