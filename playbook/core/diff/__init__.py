"""The difference of two editions in words that say what it means for people, not in JSON.

    old, new = Content.of(policy, texts, scenarios, successors), ...
    changes = diff(old, new)                   what differs, in reading order; empty exactly when nothing does
    said(change, classes)                      the sentence for a reader with these visibility classes
    for_reader(changes, classes)               the changes as such a reader may have them
    grouped(changes, classes)                  the same by whom they affect
    with_reasons(changes, rationales, classes) the changes for a reader, each with its reason
    by_party(lines, change_of)                 each once, under the parties whom it affects
    apply(old, changes) == new                 nothing is left out
    why(change, rationales)                    the reason of a change
    changelog(changes, rationales, classes)    Markdown, each change with its reason
    history_of(code, [(1, policy), ...])       how one category has evolved
    marked(old_text, new_text)                 a page's text, word by word

Pure: no clock, no database. Record 0004 says why it is so.
"""

from playbook.core.diff.applying import apply
from playbook.core.diff.changelog import by_party, changelog, why, with_reasons
from playbook.core.diff.differing import diff
from playbook.core.diff.history import Chapter, history_of
from playbook.core.diff.prose import Block, Marked, marked
from playbook.core.diff.reading import for_reader, grouped, said
from playbook.core.diff.value import ABSENT, Address, Change, Classes, Content, Kind, Who

__all__ = [
    "ABSENT",
    "Address",
    "Block",
    "Change",
    "Chapter",
    "Classes",
    "Content",
    "Kind",
    "Marked",
    "Who",
    "apply",
    "by_party",
    "changelog",
    "diff",
    "for_reader",
    "grouped",
    "history_of",
    "marked",
    "said",
    "why",
    "with_reasons",
]
