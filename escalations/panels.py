"""What the desk shows of the apps above it, and of its own: small boxes beside a case and on the home page.

A higher app registers what it wants shown, when it is ready; this app never imports it:

    panels.register("playbook", render, order=10)                  beside every case
    panels.register("changes", render, place="home", order=20)     on everybody's home
    panels.link("Playbook", icon="menu_book", address="/playbook/", may=lambda user: True)

`render(request, case, now)` (on the home page `render(request, None, now)`) returns a `Panel`, or None for nothing.
Whatever it shows of cases must come through `Case.objects.visible_to(request.user)`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from django.http import HttpRequest

from escalations.models import Case, User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Place = Literal["case", "home"]
Render = Callable[[HttpRequest, Case | None, dt.datetime], "Panel | None"]


@dataclass(frozen=True, slots=True)
class Panel:
    """One box: its heading, the template that fills it and that template's context. `more` links to the whole."""

    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    more: str = ""
    more_title: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the sidebar's first group."""

    title: StrOrPromise
    icon: str
    address: str
    may: Callable[[User], bool]
    order: int


_panels: dict[tuple[Place, str], tuple[int, Render]] = {}
_links: dict[str, Link] = {}


def register(key: str, render: Render, *, place: Place = "case", order: int = 100) -> None:
    """Show a panel; registering the same key again replaces it. Smaller orders come first."""
    _panels[place, key] = (order, render)


def link(
    title: StrOrPromise, *, icon: str, address: str, may: Callable[[User], bool] = lambda user: True, order: int = 100
) -> None:
    """Add an entry to the sidebar; `address` is a path, `icon` a name of the Material Symbols font."""
    _links[address] = Link(title, icon, address, may, order)


def shown(request: HttpRequest, case: Case | None, now: dt.datetime, *, place: Place = "case") -> list[Panel]:
    """The panels of a place, in order, without those that have nothing to show here."""
    wanted = sorted((order, key, render) for (where, key), (order, render) in _panels.items() if where == place)
    found = [render(request, case, now) for _, _, render in wanted]
    return [panel for panel in found if panel is not None]


def links(user: User) -> list[Link]:
    """The sidebar's entries that this person may open, in order."""
    return [item for item in sorted(_links.values(), key=lambda item: (item.order, str(item.title))) if item.may(user)]
