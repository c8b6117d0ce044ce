"""`export_party REF --to FILE`: a person's own data, for the person."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from escalations.errors import Invalid
from escalations.management.commands.erase_party import acting
from escalations.models import Party
from escalations.selectors.personal import files_of, personal_data
from escalations.services.files import storing
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
        parser.add_argument(
            "--to", required=True, metavar="FILE", help="a new file; beside it FILE.files with the files"
        )
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
        if Path(f"{options['to']}.files").exists():
            raise CommandError(f"{options['to']}.files is there already: choose another name", returncode=2)
        try:
            handle = os.open(options["to"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{options['to']}: {error.strerror}", returncode=2) from None
        unmasking.record_export(party_id=party.pk, actor=actor, now=now)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=2, ensure_ascii=False)
        files = self._files(party, Path(f"{options['to']}.files"))
        if files:
            self.stdout.write(f"{files} files written into {options['to']}.files")
        self.stdout.write(
            f"{party.pseudonym}: {len(data['cases'])} cases written to {options['to']}. "
            "Read it through before it is handed over."
        )

    def _files(self, party: Party, folder: Path) -> int:
        """Copy the person's files into a folder of their own, each under its number and name. Returns how many."""
        count = 0
        for row in files_of(party):
            folder.mkdir(mode=0o700, exist_ok=True)
            try:
                with storing.opened(row.storage_key or "") as stored:
                    target = os.open(folder / f"{row.pk} {row.name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                    with os.fdopen(target, "wb") as file:
                        shutil.copyfileobj(stored, file)
            except storing.Missing:
                say = f"File {row.pk} of {row.case_id} is not in storage: put it back from a backup, and export again."
                raise CommandError(say, returncode=1) from None
            count += 1
        return count
