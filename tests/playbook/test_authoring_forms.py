"""Forms of rows: opened and saved by nobody's hand they change nothing, and what is typed is read as it was meant."""

from __future__ import annotations

import json
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from pydantic import TypeAdapter

from escalations.core.canonical import canonical
from playbook import presets
from playbook.core.compiling import with_horizon
from playbook.core.entries import CENTRE, Address, split
from playbook.core.entries import Entry as Row
from playbook.core.reading import read
from playbook.core.rows import model_of
from playbook.forms.parts import ABSENT
from playbook.forms.rows import RowForm
from playbook.forms.world import World
from playbook.models import Edition, Entry
from playbook.selectors.drafting import Draft

pytestmark = pytest.mark.django_db


class Sent(HTMLParser):
    """What a browser sends of a form: every named control that would be."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pairs: list[tuple[str, str]] = []
        self.select: str | None = None
        self.chosen: str | None = None
        self.area: str | None = None
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {key: value or "" for key, value in attrs}
        if tag == "input" and at.get("name"):
            ticked = at.get("type") not in ("checkbox", "radio") or "checked" in at
            if ticked:
                self.pairs.append((at["name"], at.get("value", "")))
        elif tag == "select":
            self.select, self.chosen = at["name"], None
        elif tag == "option" and self.select and (self.chosen is None or "selected" in at):
            self.chosen = at.get("value", "")
        elif tag == "textarea":
            self.area, self.text = at["name"], ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select:
            self.pairs.append((self.select, self.chosen or ""))
            self.select = None
        elif tag == "textarea" and self.area:
            # A browser drops the first line break, and sends the others as two characters.
            self.pairs.append((self.area, self.text.removeprefix("\n").replace("\n", "\r\n")))
            self.area = None


def sent(html: str) -> QueryDict:
    parser = Sent()
    parser.feed(html)
    data = QueryDict(mutable=True)
    for name, value in parser.pairs:
        data.appendlist(name, value)
    return data


def drawn(form: RowForm) -> str:
    return render_to_string(form.drawn().template, {"drawn": form.drawn(), "row": form})


class Open(Draft):
    """A draft whose reader has every visibility class."""

    def __init__(self, entries: list[Entry]) -> None:
        self.edition, self.entries = Edition(title="-"), entries
        self.bodies = {entry.pk: entry.says for entry in entries}
        self.seen = frozenset(
            entry.key for entry in entries if entry.section == "channels" and entry.part == CENTRE
        )  # fmt: skip


def draft_of(rows: tuple[Row, ...]) -> Open:
    return Open(
        [
            Entry(pk=n, **row.address._asdict(), position=n, body=canonical(row.body).decode(), before="")
            for n, row in enumerate(rows, start=1)
        ]
    )


@cache
def preset(name: str) -> Open:
    return draft_of(split(with_horizon(read(presets.folder(name)), range(2025, 2030))))


@pytest.mark.parametrize("name", presets.names())
def test_opening_a_form_and_saving_it_unchanged_keeps_every_row_to_the_byte(name: str) -> None:
    draft = preset(name)
    world = World(draft)
    for entry in draft.entries:
        body = draft.bodies[entry.pk]
        form = RowForm(entry.address, body, world)
        assert not form.as_yaml, entry
        data = sent(drawn(form))
        back = RowForm(entry.address, body, world, data)
        assert back.is_valid(), (entry, back.wrong)
        assert canonical(back.body).decode() == entry.body, entry
        # And typed anew, without what the row was, every control says its part by itself.
        again = RowForm(entry.address, body if entry.section == "settings" else ABSENT, world, data)
        assert again.is_valid(), (entry, again.wrong)
        assert _meant(entry.address, again.body) == _meant(entry.address, body), entry


@pytest.mark.parametrize("name", presets.names())
def test_and_so_does_the_yaml_of_every_row(name: str) -> None:
    draft = preset(name)
    world = World(draft)
    for entry in draft.entries:
        form = RowForm(entry.address, draft.bodies[entry.pk], world, as_yaml=True)
        back = RowForm(entry.address, draft.bodies[entry.pk], world, sent(drawn(form)), as_yaml=True)
        assert back.is_valid(), (entry, back.wrong)
        assert canonical(back.body).decode() == entry.body


def _meant(address: Address, body: Any) -> Any:
    """What the engine makes of a row: without defaults, and without an order where it says nothing."""
    kind = TypeAdapter(model_of(address))
    return _unordered(json.loads(kind.dump_json(kind.validate_python(body), by_alias=True, exclude_defaults=True)))


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: sorted(inner) if key in ("tell", "in", "stops", "fields", "resumes_on") else _unordered(inner)
            for key, inner in value.items()
        }
    return [_unordered(inner) for inner in value] if isinstance(value, list) else value
