"""The tables of the playbook: editions as they are written, their rows, and who read which page."""

from playbook.models.edition import Edition
from playbook.models.entry import Entry
from playbook.models.reading import PageReading

__all__ = ["Edition", "Entry", "PageReading"]
