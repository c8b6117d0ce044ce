"""The pages of an edition: Markdown texts with a title, and links that lead somewhere.

A page's name is its language and key, `en/protocol.parcel-trace`. Inside a text, `page:KEY` links to a page of the
same language and `category:CODE` to the page of a category.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from escalations.core.lifecycle import STATUSES
from escalations.core.policy import CategoryPolicy, Outcome, Policy
from playbook.core import restricted
from playbook.core.source import Place, Problem, Source

LONGEST = 60_000
_TITLE = re.compile(r"# +(\S.*)")
_LINK = re.compile(r"\]\(\s*<?(page|category):([^)\s>#]*)")

Texts = Mapping[str, Mapping[str, str]]
"""Language -> key -> text."""


def normal(text: str) -> str:
    """A text as it is kept and hashed: composed Unicode, `\\n` line ends, no trailing blanks, one end of line.

    So a page that only went through another editor or system keeps its digest.
    """
    lines = unicodedata.normalize("NFC", text.removeprefix("\ufeff")).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def title(text: str) -> str | None:
    """A page's title: its first line, `# Title`. None when it has none."""
    match = _TITLE.match(text)
    return match[1].strip() if match else None


def named(pages: Texts) -> dict[str, str]:
    """Page name -> text as kept, for all languages."""
    return {f"{language}/{key}": normal(text) for language, texts in pages.items() for key, text in texts.items()}


def problems(source: Source, policy: Policy, pages: Texts) -> Iterator[Problem]:
    """What is wrong with the pages of an edition.

    No title, too long, a link to nothing, a stage that no case is ever in, a protocol without a page, a passage that is
    restricted to no channel.
    """
    for language, texts in pages.items():
        for key, text in texts.items():
            at: Place = ("pages", language, key)
            if title(normal(text)) is None:
                yield source.problem(at, "begin the page with its title: a first line such as `# Tracing a parcel`")
            if len(text) > LONGEST:
                yield source.problem(at, f"longer than {LONGEST} characters; split it into pages")
            if key.startswith("stage.") and (stage := key.removeprefix("stage.")) not in STATUSES:
                yield source.problem(at, f"no case is ever in the stage {stage!r}; there are {', '.join(STATUSES)}")
            for words in restricted.problems(normal(text), policy.central.channels):
                yield source.problem(at, words)
            for kind, target in _LINK.findall(text):
                if target not in (texts if kind == "page" else policy.central.categories):
                    yield source.problem(at, f"links to {kind} {target!r}, which is not there")
    for at, key in _protocols(policy):
        if pages and not any(f"protocol.{key}" in texts for texts in pages.values()):
            yield source.problem(("policy", *at), f"there is no page protocol.{key}; write it under pages")


def _protocols(policy: Policy) -> Iterator[tuple[Place, str]]:
    """Every protocol that the policy names, with the place that names it first."""
    central = policy.central
    holders: list[tuple[Place, CategoryPolicy | Outcome]] = [
        (("central", "categories", code), category) for code, category in central.categories.items()
    ]
    holders += [(("central", "rules", number, "then"), rule.then) for number, rule in enumerate(central.rules)]
    for region, variant in policy.variants.items():
        at = ("variants", region)
        holders += [((*at, "categories", code), outcome) for code, outcome in variant.categories.items()]
        holders += [((*at, "rules", number, "then"), rule.then) for number, rule in enumerate(variant.rules)]
    seen: set[str] = set()
    for place, holder in holders:
        if holder.protocol is not None and holder.protocol not in seen:
            seen.add(holder.protocol)
            yield (*place, "protocol"), holder.protocol
