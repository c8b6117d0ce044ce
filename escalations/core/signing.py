"""What a session proves: by what its person has shown who they are, and when. And what a company's directory says.

A session keeps a list of authentication records, as allauth writes them: `{"method": ..., "at": seconds, ...}`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from escalations.core.roles import ROLES

MODES = ("channels", "everybody", "off")
"""Who needs a second factor: who sees channels that ask for it, everybody who works here, nobody."""

PROVIDER = "sso"
"""The name of the one provider of single sign-on in addresses and rows."""

SSO_SECOND_FACTOR = "sso-second-factor"
"""The method of the record that says: the provider told us that it asked for a second factor."""

FACTORS: Mapping[str, str] = {
    "totp": "a code of an app",
    "recovery_codes": "a recovery code",
    "webauthn": "a passkey or security key",
}
"""Kinds of second factors, as a person calls them. Keys are only accepted when they have checked their user."""

PROVES = frozenset({"password", "mfa", "socialaccount"})
"""Methods by which somebody shows who they are. A link in a mail (`password_reset`) is none of them."""

Records = Iterable[Mapping[str, Any]]


def second_factor(records: Records) -> bool:
    """Whether a second factor is among what a session has shown."""
    return any(
        record.get("method") == SSO_SECOND_FACTOR or (record.get("method") == "mfa" and record.get("type") in FACTORS)
        for record in records
    )


def proved_at(records: Records, signed_in_at: float) -> float:
    """When the person last showed who they are, in seconds: at the sign-in, or at a later record."""
    return max((float(record["at"]) for record in records if record.get("method") in PROVES), default=signed_in_at)


def used(records: Records) -> list[str]:
    """What was shown, for the record: `password`, `totp`, `webauthn`, ..., each once, in order."""
    return list(dict.fromkeys(str(record.get("type") or record.get("method")) for record in records))


def group_roles(text: str) -> dict[str, tuple[str, ...]]:
    """`group=role,other group=role` as the roles of each group. A group may stand several times; a semicolon or a new
    line may stand for the comma.

    Raises ValueError, naming the item, for one without a role, and for a role that does not exist.
    """
    found: dict[str, tuple[str, ...]] = {}
    for item in text.replace("\n", ",").replace(";", ",").split(","):
        if not item.strip():
            continue
        group, sign, role = (part.strip() for part in item.rpartition("="))
        if not sign or not group or role not in ROLES:
            raise ValueError(f"groups: {item.strip()!r} is not group=role, with a role of {', '.join(ROLES)}")
        found[group] = tuple(dict.fromkeys((*found.get(group, ()), role)))
    return found


def mapped(groups: Any, roles: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The roles of somebody whom a provider puts into `groups` (a list, one name, or whatever it sent)."""
    names = [groups] if isinstance(groups, str) else groups if isinstance(groups, list | tuple) else []
    return frozenset(role for name in names if isinstance(name, str) for role in roles.get(name, ()))


def told_second_factor(claims: Mapping[str, Any], accepted: Collection[str]) -> bool:
    """Whether the claims `amr` (a list) or `acr` (one value) of a token say that a second factor was used."""
    amr = claims.get("amr")
    values = {str(value) for value in amr} if isinstance(amr, list) else {amr} if isinstance(amr, str) else set()
    return bool((values | {str(claims.get("acr", ""))}) & (set(accepted) - {""}))
