"""Writing an edition as YAML that `source.parse` reads back as it was: the file that a team keeps beside its code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from playbook.core.source import means_itself

_WIDTH = 118


class _Dumper(yaml.SafeDumper):
    """Plain YAML: no anchors, keys in the order given, quotes only where the narrow reader needs them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Folding would lay the text out anew at each change, and a diff of two files would show all of it.
    style = "|" if "\n" in text else None if means_itself(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(document: Mapping[str, Any]) -> str:
    """The document as one YAML text. Reading it gives the same document, and so the same digest."""
    text: str = yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
