"""Governance in the admin: what was approved, for looking."""

from governance.admin.publications import PublicationAdmin

__all__ = ["PublicationAdmin"]
