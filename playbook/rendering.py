"""The one place where a text that somebody wrote becomes part of a page as HTML, after `core.markup` has cleaned it."""

from __future__ import annotations

from django.utils.safestring import SafeString

from playbook.core import markup


def rendered(text: str, resolve: markup.Resolve, *, shift: int = 1) -> SafeString:
    """A Markdown text as HTML for a template. `resolve` leads internal links; headings go `shift` levels deeper."""
    return SafeString(markup.html(text, resolve, shift=shift))
