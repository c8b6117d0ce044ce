"""Markdown of authors as readers get it: links that lead where they should, and nothing that runs."""

# ruff: noqa: E501 - pieces of hostile text are easier to read side by side
from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from playbook.core.markup import html, slug, without_title, words

TAGS = frozenset(
    [
        "a",
        "blockquote",
        "br",
        "code",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
ATTRIBUTES = frozenset(["href", "title", "rel", "id", "start", "class", "scope"])


def resolve(kind: str, key: str) -> str | None:
    return f"/playbook/{kind}/{key}/" if key != "gone" else None


class Reading(HTMLParser):
    """What a browser would find: elements with their attributes."""

    def __init__(self, made: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(made)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_decl(self, decl: str) -> None:
        self.found.append(("!" + decl, {}))

    def handle_comment(self, data: str) -> None:
        self.found.append(("!--", {}))


def links(text: str) -> list[str | None]:
    return [attrs.get("href") for tag, attrs in Reading(html(text, resolve)).found if tag == "a"]


PIECES = st.sampled_from(
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "[a](  JaVaScRiPt:x)",
        "[a](data:text/html,x)", "[a](vbscript:x)", "[a](page:x)", "[a](category:x\"onmouseover=y)", "[a](//evil.example)",
        "[a](/admin/)", "![a](https://evil.example/x.png)", "![a](data:image/svg+xml,x)", "<https://example.org>",
        "<javascript:alert(1)>", "[r]: javascript:alert(1)", "[r]", "[a](https://x.example 'onload=\"x\"')", "&lt;script&gt;",
        "&#106;avascript:x", "[a](&#106;avascript:x)", "[a](java\tscript:x)", "# <b>x</b>", "## content", "| a | b |\n|:-|-:|\n| <i> | 2 |",
        "```html\n<script>\n```", "<!-- x -->", "<!DOCTYPE x>", "<svg><script>", "<style>*{}</style>", "~~s~~", "**", "`", "\n\n", "\n",
        " ", "> ", "1. ", "- ", "\\", "\0", "\u202e",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=25).map("".join)


@given(TEXTS)
@settings(max_examples=400)
@example("[a](page:x#<b>)")
@example('[a](page:"><script>x)')
@example("[![b](page:x)](page:gone)")
def test_whatever_is_typed_nothing_runs(text: str) -> None:
    for tag, attributes in Reading(html(text, resolve)).found:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES
        href = attributes.get("href")
        if href is not None:
            assert (
                href.startswith(("https://", "mailto:", "/playbook/page/", "/playbook/category/", "#at-")) or href == ""
            )
        assert (attributes.get("id") or "at-").startswith("at-")
        assert attributes.get("class") in (None, "left", "center", "right")


def test_what_looks_like_markup_is_shown_as_it_was_typed() -> None:
    made = html("a <script>alert(1)</script> & [c](javascript:alert(1))", resolve)
    assert made == "<p>a &lt;script&gt;alert(1)&lt;/script&gt; &amp; [c](javascript:alert(1))</p>\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](page:guide.start)", ["/playbook/page/guide.start/"]),
        ("[a](category:order.damaged)", ["/playbook/category/order.damaged/"]),
        ("[a](page:guide.start#when-to-ask)", ["/playbook/page/guide.start/#at-when-to-ask"]),
        ("[a](#when-to-ask)", ["#at-when-to-ask"]),
        ("[a](https://example.org/x)", ["https://example.org/x"]),
        ("[a](page:gone)", []),
        ("[a](/admin/)", []),
        ("[a](//example.org)", []),
        ("[a](http://example.org)", []),
    ],
)
def test_where_links_lead(text: str, expected: list[str]) -> None:
    assert links(text) == expected


def test_a_link_that_leads_nowhere_leaves_its_words() -> None:
    assert html("See [the *old* page](page:gone).", resolve) == "<p>See the <em>old</em> page.</p>\n"


def test_a_picture_is_shown_as_its_words() -> None:
    assert html("![a map](https://example.org/x.png)", resolve) == "<p>a map</p>\n"


def test_headings_go_deeper_and_can_be_linked_to() -> None:
    made = html("# One *two*\n\n## Same\n\n## Same\n", resolve, top=2)
    ids = [(tag, attributes["id"]) for tag, attributes in Reading(made).found if tag[0] == "h"]
    assert ids == [("h2", "at-one-two"), ("h3", "at-same"), ("h3", "at-same-2")]


def test_no_level_of_headings_is_left_out_whatever_the_highest_is() -> None:
    text = "Words.\n\n```restricted legal\n## Inside\n```\n\n### Deep\n"
    assert [tag for tag, _ in Reading(html(text, resolve, top=2, classes={"legal"})).found if tag[0] == "h"] == [
        "h2",
        "h3",
    ]
    assert [tag for tag, _ in Reading(html(text, resolve, top=2)).found if tag[0] == "h"] == ["h2"]


def test_the_sanitiser_alone_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first wall taken away, the second one still lets nothing through."""
    from playbook.core import markup

    monkeypatch.setitem(markup._markdown.options, "html", True)
    made = html("<script>alert(1)</script>\n\n<p onclick=x style=y>a</p>\n\n<iframe src=x></iframe>", resolve)
    assert {tag for tag, _ in Reading(made).found} <= TAGS
    assert "onclick" not in made
    assert "style" not in made
    assert "alert" not in made


def test_words_for_search_and_the_body_below_its_title() -> None:
    text = "# Tracing\n\nRead **every** scan, not [only](page:x)\nthe last.\n\n- one\n- two `code`\n"
    assert words(text) == "Tracing\nRead every scan, not only the last.\none\ntwo code"
    assert without_title(text).startswith("Read **every**")
    assert without_title("No title") == "No title"
    assert slug("¿Qué pasa, Änne?") == "qué-pasa-änne"
