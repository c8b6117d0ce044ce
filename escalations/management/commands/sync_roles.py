"""`manage.py sync_roles`: the declared roles, and no others, into the database."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from escalations.services import roles


class Command(BaseCommand):
    """Adds groups of roles that are missing, puts right what they permit, removes what is not declared."""

    help = "Make the groups of roles in the database those that are declared in code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")
        parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object for programs")

    def handle(self, *args: Any, dry_run: bool, as_json: bool, **options: Any) -> None:
        done = roles.sync_roles(dry_run=dry_run)
        if as_json:
            self.stdout.write(json.dumps({"dry_run": dry_run, **asdict(done)}, indent=2))
            return
        would = "would be " if dry_run else ""
        for name in done.added:
            self.stdout.write(f"{name} {would}added")
        for name, labels in done.changed.items():
            self.stdout.write(f"{name} {would}put right ({', '.join(labels)})")
        for name in done.removed:
            self.stdout.write(f"{name} {would}removed: it is not declared")
        if done.carried:
            self.stdout.write(f"{done.carried} people were given the roles that they had in fact")
        if not done and options["verbosity"] > 1:
            self.stdout.write(f"All {done.unchanged} roles are as declared.")
