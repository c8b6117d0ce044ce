"""`verify_audit`: is the record whole?"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalations.models import Case
from escalations.services import verifying

SHOWN = 50
TOLD_EVERY_S = 5


class Command(BaseCommand):
    """Exit status 0 when every link holds, 1 with the first broken link of each case, 2 for wrong arguments."""

    help = "Walk the chains of events, of the access log and of anchors; say what was changed, removed or set back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--case", metavar="REF", help="one case only, by its reference")
        parser.add_argument("--anchors", metavar="DIR", help="hold the record to the anchors exported into DIR")
        parser.add_argument("--no-files", action="store_true", help="leave out the bytes of files, which takes long")
        parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        case = self._case(options["case"])
        directory = Path(options["anchors"]) if options["anchors"] else None
        if directory is not None and not directory.is_dir():
            say = f"{directory} is no directory. Export anchors into one: manage.py anchor --export DIR"
            raise CommandError(say, returncode=2)
        began = self._told = time.monotonic()
        done = verifying.verify(case=case, directory=directory, stored=not options["no_files"], progress=self._progress)
        took = round(time.monotonic() - began, 1)
        if options["as_json"]:
            report = {
                "ok": done.ok,
                "seconds": took,
                "walked": dict(done.walked),
                "broken": done.broken,
                "findings": [asdict(one) for one in done.findings],
            }
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self._tell(done, took)
        if not done.ok:
            say = f"{done.broken} broken. Keep the database as it is, and compare it with a backup and the anchors."
            raise CommandError(say, returncode=1)

    def _case(self, reference: str | None) -> Case | None:
        if reference is None:
            return None
        found = Case.objects.filter(reference=reference.strip().upper()).first()
        if found is None:
            say = f"There is no case {reference}. If there was one, walk all: manage.py verify_audit"
            raise CommandError(say, returncode=2)
        return found

    def _progress(self, walked: Counter[str]) -> None:
        if time.monotonic() - self._told >= TOLD_EVERY_S:
            self._told = time.monotonic()
            self.stderr.write(f"... {walked['cases']} cases, {walked['events']} events")

    def _tell(self, done: verifying.Verified, took: float) -> None:
        for one in done.findings[:SHOWN]:
            self.stdout.write(f"{one.name}: {one.says}")
        if done.broken > SHOWN:
            self.stdout.write(f"and {done.broken - SHOWN} more (--json lists {verifying.LISTED})")
        walked = ", ".join(f"{number} {what}" for what, number in done.walked.items()) or "nothing"
        self.stdout.write(f"Walked {walked} in {took} s.")
        if done.ok:
            self.stdout.write(self.style.SUCCESS("Every link holds."))
