"""The tables of the playbook: editions as they are written."""

from playbook.models.edition import Edition

__all__ = ["Edition"]
