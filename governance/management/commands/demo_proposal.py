"""`manage.py demo_proposal`: a change of the playbook before the demo's council."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from governance.demo import loading


class Command(BaseCommand):
    """Proposes one change as a member of the demo's council, unless something was ever proposed."""

    help = "Put a change of the playbook before the council of a desk on which the demo is loaded."

    def handle(self, *args: Any, **options: Any) -> None:
        made = loading.propose(now=timezone.now())
        self.stdout.write(f"Proposed: {made.title}." if made else "Nothing was proposed.")
