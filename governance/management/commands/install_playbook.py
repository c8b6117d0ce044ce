"""`manage.py install_playbook`: the first playbook of an empty desk, compiled and published."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from escalations.errors import DeskError
from escalations.models import Case, PolicyVersion
from governance.services.publication import publish_first
from playbook import presets
from playbook.core.compiling import Compiled, compile_source, with_horizon
from playbook.core.public_holidays import default_years
from playbook.core.reading import read
from playbook.core.report import as_json, as_lines, summary
from playbook.core.source import Source, SourceError
from playbook.services.editions import begin_edition, compile_edition

WRONG, MISUSED = 1, 2


class Command(BaseCommand):
    """Reads an edition, compiles it, records that this command approved it, and installs it: all of it or nothing."""

    help = "Install the first playbook of an empty desk, from a preset or from a file or folder of your own."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--preset", help=f"one that comes with the program: {', '.join(presets.names())}")
        what.add_argument("--file", type=Path, help="an edition of your own: a YAML or JSON file, or a folder of parts")
        parser.add_argument("--reason", default="First playbook of this desk.", help="kept with the approval")
        parser.add_argument("--dry-run", action="store_true", help="compile and check, write nothing")
        parser.add_argument("--json", action="store_true", dest="as_json", help="say it as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        source, origin = self.source(options["preset"], options["file"], options["as_json"])
        compiled = self.compile(with_horizon(source, default_years(now.date())), origin, options["as_json"])
        installed = PolicyVersion.objects.filter(edition_digest=compiled.digest).order_by("number").first()
        if installed is not None:
            self.say(compiled, options, f"Installed already, as version {installed.number}.", installed)
            return
        if PolicyVersion.objects.exists() or Case.objects.exists():
            raise CommandError(
                "This desk has a playbook or cases already, and a first playbook is for an empty desk. "
                "Propose a change of the playbook in force instead.",
                returncode=WRONG,
            )
        if options["dry_run"]:
            self.say(compiled, options, f"Would install {origin} as version 1. Nothing was written.", None)
            return
        version = self.install(source, origin, options["reason"], now)
        self.say(compiled, options, f"Installed {origin} as version {version.number}.", version)

    def source(self, preset: str | None, file: Path, in_json: bool) -> tuple[Source, str]:
        """Return the edition as written and what to call it. Exits with 2 for a preset or file that is not there."""
        if preset is not None:
            try:
                path = presets.folder(preset)
            except LookupError as error:
                raise CommandError(f"--preset: {error}", returncode=MISUSED) from None
            origin = f"preset {preset}"
        else:
            if not file.exists():
                raise CommandError(f"--file: there is no {file}", returncode=MISUSED)
            path, origin = file, str(file)
        try:
            return read(path), origin
        except SourceError as error:
            raise self.failed(error, origin, in_json) from None

    def compile(self, source: Source, origin: str, in_json: bool) -> Compiled:
        try:
            return compile_source(source)
        except SourceError as error:
            raise self.failed(error, origin, in_json) from None

    def failed(self, error: SourceError, origin: str, in_json: bool) -> CommandError:
        if in_json:
            self.stdout.write(json.dumps({"installed": False, "problems": as_json(error.problems)}, indent=2))
        return CommandError(
            f"{origin} cannot be installed; nothing was written. {len(error.problems)} to put right:\n"
            f"{as_lines(error.problems)}",
            returncode=WRONG,
        )

    @transaction.atomic
    def install(self, source: Source, origin: str, reason: str, now: dt.datetime) -> PolicyVersion:
        try:
            edition = begin_edition(source=source, now=now, origin=origin)
            compile_edition(edition_id=edition.pk, now=now, marks=source)
            return publish_first(
                edition_id=edition.pk, by=f"install_playbook, run by {getpass.getuser()}", reason=reason, now=now
            )
        except (DeskError, SourceError) as error:
            raise CommandError(str(error), returncode=WRONG) from None

    def say(self, compiled: Compiled, options: dict[str, Any], sentence: str, version: PolicyVersion | None) -> None:
        told = summary(compiled)
        if options["as_json"]:
            number = version.number if version is not None else None
            self.stdout.write(json.dumps({"installed": version is not None, "version": number, **told}, indent=2))
            return
        self.stdout.write(sentence)
        self.stdout.write(
            f"  {told['title']}: {told['categories']} categories, {told['rules']} rules, {told['triggers']} triggers, "
            f"{told['teams']} teams, {told['regions']} regions, {told['pages']} pages, "
            f"{told['scenarios']} scenarios passed"
        )
        self.stdout.write(f"  edition {told['edition_digest']}")
        if compiled.warnings:
            self.stdout.write(f"{len(compiled.warnings)} to look at:\n{as_lines(compiled.warnings)}")
