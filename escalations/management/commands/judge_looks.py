"""`judge_looks [--again]`: what in the access log deserves a second look."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from escalations.services import judging
from escalations.services.heartbeat import beat


class Command(BaseCommand):
    """Exit status 0: it was worked out."""

    help = (
        "Work out what in the access log is unusual, for auditors to look at. A worker does it every five minutes; run "
        "it with --again after an update whose rules differ, as `doctor` says."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--again",
            action="store_true",
            help="judge all entries anew; marks that were reviewed stay as they were read",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be found; write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        with transaction.atomic() if options["dry_run"] else nullcontext():
            done = judging.judge(now=now, again=options["again"])
            if options["dry_run"]:
                transaction.set_rollback(True)
        if not options["dry_run"]:
            beat(name="judging", now=now, detail={"looked": done.looked, "unusual": done.unusual})
        nothing = "Dry run, nothing written. " if options["dry_run"] else ""
        self.stdout.write(f"{nothing}{done.looked} entries looked at, {done.unusual} deserve a second look.")
