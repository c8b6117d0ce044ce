"""Two texts side by side: true to both, word by word where blocks belong together, and never at any cost."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbook.core.diff import Block, marked, prose
from playbook.core.diff.prose import counted, pieces
from tests.playbook.differences import team

OLD = """# Tracing a parcel

Read every scan in the tracking, not only the last.

1. Ask the seller for the receipt.
2. Open a trace with the carrier.
3. Refund or send again.

| item | who |
|---|---|
| receipt | seller |

```
TL-1, TL-2
```

The buyer does not wait.
"""
NEW = """# Tracing a parcel

Read every scan in the tracking, and note the last place.

1. Ask the seller for the receipt.
2. Ask the neighbours, kindly and once.
3. Open a trace with the carrier within a day.
4. Refund or send again.

| item | who |
|---|---|
| receipt | carrier |

```
TL-1, TL-3
```

The buyer does not wait.
"""


def lines(blocks: tuple[Block, ...]) -> list[str]:
    """The blocks as a person would mark them: `[-gone-]`, `{+come+}`."""
    around = {"kept": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return [f"{block.kind}: " + "".join(around[run.mark].format(run.text) for run in block.marks) for block in blocks]


def test_a_page_reads_so() -> None:
    assert lines(marked(OLD, NEW)) == [
        "heading: # Tracing a parcel",
        "paragraph: Read every scan in the tracking, [-not only-]{+and note+} the last{+ place+}.",
        "item: 1. Ask the seller for the receipt.",
        "item: {+2. Ask the neighbours, kindly and once.+}",
        "item: [-2-]{+3+}. Open a trace with the carrier{+ within a day+}.",
        "item: [-3-]{+4+}. Refund or send again.",
        "row: | item | who |",
        "row: |---|---|",
        "row: | receipt | [-seller-]{+carrier+} |",
        "code: ```\nTL-1, [-TL-2-]{+TL-3+}\n```",
        "paragraph: The buyer does not wait.",
    ]
    assert counted(OLD, NEW) == "17 words added, 6 words removed"


def test_a_block_that_shares_little_is_another_block() -> None:
    blocks = marked("Wait for the carrier to answer you.\n", "Pay the money back now.\n")
    assert [block.mark for block in blocks] == ["removed", "added"]


def test_equal_texts_are_kept() -> None:
    assert {block.mark for block in marked(OLD, OLD)} == {"kept"}
    assert marked("", "") == ()
    assert [block.mark for block in marked("", "Text\n")] == ["added"]
    assert counted(OLD, OLD.replace("\n\n", "\n\n\n")) == "only signs, spaces or line ends differ"


def texts() -> st.SearchStrategy[str]:
    """Markdown pages of few words, so that much of two is alike."""
    words = st.sampled_from(
        ["the", "carrier", "seller", "buyer", "asks,", "waits.", "1,000", "EUR", "a", "–", "Müller's", "`x`", "**now**"]
    )
    sentence = st.lists(words, min_size=1, max_size=12).map(" ".join)
    starts = st.sampled_from(["", "# ", "- ", "2. ", "  - ", "| ", "```\n", "> ", "\n\n"])
    line = st.tuples(starts, sentence, st.sampled_from(["\n", "\n\n"])).map("".join)
    return st.lists(line, max_size=12).map("".join)


@settings(deadline=None, max_examples=100)
@given(texts(), texts())
def test_what_is_kept_and_added_is_the_new_text_and_the_rest_the_old(old: str, new: str) -> None:
    for one, other in ((old, new), (old, old), (old, old + new)):
        blocks = marked(one, other)
        ours = [piece.text for piece in pieces(one)]
        theirs = [piece.text for piece in pieces(other)]
        assert [block.old for block in blocks if any(run.mark != "added" for run in block.marks)] == ours
        assert [block.new for block in blocks if any(run.mark != "removed" for run in block.marks)] == theirs
        assert all(run.text for block in blocks for run in block.marks)
        assert blocks == marked(one, other)
        if one == other:
            assert {block.mark for block in blocks} <= {"kept"}
        for block in blocks:
            assert all(a.mark != b.mark for a, b in zip(block.marks, block.marks[1:], strict=False)), "runs are whole"


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_no_word_is_lost_on_a_real_page(seed: int) -> None:
    chance = random.Random(seed)
    old = team().texts[chance.choice(sorted(team().texts))]
    words = old.split(" ")
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(words))
        words[at] = chance.choice(["", "other", words[at] + "\n\nNew."])
    new = " ".join(words)
    blocks = marked(old, new)
    assert Counter(" ".join(block.new for block in blocks).split()) == Counter(new.split())
    assert Counter(" ".join(block.old for block in blocks).split()) == Counter(old.split())


def test_what_would_cost_too_much_is_told_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    class Counting(prose.SequenceMatcher):  # type: ignore[type-arg]
        def __init__(self, junk: None, a: list[object], b: list[object], autojunk: bool) -> None:
            asked.append((len(a), len(b)))
            super().__init__(junk, a, b, autojunk)

    monkeypatch.setattr(prose, "SequenceMatcher", Counting)
    long = " ".join(f"word{number % 7}" for number in range(3000))
    assert [block.mark for block in marked(f"{long}\n", f"{long} more\n")] == ["removed", "added"]
    many = "\n\n".join(f"Paragraph {number % 5} a" for number in range(900))
    other = "\n\n".join(f"Paragraph {number % 7} b" for number in range(900))
    assert {block.mark for block in marked(many, other)} == {"removed", "added"}
    blocks = "\n\n".join(" ".join(f"w{(number * part) % 11}" for number in range(480)) for part in range(1, 40))
    marked(blocks, blocks.replace("w1 ", "v1 "))
    assert all(one * other <= prose.WORDS_AT_ONCE for one, other in asked)
    assert sum(one * other for one, other in asked) <= 3 * prose.PAGE
