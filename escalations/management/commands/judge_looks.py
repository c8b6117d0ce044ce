"""`judge_looks [--again]`: what in the access log deserves a second look."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
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

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        done = judging.judge(now=now, again=options["again"])
        beat(name="judging", now=now, detail={"looked": done.looked, "unusual": done.unusual})
        self.stdout.write(f"{done.looked} entries looked at, {done.unusual} deserve a second look.")
