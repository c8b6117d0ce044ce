"""The look of the admin: names, colours and navigation of unfold."""

from __future__ import annotations

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Throughline",
    "SITE_HEADER": "Throughline",
    "SITE_SUBHEADER": "Escalation desk",
    "SITE_URL": None,
    "SITE_SYMBOL": "timeline",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
}
