"""`manage.py doctor`: is everything as it should be, and if not, what to do."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from escalations.management.checkup import Finding, checkup

SIGNS = {"ok": "ok  ", "warn": "note", "fail": "FAIL"}


class Command(BaseCommand):
    """Looks at settings, keys, database, migrations, workers, schedules, messages, mail and the law. Writes nothing."""

    help = "Check settings, keys, database, workers, messages, mail and playbook; exit 1 when something is wrong."
    requires_system_checks: list[str] = []  # they are part of the findings

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object for programs")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        found = list(checkup(timezone.now()))
        failed = [item for item in found if item.level == "fail"]
        if as_json:
            self.stdout.write(json.dumps({"ok": not failed, "findings": [asdict(item) for item in found]}, indent=2))
        else:
            self._tell(found, len(failed))
        if failed:
            sys.exit(1)

    def _tell(self, found: list[Finding], failed: int) -> None:
        width = max(len(item.name) for item in found)
        style = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "fail": self.style.ERROR}
        for item in found:
            self.stdout.write(f"{style[item.level](SIGNS[item.level])}  {item.name:<{width}}  {item.say}")
        notes = sum(item.level == "warn" for item in found)
        self.stdout.write("")
        if failed:
            self.stdout.write(self.style.ERROR(f"{failed} to put right, {notes} to know."))
        else:
            self.stdout.write(
                self.style.SUCCESS(f"The desk is well. {notes} to know." if notes else "The desk is well.")
            )
