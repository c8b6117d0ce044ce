"""What makes up an edition, and its digest: the one that votes, approvals and publications name.

The manifest names the policy by its digest, every page by the digest of its text, and the successors of keys that the
edition retires. The edition digest is the SHA-256 of the manifest's canonical JSON, so whoever holds the manifest and
the texts can check all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from escalations.core.canonical import canonical, digest_of

Successors = Mapping[str, Mapping[str, str]]
"""Section of the document (`teams`, `categories`, ...) -> retired key -> the key that takes its place."""


def text_digest(body: str) -> str:
    """SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(body.encode()).hexdigest()


def manifest(policy_digest: str, pages: Mapping[str, str], successors: Successors | None = None) -> dict[str, Any]:
    """The manifest. `pages` maps a page's name (`en/protocol.parcel-trace`) to the digest of its text."""
    whole: dict[str, Any] = {"policy": policy_digest, "pages": dict(pages)}
    if named := {section: dict(keys) for section, keys in (successors or {}).items() if keys}:
        whole["successors"] = named
    return whole


def manifest_text(policy_digest: str, pages: Mapping[str, str], successors: Successors | None = None) -> str:
    """The manifest as the text that is stored; `text_digest` of it is the edition digest."""
    return canonical(manifest(policy_digest, pages, successors)).decode()


def edition_digest(policy_digest: str, pages: Mapping[str, str], successors: Successors | None = None) -> str:
    """The digest of an edition: changes with the policy, any page, or a successor, and with nothing else."""
    return digest_of(manifest(policy_digest, pages, successors))
