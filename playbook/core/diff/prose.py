"""Two editions of a Markdown text, word by word inside blocks that belong together.

    marked(old, new)   blocks (heading, item, paragraph, row, code), each a sequence of (kept | added | removed, text)

Plain values: a page renders them. What is kept and added reads as the new text, what is kept and removed as the old.

The cost is bounded. Equal blocks at both ends are set aside; of the rest, blocks are compared with blocks and words
with words by difflib, which at worst takes the product of both lengths for each match that it finds. So where a product
is larger than a limit (a block of some five hundred words, a middle of some four hundred blocks), or a page has used up
its own, the parts are told as removed and added as a whole: less to read by, and still true.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

Mark = Literal["kept", "added", "removed"]
BlockKind = Literal["heading", "item", "paragraph", "row", "code"]

WORDS_AT_ONCE = 250_000
BLOCKS_AT_ONCE = 160_000
PAIRS_AT_ONCE = 900
PAGE = 2_000_000
ALIKE = 0.4
"""Blocks that share a smaller part of their words are two blocks, and not one that was changed."""

_WORD = re.compile(r"\w+(?:[.,:'’/\-]\w+)*\s*|[^\w\s]\s*|\s+")
_LETTER = re.compile(r"\w")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")
_FENCE = re.compile(r"\s*(```|~~~)")


class Marked(NamedTuple):
    """A run of text: kept, added or removed."""

    mark: Mark
    text: str


class Block(NamedTuple):
    """A heading, an item of a list, a paragraph, a row of a table or a piece of code, with its marks."""

    kind: BlockKind
    marks: tuple[Marked, ...]

    @property
    def mark(self) -> Mark | None:
        """The mark that all of it has; None where it is mixed."""
        marks = {run.mark for run in self.marks}
        return marks.pop() if len(marks) == 1 else None

    @property
    def old(self) -> str:
        return "".join(run.text for run in self.marks if run.mark != "added")

    @property
    def new(self) -> str:
        return "".join(run.text for run in self.marks if run.mark != "removed")


class Piece(NamedTuple):
    """A block of one text."""

    kind: BlockKind
    text: str


def pieces(text: str) -> list[Piece]:
    """The blocks of a Markdown text, in order, without the blank lines between them."""
    found: list[Piece] = []
    gathered: list[str] = []
    kind: BlockKind = "paragraph"
    fence = ""

    def close() -> None:
        nonlocal kind
        if gathered:
            found.append(Piece(kind, "\n".join(gathered)))
            gathered.clear()
        kind = "paragraph"

    for line in text.splitlines():
        if fence:
            gathered.append(line)
            if line.strip().startswith(fence):
                fence = ""
                close()
        elif opening := _FENCE.match(line):
            close()
            kind, fence = "code", opening[1]
            gathered.append(line)
        elif not line.strip():
            close()
        elif line.startswith("#"):
            close()
            found.append(Piece("heading", line))
        elif line.lstrip().startswith("|"):
            close()
            found.append(Piece("row", line))
        else:
            if _ITEM.match(line):
                close()
                kind = "item"
            gathered.append(line)
    close()
    return found


def marked(old: str, new: str) -> tuple[Block, ...]:
    """Both texts as one sequence of blocks. Where the texts are equal, all is kept."""
    return tuple(_aligned(pieces(old), pieces(new), _Budget(PAGE)))


def counted(old: str, new: str) -> str:
    """How much differs, in words: `3 words added, 1 removed`."""
    words = {"added": 0, "removed": 0}
    for block in marked(old, new):
        for run in block.marks:
            if run.mark != "kept":
                words[run.mark] += sum(1 for word in run.text.split() if _LETTER.search(word))
    told = [f"{count} {'word' if count == 1 else 'words'} {mark}" for mark, count in words.items() if count]
    return ", ".join(told) or "only signs, spaces or line ends differ"


class _Budget:
    """How much work a page may still cost."""

    def __init__(self, left: int) -> None:
        self.left = left

    def allows(self, work: int, most: int) -> bool:
        if work > min(most, self.left):
            return False
        self.left -= work
        return True


def _aligned(old: list[Piece], new: list[Piece], budget: _Budget) -> Iterator[Block]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    yield from _all("kept", new[:start])
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    if before and after and budget.allows(len(before) * len(after), BLOCKS_AT_ONCE):
        for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag == "equal":
                yield from _all("kept", after[k:m])
            else:
                yield from _replaced(before[i:j], after[k:m], budget)
    else:
        yield from _all("removed", before)
        yield from _all("added", after)
    yield from _all("kept", new[len(new) - end :])


def _all(mark: Mark, some: Sequence[Piece]) -> Iterator[Block]:
    return (Block(piece.kind, (Marked(mark, piece.text),)) for piece in some)


def _replaced(before: list[Piece], after: list[Piece], budget: _Budget) -> Iterator[Block]:
    """Blocks in the place of others: those that are alike are told word by word, the rest as gone and come."""
    last_old = last_new = 0
    for one, other in _pairs(before, after, budget):
        yield from _all("removed", before[last_old:one])
        yield from _all("added", after[last_new:other])
        yield from _words(before[one], after[other], budget)
        last_old, last_new = one + 1, other + 1
    yield from _all("removed", before[last_old:])
    yield from _all("added", after[last_new:])


def _pairs(before: list[Piece], after: list[Piece], budget: _Budget) -> list[tuple[int, int]]:
    """Which block became which: the pairs in order that share the most words."""
    if not before or not after or not budget.allows(len(before) * len(after), PAIRS_AT_ONCE):
        return []
    ours, theirs = ([Counter(piece.text.split()) for piece in side] for side in (before, after))
    alike = [
        [
            _alike(one, other) if piece.kind == another.kind else 0.0
            for other, another in zip(theirs, after, strict=True)
        ]
        for one, piece in zip(ours, before, strict=True)
    ]
    # best[i][j]: the most likeness that the blocks from i and from j on can have together
    best = [[0.0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i in range(len(before) - 1, -1, -1):
        for j in range(len(after) - 1, -1, -1):
            paired = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= ALIKE else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], paired)
    pairs, i, j = [], 0, 0
    while i < len(before) and j < len(after):
        if alike[i][j] >= ALIKE and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _alike(one: Counter[str], other: Counter[str]) -> float:
    """The share of words that two blocks have in common, whatever their order."""
    return 2 * (one & other).total() / max(1, one.total() + other.total())


def _words(before: Piece, after: Piece, budget: _Budget) -> Iterator[Block]:
    ours, theirs = _split(before.text), _split(after.text)
    if not budget.allows(len(ours) * len(theirs), WORDS_AT_ONCE):
        yield from _all("removed", [before])
        yield from _all("added", [after])
        return
    runs = _Runs()
    keys, others = [token.rstrip() for token in ours], [token.rstrip() for token in theirs]
    codes = SequenceMatcher(None, keys, others, autojunk=False).get_opcodes()
    for number, (tag, i, j, k, m) in enumerate(codes):
        only_signs = not any(map(_LETTER.search, ours[i:j]))
        if tag != "equal" or (only_signs and 0 < number < len(codes) - 1):
            runs.differ("".join(ours[i:j]), "".join(theirs[k:m]))
            continue
        for one, other in zip(ours[i:j], theirs[k:m], strict=True):
            word = one.rstrip()
            if one == other:
                runs.keep(one)
            else:  # the same word with other blanks after it
                runs.keep(word)
                runs.differ(one[len(word) :], other[len(word) :])
    yield Block(after.kind, runs.all())


class _Runs:
    """Gathers runs: what is gone and what came in its place stand together, and blanks after both are kept."""

    def __init__(self) -> None:
        self._runs: list[Marked] = []
        self._gone = self._come = self._kept = ""

    def keep(self, text: str) -> None:
        """A word that stays."""
        if not text:
            return
        self._close()
        self._kept += text

    def differ(self, gone: str, come: str) -> None:
        """What is taken away here, and what comes."""
        if self._kept and (gone or come):
            self._runs.append(Marked("kept", self._kept))
            self._kept = ""
        self._gone += gone
        self._come += come

    def all(self) -> tuple[Marked, ...]:
        """All runs, in order."""
        self._close()
        return (*self._runs, *([Marked("kept", self._kept)] if self._kept else []))

    def _close(self) -> None:
        gone, come = self._gone, self._come
        blank = ""
        while gone and come and gone[-1] == come[-1] and gone[-1].isspace():
            blank = gone[-1] + blank
            gone, come = gone[:-1], come[:-1]
        self._runs += [Marked("removed", gone)] if gone else []
        self._runs += [Marked("added", come)] if come else []
        self._kept = blank if gone or come or blank else self._kept
        self._gone = self._come = ""


def _split(text: str) -> list[str]:
    """Words and signs, each with the blanks after it; together they are the text."""
    return _WORD.findall(text)
