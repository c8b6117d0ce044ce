"""`manage.py sync_schedules`: the declared schedules, and no others, into the database."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from escalations import schedules
from escalations.management.syncing import said


class Command(BaseCommand):
    """Adds what is missing, puts right what differs, removes what is not declared. Twice is as once."""

    help = "Make the schedules in the database those that are declared in code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")
        parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object for programs")

    def handle(self, *args: Any, dry_run: bool, as_json: bool, **options: Any) -> None:
        changes = schedules.sync(now=timezone.now(), dry_run=dry_run)
        if as_json:
            report = {
                "dry_run": dry_run,
                "added": changes.added,
                "changed": changes.changed,
                "removed": changes.removed,
                "unchanged": changes.unchanged,
            }
            self.stdout.write(json.dumps(report, indent=2))
            return
        for line in said(changes, dry_run=dry_run):
            self.stdout.write(line)
        if not changes and options["verbosity"] > 1:
            self.stdout.write(f"All {len(changes.unchanged)} schedules are as declared.")
