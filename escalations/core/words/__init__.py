"""Why a case is where it is: a stored decision in words, made only when somebody looks.

explain(policy, record, may_see)   the whole reason, in pieces that a page arranges
Phrases(policy, may_see)           conditions, amounts and spans of a policy in words

The reader sees what the channels that guard rules, triggers, conditions and facts let them see; the rest is told as
"one restricted rule", never by name, number or fact.
"""

from escalations.core.words.explaining import (
    Held,
    Origin,
    PassedOver,
    Raised,
    Record,
    Why,
    explain,
)
from escalations.core.words.phrases import MaySee, Phrases, amount, everyone, span

__all__ = [
    "Held",
    "MaySee",
    "Origin",
    "PassedOver",
    "Phrases",
    "Raised",
    "Record",
    "Why",
    "amount",
    "everyone",
    "explain",
    "span",
]
