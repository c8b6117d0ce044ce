"""`export_party REF --to FILE`: a person's own data, for the person."""

from __future__ import annotations

import json
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from escalations.errors import Invalid
from escalations.management.commands.erase_party import acting
from escalations.selectors.personal import personal_data
from escalations.services.privacy import erasing, unmasking


class Command(BaseCommand):
    """Exit status 0 when the file is written, 1 when a key is missing, 2 for wrong arguments."""

    help = (
        "Write what the desk knows of a person as JSON, for that person: colleagues and others redacted, restricted "
        "findings withheld and named as withheld. The export is on the record of each case. Read it through before it "
        "is handed over: names that only a text knows are not recognised."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REF", help="a pseudonym (P-...) or a reference of one of their cases")
        parser.add_argument("--to", required=True, metavar="FILE", help="a file that does not exist yet")
        parser.add_argument("--dry-run", action="store_true", help="say what it would hold; write nothing")
        parser.add_argument("--by", metavar="USERNAME", help="whose act it is (default: the operator of this machine)")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            party = erasing.find(options["reference"])
            actor = acting(options["by"])
            data = personal_data(party=party, now=now)
        except Invalid as error:
            raise CommandError(str(error), returncode=2) from None
        except (LookupError, ValueError) as error:
            raise CommandError(str(error), returncode=1) from None
        if options["dry_run"]:
            self.stdout.write(f"Dry run, nothing written. {party.pseudonym}: {len(data['cases'])} cases")
            return
        try:
            handle = os.open(options["to"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{options['to']}: {error.strerror}", returncode=2) from None
        unmasking.record_export(party_id=party.pk, actor=actor, now=now)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=2, ensure_ascii=False)
        self.stdout.write(
            f"{party.pseudonym}: {len(data['cases'])} cases written to {options['to']}. "
            "Read it through before it is handed over."
        )
