"""A letter: what one message says, before it is mail, a short message or a line in a chat room."""

from __future__ import annotations

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from escalations.outbound.words import Block, Facts, Paragraph, speaking

RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a letter that tells of several things. Where there is no reference the line is the link."""

    reference: str
    line: str
    url: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said. `groups` are headings with their entries, of letters that tell of several things; `more` counts
    what is not listed. `thread` names the conversation that it belongs to; `automatic` says that no person wrote it."""

    subject: str
    blocks: tuple[Block, ...]
    language: str = "en"
    url: str = ""
    action: str = ""
    groups: tuple[tuple[str, tuple[Entry, ...]], ...] = ()
    more: int = 0
    footer: tuple[str, ...] = ()
    tone: str = ""
    thread: str = ""
    reply_to: str = ""
    automatic: bool = True

    @property
    def preview(self) -> str:
        """The first words, as lists of mails show them beside the subject."""
        for block in self.blocks:
            return " ".join(_lines(block))[:140]
        return self.groups[0][1][0].line[:140] if self.groups else ""

    def text(self) -> str:
        """The letter as plain text, complete: many people read only this."""
        parts = ["\n".join(_lines(block)) for block in self.blocks]
        for heading, entries in self.groups:
            lines = [f"- {f'{entry.reference} {entry.line}'.strip()}\n  {entry.url}" for entry in entries]
            parts.append("\n".join([heading[:1].upper() + heading[1:], *lines]))
        with speaking(self.language):
            if self.more:
                parts.append(_("and %(n)d more") % {"n": self.more})
        if self.url:
            parts.append(f"{self.action}:\n{self.url}" if self.action else self.url)
        if self.footer:
            parts.append("-- \n" + "\n".join(self.footer))
        return "\n\n".join(parts) + "\n"

    def html(self) -> str:
        """The letter as HTML that needs nothing from outside, reads on a phone and in the dark. Values are escaped."""
        with speaking(self.language):
            return render_to_string(
                "email/letter.html",
                {
                    "letter": self,
                    "blocks": [(isinstance(block, Facts), block) for block in self.blocks],
                    "direction": "rtl" if self.language.partition("-")[0] in RIGHT_TO_LEFT else "ltr",
                },
            )

    def short(self) -> str:
        """The letter in a few words, for a telephone or a chat room: what, and where to read on."""
        return f"{self.subject}\n{self.url}" if self.url else self.subject


def _lines(block: Block) -> tuple[str, ...]:
    if isinstance(block, Paragraph):
        return block.lines
    return tuple(f"{label}: {value}" for label, value in block.rows)
