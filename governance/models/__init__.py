"""The tables of governance: what was proposed, what was approved, by whom, and what became of it."""

from governance.models.proposal import Proposal, Step
from governance.models.publication import Publication

__all__ = ["Proposal", "Publication", "Step"]
