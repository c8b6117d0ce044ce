"""The tables of the playbook: editions as they are written, and their rows."""

from playbook.models.edition import Edition
from playbook.models.entry import Entry

__all__ = ["Edition", "Entry"]
