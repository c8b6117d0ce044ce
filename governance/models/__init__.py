"""The tables of governance: what was approved, by whom, and what became of it."""

from governance.models.publication import Publication

__all__ = ["Publication"]
