"""`replay_erasures`: after a restore from a backup, what had been erased is erased again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from escalations.core.actor import Actor
from escalations.errors import DeskError
from escalations.models import Erasure, Party
from escalations.services.privacy import erasing, ledger, residue


class Command(BaseCommand):
    """Exit status 0 when all of it is erased, 1 when something is left and says what, 2 without a ledger to read."""

    help = (
        "Erase again what the ledger's file says was erased: for a database that was restored from an older backup. "
        "People are found by pseudonym, else by fingerprints; who came back after the erasure is left alone. Then run "
        "apply_retention."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="file", metavar="FILE", help="the ledger (default: the configured one)")
        parser.add_argument("--dry-run", action="store_true", help="say whom it would concern; write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        now, again, left = timezone.now(), 0, []
        path = Path(options["file"] or settings.THROUGHLINE_ERASURE_LEDGER)
        tables: set[str] = set()
        try:
            entries = list(ledger.read(path))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}", returncode=2) from None
        for entry in entries:
            if isinstance(entry, ledger.Broken):
                left.append(f"{path.name}: {entry}.")
                continue
            if entry["kind"] != Erasure.Kind.PERSON:
                continue
            for party_id in ledger.concerned(entry):
                name = Party.objects.filter(pk=party_id).values_list("pseudonym", flat=True).get()
                if options["dry_run"]:
                    self.stdout.write(f"{name}: would be erased again, as on {entry['at'][:10]}")
                    continue
                try:
                    done = erasing.erase_party(
                        party_id=party_id, reason=entry["reason"], actor=Actor.worker("replay"), now=now, again=entry
                    )
                except DeskError as error:
                    left.append(f"{name}: {error}")
                    continue
                again += 1
                tables |= set(done.certificate["erased"])
                self.stdout.write(f"{name}: erased again, as on {entry['at'][:10]}")
        if not options["dry_run"]:
            left += residue.clean(tables=tables, now=now).left
            self.stdout.write(f"{again} erased again. Now run: python manage.py apply_retention")
        if left:
            raise CommandError("\n".join(left), returncode=1)
