"""The keys of this installation, as key rings: for the event chain, for encrypted fields, for blind indexes.

Keys come from the settings (environment or files), have ids, and are separate from one another and from
`SECRET_KEY`. The first of each list is the one that writes; the others only read, so that keys can be rotated.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from escalations.core.chain import Keyring

LINK_TOKEN_LENGTH = 43  # of 32 bytes in base64 without padding


@cache
def chain_keys() -> Keyring:
    """The keys of the event chain, by id."""
    keys = settings.THROUGHLINE_KEYS["chain"]
    return Keyring(keys=dict(keys), current=keys[0][0])


@cache
def _field_keys() -> tuple[tuple[str, Fernet], ...]:
    # Fernet wants exactly 32 bytes; derive them, so that any sufficiently long secret serves.
    return tuple(
        (key_id, Fernet(base64.urlsafe_b64encode(hashlib.blake2b(secret, digest_size=32, person=b"tl-field").digest())))
        for key_id, secret in settings.THROUGHLINE_KEYS["field"]
    )


def field_key_id() -> str:
    """Id of the key that encrypts fields now."""
    return _field_keys()[0][0]


def field_key_ids() -> frozenset[str]:
    """Ids of the keys that open encrypted fields."""
    return frozenset(key_id for key_id, _fernet in _field_keys())


def encrypt(text: str) -> str:
    """`text` encrypted under the current field key, as `keyid:token`; the empty string stays empty."""
    if not text:
        return ""
    key_id, fernet = _field_keys()[0]
    return f"{key_id}:{fernet.encrypt(text.encode()).decode()}"


def decrypt(stored: str) -> str:
    """The inverse of `encrypt`.

    Raises LookupError when the key is not among the configured ones, ValueError when the text was tampered with.
    """
    if not stored:
        return ""
    key_id, _, token = stored.partition(":")
    fernet = dict(_field_keys()).get(key_id)
    if fernet is None:
        raise LookupError(f"field key {key_id!r} is not configured: add it to THROUGHLINE_FIELD_KEYS")
    try:
        return fernet.decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ValueError("an encrypted field does not open with its key: it was changed") from error


def blind_index(kind: str, value: str) -> str:
    """A keyed fingerprint of a normalised e-mail address or phone number, for exact look-up only.

    Made with the field key that writes now. Look up with `blind_indexes`: rows that a rotation has not reached yet
    carry the fingerprint of an older key.
    """
    return next(iter(blind_indexes(kind, value)), "")


def blind_indexes(kind: str, value: str) -> list[str]:
    """The fingerprints under every configured field key, the one that writes now first; none for an empty value."""
    normal = _normal(kind, value)
    if not normal:
        return []
    return [
        hmac.new(secret, f"blind:{kind}:{normal}".encode(), hashlib.sha256).hexdigest()
        for _key_id, secret in settings.THROUGHLINE_KEYS["field"]
    ]


def lasting_digests(kind: str, value: str) -> list[str]:
    """Fingerprints that outlive erasures and rotations of field keys, one for each chain key, the current one first.

    Chain keys are kept for ever, so what was erased is recognised when it comes back with a backup or an import. No
    list of blind indexes can be matched against them.
    """
    normal = _normal(kind, value)
    if not normal:
        return []
    ring = chain_keys()
    ordered = [ring.current, *(key_id for key_id in ring.keys if key_id != ring.current)]
    text = f"lasting1|{kind}|{normal}".encode()
    return [hmac.new(ring.key(key_id), text, hashlib.sha256).hexdigest() for key_id in ordered]


def _normal(kind: str, value: str) -> str:
    """What two ways of writing the same address or number have in common; other values are as they are."""
    if kind not in ("email", "phone"):
        return value.strip()
    normal = unicodedata.normalize("NFKC", value).strip().casefold()
    if kind == "phone":
        normal = "".join(character for character in normal if character.isdigit()).lstrip("0")
    return normal


def new_nonce() -> str:
    """What a party's link is made from, 256 random bits as text. Without the token key it opens nothing."""
    return secrets.token_urlsafe(32)


def link_token(nonce: str, key_id: str = "") -> tuple[str, str]:
    """Key id and token of a party's link: 43 characters fit for an address, the same at every call.

    So a message that is sent again carries the same link, and the token itself is stored nowhere. Without `key_id` the
    key that writes now makes it. Raises LookupError when the key is not configured any more.
    """
    ring = settings.THROUGHLINE_KEYS["token"]
    key_id = key_id or ring[0][0]
    secret = dict(ring).get(key_id)
    if secret is None:
        raise LookupError(f"token key {key_id!r} is not configured: add it to THROUGHLINE_TOKEN_KEYS")
    made = hmac.new(secret, f"link1|token|{nonce}".encode(), hashlib.sha256).digest()
    return key_id, base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def link_digests(token: str) -> list[str]:
    """What a link is looked up by, one for each token key, the one that writes now first. The first is what is stored.

    Whatever is given has digests, at about the same cost, however long or strange: nothing is told by refusing it.
    """
    text = b"link1|digest|" + token[: LINK_TOKEN_LENGTH + 1].encode(errors="replace")
    return [hmac.new(secret, text, hashlib.sha256).hexdigest() for _id, secret in settings.THROUGHLINE_KEYS["token"]]


def may_sign() -> bool:
    """Whether this process was given the key that signs anchors. The web need not be."""
    return bool(settings.THROUGHLINE_ANCHOR_KEYS["sign"])


def sign_anchor(body: str) -> tuple[str, str]:
    """Key id and signature (128 hexadecimal digits) of an anchor. Raises LookupError where no signing key is given."""
    if not may_sign():
        raise LookupError("no key signs anchors here: set THROUGHLINE_ANCHOR_KEY, or THROUGHLINE_ANCHOR_KEY_FILE")
    ((key_id, seed),) = settings.THROUGHLINE_ANCHOR_KEYS["sign"]
    return key_id, Ed25519PrivateKey.from_private_bytes(seed).sign(body.encode()).hex()


def anchor_signed(body: str, key_id: str, signature: str) -> bool:
    """Whether an anchor was signed by the key of that id. Raises LookupError when its public half is not configured."""
    public = dict(settings.THROUGHLINE_ANCHOR_KEYS["verify"]).get(key_id)
    if public is None:
        raise LookupError(f"no public anchor key {key_id!r}: put it back into THROUGHLINE_ANCHOR_PUBLIC_KEYS")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), body.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


@receiver(setting_changed)
def _forget(*, setting: str, **_: object) -> None:
    if setting == "THROUGHLINE_KEYS":
        chain_keys.cache_clear()
        _field_keys.cache_clear()
