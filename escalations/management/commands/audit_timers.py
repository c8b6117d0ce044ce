"""`audit_timers`: what should have fired and did not."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from escalations.services import audit
from escalations.services.heartbeat import beat

SHOWN = 20


class Command(BaseCommand):
    """Exit status 0 when nothing is found, 1 when something is; after --repair, when something is left."""

    help = "Find clocks and timers that do not fit each other: what should have fired and did not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="write wrong and missing timers anew, on record")
        parser.add_argument("--deep", action="store_true", help="work out the moment of every warning too (slower)")
        parser.add_argument("--json", action="store_true", help="the findings as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        report = audit.audit_timers(now=now, deep=options["deep"])
        repaired = 0
        if options["repair"] and report:
            repaired = audit.repair(report=report, now=now)
            report = audit.audit_timers(now=now, deep=options["deep"])
        beat(name="audit", now=now, detail={"found": len(report)})
        if options["json"]:
            found = {
                "at": report.at.isoformat(),
                "found": len(report),
                "counts": report.counts,
                "more": report.more,
                "repaired": repaired,
                "findings": [asdict(one) for one in report.findings],
            }
            self.stdout.write(json.dumps(found, indent=2))
        else:
            self._tell(report, repaired)
        if report:
            raise CommandError(
                f"{len(report)} findings. What is overdue: run `python manage.py sweep` and look at the worker. "
                "The rest: `python manage.py audit_timers --repair`.",
                returncode=1,
            )

    def _tell(self, report: audit.AuditReport, repaired: int) -> None:
        if repaired:
            self.stdout.write(f"Wrote the timers of {repaired} cases anew.")
        for kind, count in report.counts.items():
            number = f"more than {count}" if kind in report.more else str(count)
            self.stdout.write(f"{number} {audit.KINDS[kind]}")
            for one in [one for one in report.findings if one.kind == kind][:SHOWN]:
                self.stdout.write(f"  case {one.case}: {one.says}")
        if not report:
            self.stdout.write("Every open clock has the timer that it should have, and none is overdue.")
