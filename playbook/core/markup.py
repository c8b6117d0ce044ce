"""Markdown as authors write it, and the HTML that readers get: whatever was written, nothing of it runs.

CommonMark with tables, and no HTML of its own (it is shown as it was typed). What comes out goes through a sanitiser
all the same: two walls, of which either would do.

Links lead to pages of the playbook (`page:KEY`), to categories (`category:CODE`), to places of the same page (`#place`)
and to addresses of the web (https, mailto); any other becomes plain words. Of a picture its words are shown: loading
it would tell its server who reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from playbook.core import restricted

Resolve = Callable[[str, str], str | None]
"""From the kind of a link (`page` or `category`) and its key to an address; None where it leads nowhere."""

Label = Callable[[bool], str]
"""What stands above a restricted passage: for who may read it (True), and in its place for others."""


def plain_label(shown: bool) -> str:
    """What stands above a restricted passage, in English."""
    return "Restricted: keep it here" if shown else "A restricted passage"


_INTERNAL = re.compile(r"(page|category):([^#]*)(#.*)?")
_TAGS = {
    "a", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "div": {"class"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
    "ol": {"start"},
    "td": {"class"},
    "th": {"class", "scope"},
}
_SCHEMES = {"https", "mailto"}
_CLASSES = {"left", "center", "right", "restricted"}

_PLACE = "at-"
"""Before the id of each heading, so that no text takes the name of a part of the page around it."""

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def html(
    text: str, resolve: Resolve, *, top: int = 1, classes: Collection[str] = (), label: Label = plain_label
) -> str:
    """HTML of a Markdown text, safe to put into a page, for a reader with these visibility classes (none: what
    everybody may read).

    `resolve` says where the internal links lead. The highest headings become those of level `top` and the others
    follow, so that no level of the page around is left out. Each carries an id made of its words, so that it can be
    linked to; the same words twice are numbered.
    """
    shown = restricted.visible(text, classes)
    return nh3.clean(
        _made(shown, resolve, top - _highest(shown), label, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
        attribute_filter=_attribute,
    )


def _made(text: str, resolve: Resolve, shift: int, label: Label, seen: dict[str, int]) -> str:
    tokens = _markdown.parse(text)
    _links(tokens, resolve)
    _headings(tokens, shift, seen)
    _columns(tokens)
    passages = {"passage": lambda inner: _made(inner, resolve, shift, label, seen), "label": label}
    return str(_markdown.renderer.render(tokens, _markdown.options, passages))


def _highest(text: str) -> int:
    """The level of the highest heading of a text and of the passages in it; 6 where there is none."""
    found = [6]
    for token in _markdown.parse(text):
        if token.type == "heading_open":
            found.append(int(token.tag[1]))
        elif restricted.is_passage(token):
            found.append(_highest(token.content))
    return min(found)


def _fence(self: Any, tokens: Sequence[Token], number: int, options: Any, env: Any) -> str:
    """A fenced block as code; a restricted passage as what it says, or that there is one."""
    token = tokens[number]
    if not restricted.is_passage(token):
        return str(self.fence(tokens, number, options, env))
    shown = restricted.guard_of(token) is not None
    inner = env["passage"](token.content) if shown else ""
    return f'<div class="restricted"><p><strong>{escape(env["label"](shown))}</strong></p>\n{inner}</div>\n'


def without_title(text: str) -> str:
    """A page's text below its title, which a page shows as its own first heading."""
    first, _, rest = text.partition("\n")
    return rest.lstrip("\n") if first.startswith("# ") else text


def words(text: str, classes: Collection[str] = ()) -> str:
    """The words of a Markdown text, without its marks: what is searched and shown in snippets. Of restricted passages
    those of a reader with these classes."""
    found: list[str] = []
    for token in _markdown.parse(restricted.visible(text, classes)):
        if restricted.is_passage(token):
            found.append(words(token.content, classes) if restricted.guard_of(token) else "")
        elif token.type in ("fence", "code_block"):
            found.append(token.content.strip())
        elif token.type == "inline":
            found.append(_plain(token))
    return "\n".join(part for part in found if part)


def slug(heading: str) -> str:
    """What a heading's place is called in addresses."""
    return re.sub(r"[\W_]+", "-", heading.lower()).strip("-") or "part"


def _plain(token: Token) -> str:
    parts = []
    for child in token.children or ():
        parts.append(" " if child.type in ("softbreak", "hardbreak") else child.content)
    return "".join(parts)


def _links(tokens: list[Token], resolve: Resolve) -> None:
    """Lead internal links where they belong; take those away that lead nowhere, and leave their words."""
    for token in tokens:
        kept: list[Token] = []
        dropped = 0
        for child in token.children or ():
            if child.type == "link_open":
                address = _address(str(child.attrGet("href") or ""), resolve)
                if address is None or dropped:
                    dropped += 1
                    continue
                child.attrSet("href", address)
            elif child.type == "link_close" and dropped:
                dropped -= 1
                continue
            elif child.type == "image":
                child = Token("text", "", 0, content=child.content)
            kept.append(child)
        if token.children is not None:
            token.children = kept


def _address(href: str, resolve: Resolve) -> str | None:
    internal = _INTERNAL.fullmatch(href)
    if internal:
        address = resolve(internal[1], internal[2])
        return None if address is None else address + _place(internal[3] or "")
    if href.startswith("#"):
        return _place(href)
    return href if href.startswith(("https://", "mailto:")) else None


def _place(fragment: str) -> str:
    return f"#{_PLACE}{fragment[1:]}" if len(fragment) > 1 else ""


def _headings(tokens: list[Token], shift: int, seen: dict[str, int]) -> None:
    for number, token in enumerate(tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        token.tag = f"h{min(6, int(token.tag[1]) + shift)}"
        if token.type == "heading_open":
            place = _PLACE + slug(_plain(tokens[number + 1]))
            seen[place] = seen.get(place, 0) + 1
            token.attrSet("id", place if seen[place] == 1 else f"{place}-{seen[place]}")


def _columns(tokens: list[Token]) -> None:
    """Say how a column is set by a class, since the pages take no style of their own; and what heads a column."""
    for token in tokens:
        if token.type in ("th_open", "td_open"):
            style = str(token.attrs.pop("style", ""))
            if style:
                token.attrSet("class", style.removeprefix("text-align:"))
            if token.type == "th_open":
                token.attrSet("scope", "col")


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return value if value in _CLASSES else None
    return value


_markdown.add_render_rule("fence", _fence)
