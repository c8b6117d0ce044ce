"""The matrix: from a policy and the facts of a case to a decision that can say why.

evaluate(policy, facts)        the decision: defaults, category, regions, first matching rule, raising triggers
case_facts(policy, document)   a case as the contract writes it -> Facts
standing(policy, category, region)   what holds in a place before any rule: for the pages
matrix_of(policy)              the compiled form that `evaluate` uses, made once per policy object
"""

from escalations.core.matrix.compiled import Matrix, matrix_of
from escalations.core.matrix.deciding import evaluate
from escalations.core.matrix.intake import case_facts, recorded_facts
from escalations.core.matrix.layers import (
    Standing,
    UnknownCategory,
    UnknownRegion,
    rules_tried,
    standing,
)
from escalations.core.matrix.logic import holds
from escalations.core.matrix.regional import Place, RegionMatrix

__all__ = [
    "Matrix",
    "Place",
    "RegionMatrix",
    "Standing",
    "UnknownCategory",
    "UnknownRegion",
    "case_facts",
    "evaluate",
    "holds",
    "matrix_of",
    "recorded_facts",
    "rules_tried",
    "standing",
]
