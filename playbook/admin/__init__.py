"""The playbook in the admin: for looking, not for writing."""

from playbook.admin.editions import EditionAdmin

__all__ = ["EditionAdmin"]
