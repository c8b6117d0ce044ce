"""`sweep`: fire the due timers now, as the schedule does every minute."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalations.services import sweep


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on, not {text!r}")
    return int(text)


class Command(BaseCommand):
    """Sweeps until nothing is due, or looks only. Exit status 1 when cases had to be set aside."""

    help = (
        "Fire the due timers: warnings, breaches, rungs, pauses that end. Until nothing is due, unless told otherwise."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what one batch would fire; write nothing")
        parser.add_argument("--once", action="store_true", help="one batch only")
        parser.add_argument("--limit", type=_at_least_one, default=sweep.LIMIT, metavar="N", help="cases of a batch")
        parser.add_argument("--within", type=_at_least_one, metavar="SECONDS", help="stop after so many seconds")
        parser.add_argument("--json", action="store_true", help="the counts as a line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"] or options["once"]:
            done = sweep.sweep(limit=options["limit"], dry_run=options["dry_run"])
        else:
            done = sweep.run(limit=options["limit"], within_s=options["within"])
        detail = done.detail() | {"dry_run": options["dry_run"], "set_aside": done.aside}
        self.stdout.write(json.dumps(detail) if options["json"] else _words(done, dry_run=options["dry_run"]))
        if done.aside and not options["dry_run"]:
            raise CommandError(
                f"{len(done.aside)} cases were set aside and are tried again later. The log says why; so does "
                "`python manage.py audit_timers`.",
                returncode=1,
            )


def _words(done: sweep.SweepResult, *, dry_run: bool) -> str:
    if not done:
        return "Nothing is due."
    would = "Would fire" if dry_run else "Fired"
    named = ", ".join(f"{number} {what.replace('_', ' ')}" for what, number in sorted(done.counts.items()) if number)
    return f"{would} {done.fired} moments of {done.cases} cases: {named or 'nothing of their own'}."
