"""The desk's secret keys: reading them from the environment, making new ones.

Four kinds, each separate from the others, so that one can be rotated or lost without touching the rest:

========  ===========================  =====================================================
kind      variable                     what it protects
========  ===========================  =====================================================
session   SECRET_KEY                   sessions, signed cookies, password resets, queued tasks
chain     THROUGHLINE_CHAIN_KEYS       the HMAC chain of events (never drop an old key: old events need it)
field     THROUGHLINE_FIELD_KEYS       encrypted columns and their blind indexes
token     THROUGHLINE_TOKEN_KEYS       links sent to parties
========  ===========================  =====================================================

The last three are lists, ``id:base64,id2:base64``; the first is the current one, the others still read what
they once wrote. Each variable may be replaced by ``<NAME>_FILE``, a path to a file that holds the value.

Anchors are signed, so that whoever can write the database and holds the chain's keys, as the web does, still cannot
make one. THROUGHLINE_ANCHOR_KEY holds the signing key, and is given only to where `manage.py anchor` and its schedule
run; THROUGHLINE_ANCHOR_PUBLIC_KEYS holds the public halves, all that there ever were, and is given to everybody.

Run as a program it makes keys: ``python config/keys.py new`` prints one, with ``make DIRECTORY`` it
writes the missing files of all kinds there, readable by the owner alone.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

KEY_BYTES = 32
KEY_KINDS = {
    "chain": "THROUGHLINE_CHAIN_KEYS",
    "field": "THROUGHLINE_FIELD_KEYS",
    "token": "THROUGHLINE_TOKEN_KEYS",
}
ANCHOR_VARIABLE = "THROUGHLINE_ANCHOR_KEY"
ANCHOR_PUBLIC_VARIABLE = "THROUGHLINE_ANCHOR_PUBLIC_KEYS"
SECRET_VARIABLE = "SECRET_KEY"  # noqa: S105 - the name of a variable, not a secret


class KeyProblem(ValueError):
    """A key is missing or malformed; the message says which, and how to make one."""


def new_key(key_id: str) -> str:
    """Return a fresh ``id:base64`` key of 32 random bytes."""
    return f"{key_id}:{base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def new_key_id(now: datetime) -> str:
    """Return a key id that tells its age: ``k20261122`` for a key made on 22 November 2026 (UTC)."""
    return f"k{now.astimezone(UTC):%Y%m%d}"


def read_value(name: str, environment: Mapping[str, str]) -> str | None:
    """Return the variable ``name``, or the content of the file that ``<name>_FILE`` names, or None.

    Raises KeyProblem when the file cannot be read.
    """
    if value := environment.get(name, "").strip():
        return value
    path = environment.get(f"{name}_FILE", "").strip()
    if not path:
        return None
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise KeyProblem(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error
    if not value:
        raise KeyProblem(f"{name}_FILE names {path}, which is empty.")
    return value


def parse_keys(text: str, name: str) -> list[tuple[str, bytes]]:
    """Parse ``id:base64,id2:base64`` into ``[(id, 32 bytes), ...]``, the current key first.

    Raises KeyProblem naming ``name`` and the place, never the key itself.
    """
    keys: list[tuple[str, bytes]] = []
    for place, item in enumerate(text.replace("\n", ",").split(","), start=1):
        if not item.strip():
            continue
        key_id, separator, encoded = item.strip().partition(":")
        if not separator or not key_id or not encoded:
            raise KeyProblem(f"{name}, key {place}: expected id:base64, for example {example_key()}.")
        if key_id in {known for known, _ in keys}:
            raise KeyProblem(f"{name}, key {place}: the id {key_id!r} stands twice; give each its own.")
        try:
            raw = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
        except binascii.Error as error:
            raise KeyProblem(f"{name}, key {place} ({key_id}): not base64.") from error
        if len(raw) != KEY_BYTES:
            raise KeyProblem(
                f"{name}, key {place} ({key_id}): {len(raw)} bytes, expected {KEY_BYTES}. {how_to_make(name)}"
            )
        keys.append((key_id, raw))
    if not keys:
        raise KeyProblem(f"{name} holds no key. {how_to_make(name)}")
    return keys


def example_key() -> str:
    """Return what a key looks like, with a body that no one could mistake for a real one."""
    return "k20261122:<44 characters of base64>"


def how_to_make(name: str) -> str:
    """Return the sentence that tells an operator how to set the variable ``name``."""
    return f"Make one with `python config/keys.py new`; put it in {name}, or in a file that {name}_FILE names."


def load(environment: Mapping[str, str]) -> tuple[str, dict[str, list[tuple[str, bytes]]]]:
    """Return the session key and the keys by kind, all from ``environment``.

    Raises KeyProblem at the first missing or malformed one.
    """
    secret = read_value(SECRET_VARIABLE, environment)
    if secret is None:
        raise KeyProblem(f"{SECRET_VARIABLE} is not set. {how_to_make(SECRET_VARIABLE)}")
    keys: dict[str, list[tuple[str, bytes]]] = {}
    for kind, name in KEY_KINDS.items():
        text = read_value(name, environment)
        if text is None:
            raise KeyProblem(f"{name} is not set. {how_to_make(name)}")
        keys[kind] = parse_keys(text, name)
    return secret, keys


def load_anchor(environment: Mapping[str, str]) -> dict[str, list[tuple[str, bytes]]]:
    """Return the keys of anchors: ``sign`` (the private one, or none here) and ``verify`` (the public ones).

    Neither is needed for the desk to run; `doctor` says what lacks. Where only the private one is given, its public
    half is worked out. Raises KeyProblem for a malformed one, or for more than one private key.
    """
    private, public = read_value(ANCHOR_VARIABLE, environment), read_value(ANCHOR_PUBLIC_VARIABLE, environment)
    sign = parse_keys(private, ANCHOR_VARIABLE) if private else []
    if len(sign) > 1:
        raise KeyProblem(f"{ANCHOR_VARIABLE} holds {len(sign)} keys; one signs. Old ones need only their public half.")
    verify = parse_keys(public, ANCHOR_PUBLIC_VARIABLE) if public else []
    verify += [(key_id, public_half(seed)) for key_id, seed in sign if key_id not in dict(verify)]
    return {"sign": sign, "verify": verify}


def public_half(seed: bytes) -> bytes:
    """Return the 32 bytes of the public half of an Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _anchor_public(private: Path) -> str:
    ((key_id, seed),) = parse_keys(private.read_text(encoding="utf-8"), ANCHOR_VARIABLE)
    return f"{key_id}:{base64.urlsafe_b64encode(public_half(seed)).decode()}"


def make_files(directory: Path, now: datetime) -> dict[str, Path]:
    """Make the missing key files of all kinds, and of anchors, in ``directory`` (mode 0700, files 0600).

    Returns the path of each by variable name. Existing files are left as they are, also when several
    processes arrive at once: each file is made under a name of its own and linked into place.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for name in (SECRET_VARIABLE, *KEY_KINDS.values(), ANCHOR_VARIABLE, ANCHOR_PUBLIC_VARIABLE):
        path = paths[name] = directory / name.lower()
        if path.exists():
            continue
        if name == SECRET_VARIABLE:
            text = secrets.token_urlsafe(50)
        elif name == ANCHOR_PUBLIC_VARIABLE:
            text = _anchor_public(paths[ANCHOR_VARIABLE])
        else:
            text = new_key(new_key_id(now))
        draft = directory / f".{name.lower()}.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its key is the key
        finally:
            draft.unlink()
    return paths


def main(arguments: list[str]) -> int:
    """Print one new key (``new``), or make the missing key files (``make DIRECTORY``)."""
    match arguments:
        case ["new"]:
            print(new_key(new_key_id(datetime.now(UTC))))
        case ["make", directory]:
            for name, path in make_files(Path(directory), datetime.now(UTC)).items():
                print(f"{name}_FILE={path}")
        case _:
            print("usage: python config/keys.py new | make DIRECTORY", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
