"""`anchor`: keep the ends of all chains that have moved, signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from escalations.errors import Refused
from escalations.services import anchoring


class Command(BaseCommand):
    """Takes an anchor now; the schedule takes one a day. Exit status 1 where no key signs or a file differs."""

    help = "Keep the ends of the chains that have moved since the last anchor, signed; write anchors out as files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what it would keep; write nothing")
        parser.add_argument("--export", metavar="DIR", help="write what DIR lacks there, as files never changed again")
        parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        dry, directory = options["dry_run"], options["export"]
        try:
            taken = anchoring.take(now=timezone.now(), dry_run=dry)
            files = anchoring.export(directory=Path(directory), dry_run=dry) if directory else []
        except (LookupError, Refused, OSError) as error:
            raise CommandError(str(error.args[0] if isinstance(error, LookupError) else error), returncode=1) from error
        if dry and directory:
            files.append(taken.number)
        if options["as_json"]:
            report = {
                "number": taken.number,
                "cases": taken.cases,
                "heads": taken.heads,
                "files": files,
                "dry_run": dry,
            }
            self.stdout.write(json.dumps(report))
            return
        would = "Would take" if dry else "Took"
        self.stdout.write(f"{would} anchor {taken.number}: {taken.cases} cases, {taken.heads} chains that have moved.")
        if directory:
            numbers = ", ".join(map(str, files)) or "none: all are there"
            self.stdout.write(f"{'Would write' if dry else 'Wrote'} to {directory}: {numbers}.")
