"""The one place where a text that somebody wrote becomes part of a page as HTML, after `core.markup` has cleaned it."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from playbook.core import markup


def rendered(text: str, resolve: markup.Resolve, *, top: int = 2, classes: Collection[str] = ()) -> SafeString:
    """A Markdown text as HTML for a template, for a reader with these visibility classes (none: what everybody may
    read). `resolve` leads internal links; its highest headings become those of level `top`."""
    return SafeString(markup.html(text, resolve, top=top, classes=classes, label=_label))


def _label(shown: bool) -> str:
    """What stands above a restricted passage, or in its place."""
    return _("Restricted: keep it here") if shown else _("A restricted passage stands here. You need not know it.")
