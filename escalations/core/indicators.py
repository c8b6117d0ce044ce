"""The types of risk findings. A list in code and not in the law: see decision 0020."""

from __future__ import annotations

from collections.abc import Mapping

TYPES: Mapping[str, str] = {
    "device_match": "same device as another account",
    "address_match": "same address or bank account as another account",
    "ring_member": "member of a known ring",
    "identity_doubt": "identity in doubt",
    "payment_pattern": "payments follow a pattern of fraud",
    "counterfeit_source": "goods come from a known source of counterfeits",
    "document_forged": "a document looks forged",
    "takeover": "account may be in other hands",
    "other": "something else",
}
"""Key -> what a person reads. Findings keep their key for ever: take none away."""
