"""What a session proves, and what a directory says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core import signing
from escalations.core.roles import ROLES

records = st.lists(
    st.fixed_dictionaries(
        {
            "method": st.sampled_from(
                ["password", "mfa", "socialaccount", "password_reset", signing.SSO_SECOND_FACTOR]
            ),
            "at": st.floats(0, 1e9),
            "type": st.sampled_from([*signing.FACTORS, "", "unknown"]),
        }
    ),
    max_size=6,
)


@given(records)
def test_only_a_second_factor_is_one(shown: list[dict[str, Any]]) -> None:
    counts = [
        one for one in shown
        if one["method"] == signing.SSO_SECOND_FACTOR or (one["method"] == "mfa" and one["type"] in signing.FACTORS)
    ]  # fmt: skip
    assert signing.second_factor(shown) == bool(counts)
    assert not signing.second_factor(one for one in shown if one not in counts)


@given(records, st.floats(0, 1e9))
def test_the_last_proof_counts_and_a_link_in_a_mail_is_none(shown: list[dict[str, Any]], came: float) -> None:
    proofs = [one["at"] for one in shown if one["method"] in ("password", "mfa", "socialaccount")]
    assert signing.proved_at(shown, came) == (max(proofs) if proofs else came)


def test_groups_are_mapped_to_roles() -> None:
    text = "desk-agents=agent, cn=leads,ou=desk = lead"
    with pytest.raises(ValueError, match="cn=leads"):
        signing.group_roles(text)
    roles = signing.group_roles("desk-agents=agent; desk-agents=specialist\n cn=leads/ou=desk = lead,")
    assert roles == {"desk-agents": ("agent", "specialist"), "cn=leads/ou=desk": ("lead",)}
    assert signing.mapped(["desk-agents", "x"], roles) == {"agent", "specialist"}
    assert signing.mapped("cn=leads/ou=desk", roles) == {"lead"}


@pytest.mark.parametrize("text", ["agents", "=agent", "agents=", "agents=boss"])
def test_a_mapping_that_says_nothing_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not group=role"):
        signing.group_roles(text)


leaf = st.none() | st.integers() | st.text() | st.booleans()
sent_by_somebody = st.recursive(leaf, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(sent_by_somebody)
def test_whatever_a_provider_sends_gives_known_roles_or_none(sent: Any) -> None:
    assert signing.mapped(sent, {"a": ("agent",)}) <= set(ROLES)
    assert signing.told_second_factor({"amr": sent, "acr": sent}, ()) is False


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"amr": ["pwd", "otp"]}, True),
        ({"amr": "otp"}, True),
        ({"acr": "urn:strong"}, True),
        ({"amr": ["pwd"]}, False),
        ({"acr": ""}, False),
        ({}, False),
    ],
)
def test_a_provider_says_that_it_asked_for_a_second_factor(claims: dict[str, Any], told: bool) -> None:
    assert signing.told_second_factor(claims, ["otp", "urn:strong", ""]) is told
