"""Restricted passages of pages: read by those with the class, and told to others as nothing but that they are there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbook.core import markup, restricted
from playbook.core.compiling import examine
from playbook.core.diff import Content, diff, for_reader, said
from tests.playbook.editions import small

NEEDLE = "Ndl7passageQ"
PAGE = f"# Rings\n\nFreeze payouts first.\n\n```restricted legal\n{NEEDLE}: above **50** accounts.\n```\n\nThen map.\n"


def nowhere(kind: str, key: str) -> str | None:
    return None


def test_it_is_shown_to_who_has_the_class_and_to_nobody_else() -> None:
    assert NEEDLE in markup.html(PAGE, nowhere, classes={"legal"})
    assert "<strong>50</strong>" in markup.html(PAGE, nowhere, classes={"legal"})
    for classes in ((), {"fraud"}, {"general", "fraud"}):
        told = markup.html(PAGE, nowhere, classes=classes)
        assert NEEDLE not in told
        assert "legal" not in told
        assert "A restricted passage" in told
        assert "Then map." in told
        assert NEEDLE not in markup.words(PAGE, classes)
    assert NEEDLE in markup.words(PAGE, {"legal"})


@pytest.mark.parametrize(
    "text",
    [
        "```restricted\nNEEDLE\n```",
        "```Restricted legal\nNEEDLE\n```",
        "~~~RESTRICTED legal\nNEEDLE\n~~~",
        "```restricted legal fraud\nNEEDLE\n```",
        "```restricted-to legal\nNEEDLE\n```",
        "- one\n\n  ```restricted fraud\n  NEEDLE\n  ```\n\n- two",
        "> ```restricted fraud\n> NEEDLE\n> ```",
        "```restricted fraud\nNEEDLE",
        "one\r\n\r\n```restricted fraud\r\nNEEDLE\r\n```\r\n",
        "one\r\r```restricted fraud\rNEEDLE\r```\r",
        "````restricted legal\nopen\n```restricted fraud\nNEEDLE\n```\n````",
        "   ```   restricted fraud   \n   NEEDLE\n   ```",
    ],
)
def test_however_it_is_written_it_does_not_come_out(text: str) -> None:
    written = text.replace("NEEDLE", NEEDLE)
    assert NEEDLE not in markup.html(written, nowhere, classes={"legal"})
    assert NEEDLE not in markup.words(written, {"legal"})
    assert NEEDLE not in restricted.visible(written, {"legal"})


@given(st.lists(st.sampled_from(["```", "````", "~~~", "restricted", " fraud", "x", "\n", "> ", "- ", "    "])))
def test_what_is_open_is_the_same_for_whoever_reads_again(parts: list[str]) -> None:
    once = restricted.visible("".join(parts), ())
    assert restricted.visible(once, ()) == once
    assert restricted.guards(once) == frozenset()


@pytest.mark.parametrize(
    ("fence", "words"),
    [
        ("restricted nobody", "which is no channel; there are general, legal"),
        ("restricted", "with the key of one channel"),
        ("Restricted legal", "with the key of one channel"),
        ("restricted legal general", "with the key of one channel"),
    ],
)
def test_an_edition_with_an_unknown_class_is_refused(fence: str, words: str) -> None:
    def change(document: dict[str, Any]) -> None:
        document["pages"]["en"]["guide.start"] = f"# Start\n\n```{fence}\nx\n```\n"

    assert words in str(examine(small(change)).errors[0])
    assert examine(small(lambda d: d["pages"]["en"].update({"guide.start": PAGE}))).errors == ()


def test_the_difference_of_two_editions_keeps_it_too() -> None:
    policy = small().document["policy"]
    old = Content(policy, {"en/guide.start": PAGE})
    inside = Content(policy, {"en/guide.start": PAGE.replace("above **50**", "above **70**")})
    outside = Content(policy, {"en/guide.start": PAGE.replace("Then map.", "Then draw a map.")})
    (change,) = diff(old, inside)
    assert change.guarded_parts == {"legal"}
    assert said(change, ()) == "Page 'Rings' (en): a restricted passage was changed"
    assert said(change, {"legal"}) == "Page 'Rings' (en): 1 word added, 1 word removed"
    for pair, words in (((old, inside), "restricted passage"), ((old, outside), "2 words added")):
        (shown,) = for_reader(diff(*pair), ())
        assert words in shown.sentence
        assert NEEDLE not in repr(shown)
        (whole,) = for_reader(diff(*pair), {"legal"})
        assert NEEDLE in repr(whole)
    assert NEEDLE not in repr(for_reader(diff(old, Content(policy, {"en/guide.other": "# Other\n"})), ()))


def test_a_protocol_to_which_restricted_rules_alone_lead_is_guarded_as_a_whole() -> None:
    def change(document: dict[str, Any]) -> None:
        document["pages"]["en"]["protocol.ring"] = "# Ring\n"
        (rule,) = document["policy"]["central"]["rules"]
        rule |= {"visibility": "legal", "then": {"protocol": "ring"}}
        document["scenarios"] = []

    policy = examine(small(change)).policy
    assert policy is not None
    assert restricted.page_guards(policy, "protocol.ring") == {"legal"}
    assert restricted.page_guards(policy, "protocol.look") == frozenset()
    assert restricted.page_guards(policy, "guide.start") == frozenset()
