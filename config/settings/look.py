"""The look of the admin: names, colours and navigation of unfold.

Neutral surfaces. Colour is kept for four meanings (calm, soon, late, restricted; `desk/tokens.css`), so the
primary colour is a quiet ink that does not compete with them.
"""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Throughline",
    "SITE_HEADER": "Throughline",
    "SITE_SUBHEADER": _("Escalation desk"),
    "SITE_URL": None,
    "SITE_SYMBOL": "timeline",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("desk/mark.svg")},
    ],
    "LOGIN": {"form": "escalations.forms.signing.SignInForm"},
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "escalations.admin.home.dashboard",
    "STYLES": [lambda request: static("desk/tokens.css"), lambda request: static("desk/desk.css")],
    "SCRIPTS": [lambda request: static("desk/desk.js")],
    "BORDER_RADIUS": "6px",
    "SIDEBAR": {"navigation": "escalations.admin.navigation.sidebar"},
    "COLORS": {
        "base": {
            "50": "oklch(98.4% .002 260)",
            "100": "oklch(96.6% .003 260)",
            "200": "oklch(92.4% .005 260)",
            "300": "oklch(86.6% .008 260)",
            "400": "oklch(69% .014 260)",
            "500": "oklch(51.5% .018 260)",
            "600": "oklch(44% .02 260)",
            "700": "oklch(36.5% .021 260)",
            "800": "oklch(27% .019 260)",
            "900": "oklch(20.5% .016 260)",
            "950": "oklch(15.5% .014 260)",
        },
        "primary": {
            "50": "oklch(97.2% .012 255)",
            "100": "oklch(94% .026 255)",
            "200": "oklch(88.5% .05 255)",
            "300": "oklch(81% .08 255)",
            "400": "oklch(74% .105 255)",
            "500": "oklch(73% .11 255)",
            "600": "oklch(47% .115 258)",
            "700": "oklch(41% .105 258)",
            "800": "oklch(35.5% .09 258)",
            "900": "oklch(31% .075 258)",
            "950": "oklch(23% .055 258)",
        },
        "font": {
            "subtle-light": "var(--color-base-500)",
            "subtle-dark": "var(--color-base-400)",
            "default-light": "var(--color-base-700)",
            "default-dark": "var(--color-base-200)",
            "important-light": "var(--color-base-900)",
            "important-dark": "var(--color-base-100)",
        },
    },
}
