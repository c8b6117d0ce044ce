"""`rotate_field_keys`: everything encrypted, written anew under the current field key."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalations.services.privacy import rotation


class Command(BaseCommand):
    """Exit status 0 when nothing remains under an older key, 1 when something cannot be read and says what."""

    help = (
        "Encrypt anew, under the first of THROUGHLINE_FIELD_KEYS, what older keys of the list have encrypted, with the "
        "fingerprints for exact search. Run it after putting a new key first; when nothing remains, the older keys may "
        "leave the list. Can be killed and started again while the desk is at work."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count what would be done; write nothing")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        done = rotation.rotate(dry_run=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps(done.document(), indent=2))
        else:
            counts, what = (done.remaining, "would be written") if done.dry_run else (done.done, "written")
            for label, rows in sorted(counts.items()):
                self.stdout.write(f"{rows:>7} rows of {label} {what} anew under {done.current!r}")
            if not counts and not done.unreadable and not done.broken:
                self.stdout.write(f"Everything is under the key {done.current!r}: the older ones may go.")
        problems = [
            f"{rows} rows of {label} need the key {key!r}: put it back at the end of THROUGHLINE_FIELD_KEYS, run this "
            "again, then take it away."
            for (label, key), rows in sorted(done.unreadable.items())
        ]
        problems += [
            f"{rows} rows of {label} do not open with their key: changed." for label, rows in done.broken.items()
        ]
        if problems:
            raise CommandError("\n".join(problems), returncode=1)
