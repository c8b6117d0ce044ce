"""What the forms of a draft offer to choose from: the teams, levels, ladders, facts that are in it, by their names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from escalations.core.facts import BUILTIN
from playbook.core.entries import CENTRE
from playbook.forms.conditions import KnownFact
from playbook.forms.parts import Options
from playbook.selectors.drafting import Draft

BUILTIN_NAMES = {
    "category": "Category",
    "symptom": "Symptom",
    "region": "Region",
    "language": "Language",
    "source": "Way in",
    "party_kind": "Party",
}
PARTIES = ("buyer", "seller", "platform")
MANY_SYMPTOMS = 60
"""Of more than these a list to choose from helps nobody."""


class World:
    """Options by section, for one draft and one reader: what the reader may not know of is not offered."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    @cached_property
    def rows(self) -> Mapping[str, Mapping[str, Any]]:
        """The rows of the centre that stand and may be shown, by section and key."""
        found: dict[str, dict[str, Any]] = {}
        for entry in self.draft.entries:
            if entry.part == CENTRE and not entry.removed and self.draft.shows(entry):
                found.setdefault(entry.section, {})[entry.key] = self.draft.bodies[entry.pk]
        return found

    def options(self, section: str) -> Options:
        """What may be chosen of a section, by name."""
        if section == "scopes":
            return self._scopes
        if section == "protocols":
            return self._protocols
        if section == "tell":
            roles = [(f"role:{key}", name) for key, name in self.options("roles")]
            return [
                ("assignee", _("whoever has the case")), ("team_lead", _("the team's lead")),
                ("receiver", _("the lead who receives it")), *roles,
            ]  # fmt: skip
        return sorted(
            ((key, _named(section, key, body)) for key, body in self.rows.get(section, {}).items()),
            key=lambda option: (option[1].lower(), option[0]),
        )

    @cached_property
    def _scopes(self) -> Options:
        """Categories, and what several of them stand under."""
        codes = self.rows.get("categories", {})
        above = {code.rsplit(".", depth)[0] for code in codes for depth in range(1, 9)} - set(codes)
        named = [(code, f"{_named('categories', code, body)} ({code})") for code, body in codes.items()]
        return sorted([*named, *((code, _("everything under %(code)s") % {"code": code}) for code in above)])

    @cached_property
    def _protocols(self) -> Options:
        found: dict[str, str] = {}
        pages = self.rows.get("pages", {})
        for key, text in sorted(pages.items(), key=lambda page: not page[0].startswith("en/")):
            name = key.partition("/")[2]
            if name.startswith("protocol."):
                first = str(text).lstrip().partition("\n")[0].lstrip("# ").strip()
                found.setdefault(name.removeprefix("protocol."), first or name)
        return sorted(found.items(), key=lambda option: option[1].lower())

    @property
    def channels_seen(self) -> Options:
        """Channels as visibility classes that this reader has."""
        return [option for option in self.options("channels") if option[0] in self.draft.seen]

    def facts(self, scope: Collection[str] = ()) -> Mapping[str, KnownFact]:
        """The facts that conditions may read; symptoms are those of the categories in a scope."""
        found = {
            key: KnownFact(key, str(body.get("name") or key), str(body.get("type")), _words(body.get("values") or ()))
            for key, body in self.rows.get("facts", {}).items()
            if isinstance(body, Mapping) and body.get("type") in ("flag", "number", "money", "text", "list")
        }
        values: dict[str, Options] = {
            "category": [(code, name) for code, name in self._scopes if code in self.rows.get("categories", {})],
            "region": self.options("regions"),
            "symptom": self._symptoms(scope),
            "party_kind": _words(PARTIES),
        }
        own = {
            key: KnownFact(key, BUILTIN_NAMES.get(key, key), kind, values.get(key, ())) for key, kind in BUILTIN.items()
        }
        return own | dict(sorted(found.items(), key=lambda item: item[1].name.lower()))

    def _symptoms(self, scope: Collection[str]) -> Options:
        found: dict[str, str] = {}
        for code, body in self.rows.get("categories", {}).items():
            if not scope or any(code == of or code.startswith(f"{of}.") for of in scope):
                for key, name in (body.get("symptoms") or {}).items():
                    found.setdefault(key, str(name))
        return sorted(found.items(), key=lambda option: option[1].lower()) if len(found) <= MANY_SYMPTOMS else ()


def _named(section: str, key: str, body: Any) -> str:
    name = str(body.get("name") or key) if isinstance(body, Mapping) else key
    return f"{key} {name}" if section == "levels" and name != key else name


def _words(values: Iterable[Any]) -> Options:
    return [(str(value), str(value).replace("_", " ")) for value in values]
