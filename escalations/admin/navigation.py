"""The sidebar: what this person may open, in groups by what it is about.

Models are found by their registration, so that whoever registers one sees it here without naming it here.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from escalations import panels

# Groups in their order; models in theirs, with their symbols. Models that are not named follow by app.
GROUPS: tuple[tuple[str, dict[str, str]], ...] = (
    ("", {"escalations.case": "inbox"}),
    (
        "People",
        {
            "escalations.membership": "badge",
            "escalations.absence": "event_busy",
            "escalations.cover": "swap_horiz",
            "escalations.oncallshift": "call",
            "escalations.channelrequest": "key",
            "escalations.casegrant": "lock_open",
            "escalations.user": "person",
            "auth.group": "group_work",
        },
    ),
    (
        "Law in force",
        {
            "escalations.policyversion": "gavel",
            "escalations.category": "category",
            "escalations.team": "groups",
            "escalations.channel": "lock",
            "escalations.region": "public",
            "escalations.level": "stairs",
            "escalations.specialism": "school",
            "escalations.role": "support_agent",
        },
    ),
)
SYMBOLS = {
    "accessentry": "visibility",
    "legalhold": "gavel",
    "erasure": "delete_sweep",
    "delivery": "send",
    "outbox": "outbox",
    "heartbeat": "ecg_heart",
    "edition": "menu_book",
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """unfold's navigation: groups of links, each only with what the person may open."""
    pages = {model._meta.label_lower: (model, page) for model, page in admin.site._registry.items()}
    mine = {label: (model, page) for label, (model, page) in pages.items() if page.has_view_permission(request)}
    groups: list[dict[str, Any]] = []
    placed: set[str] = set()
    for title, items in GROUPS:
        links = []
        for label, symbol in items.items():
            placed.add(label)
            if label in mine:
                links.append(_link(mine[label][0], symbol))
        if title == "People":
            address = reverse("admin:escalations_user_privileges")
            links.append({"title": _("Who may do what"), "icon": "checklist", "link": address})
            if request.path == address:  # it lies beneath the accounts, which would be marked as well
                links = [link | {"active": link["link"] == address} for link in links]
        groups.append({"title": _(title) if title else "", "items": links})
    first = groups[0]["items"]
    first.insert(0, {"title": _("Home"), "icon": "home", "link": reverse("admin:index")})
    # Said here: what lies under /admin/playbook/ would count as lying under /playbook/ as well.
    first += [
        {"title": item.title, "icon": item.icon, "link": item.address, "active": request.path.startswith(item.address)}
        for item in panels.links(request.user)  # type: ignore[arg-type]
    ]
    for config in apps.get_app_configs():
        rest = [
            _link(model, SYMBOLS.get(model._meta.model_name or "", "table_rows"))
            for label, (model, _page) in mine.items()
            if model._meta.app_label == config.label and label not in placed
        ]
        if rest:
            groups.append(
                {"title": _("Engine") if config.label == "escalations" else config.verbose_name, "items": rest}
            )
    return [group for group in groups if group["items"]]


def _link(model: Any, symbol: str) -> dict[str, Any]:
    meta = model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return {"title": str(meta.verbose_name_plural).capitalize(), "icon": symbol, "link": address}
