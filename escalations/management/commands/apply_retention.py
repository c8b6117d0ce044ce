"""`apply_retention`: what the policy's retention demands."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from escalations.core.actor import Actor
from escalations.errors import NoPolicy
from escalations.services.heartbeat import beat
from escalations.services.privacy import residue, retention


class Command(BaseCommand):
    """Exit status 0 when done, 1 when something is left, and says what."""

    help = (
        "Erase the words of closed cases, and the data of their people, that the retention of the policy in force no "
        "longer lets the desk keep. Runs every day by schedule; can be killed and started again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="counts and examples by reference; write nothing")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            done = retention.apply(now=now, actor=Actor.worker("retention"), dry_run=options["dry_run"])
        except NoPolicy as error:
            raise CommandError(str(error), returncode=1) from None
        left: list[str] = []
        if not done.dry_run:
            # Also when nothing was due: an earlier run may have left the database uncleaned.
            left = residue.clean(tables=done.erased, now=now).left
            beat(name="retention", now=now, detail={"cases": done.cases})
        if options["json"]:
            self.stdout.write(json.dumps(done.document(), indent=2))
        else:
            self._tell(done)
        if left:
            raise CommandError(" ".join(left), returncode=1)

    def _tell(self, done: retention.Applied) -> None:
        if not done.due:
            self.stdout.write(f"By version {done.version} of the playbook nothing was kept long enough.")
        for (category, region), number in sorted(done.due.items()):
            examples = ", ".join(done.examples[category, region])
            self.stdout.write(f"{number:>6} closed cases of {category} in {region}: {examples}")
        if done.held:
            self.stdout.write(f"{done.held:>6} more are kept by a legal hold")
        if done.refused_rows:
            self.stdout.write(f"{done.refused_rows:>6} refused rows of imports")
        if done.dry_run:
            self.stdout.write("Dry run, nothing written.")
            return
        for label, rows in sorted(done.erased.items()):
            self.stdout.write(f"{rows:>6} rows of {label} erased")
        if done.entry is not None:
            self.stdout.write(f"Certificate {done.entry.pk}, digest {done.entry.certificate_digest}")
