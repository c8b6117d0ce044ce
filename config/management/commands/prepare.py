"""`manage.py prepare`: from any state of the database to a desk that can be used, in one process."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

#: Enough cases to fill every list and page, few enough to load within seconds.
DEMO_CASES = 120
DEMO_SEED = 7

#: What each step is, for the person who waits.
WORDS = {
    "migrate": "Making the tables",
    "createcachetable": "Making the cache",
    "sync_schedules": "Declaring the schedules",
    "sync_roles": "Declaring the roles",
    "install_playbook": "Installing the starter playbook",
    "demo": "Loading the demo marketplace",
    "demo_articles": "Adding its articles",
    "demo_proposal": "Proposing a change",
}


class Command(BaseCommand):
    """Migrates, makes the cache table, syncs schedules and roles, installs a playbook if there is none, loads the demo.

    Each step is left out when there is nothing for it to do, so a second run takes about a second. The steps are
    other commands, called by name: they stay usable alone.
    """

    help = "Migrate, sync schedules and roles, install a playbook if there is none, load the demo if it is empty."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--preset", default="team", help="starter playbook for an empty desk (team)")
        parser.add_argument(
            "--demo-cases",
            type=int,
            default=DEMO_CASES,
            help=f"cases of the demo for an empty database; 0 for none ({DEMO_CASES})",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")

    def handle(self, *args: Any, preset: str, demo_cases: int, dry_run: bool, **options: Any) -> None:
        steps = self.pending(preset, demo_cases)
        for name in steps:
            command, *arguments = name.split()
            if dry_run:
                self.stdout.write(f"Would run: {name}")
                continue
            self.stdout.write(f"{WORDS[command]} ...")
            call_command(command, *arguments, stdout=self.stdout, stderr=self.stderr, **self.quiet(command))

    def quiet(self, command: str) -> dict[str, Any]:
        """Return options that keep Django's own commands from reporting every table."""
        return {"verbosity": 0, "interactive": False} if command == "migrate" else {}

    def pending(self, preset: str, demo_cases: int) -> list[str]:
        """Return the commands to run, in order, for the database as it is now.

        Raises CommandError when the database does not answer.
        """
        try:
            tables = set(connection.introspection.table_names())
        except OperationalError as error:
            raise CommandError(f"The database does not answer ({error}). Check DATABASE_URL.") from error
        executor = MigrationExecutor(connection)
        migrate = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        steps = ["migrate"] if migrate else []
        if "throughline_cache" not in tables:
            steps.append("createcachetable")
        steps += ["sync_schedules", "sync_roles"]
        if not self.any_rows("PolicyVersion", tables):
            steps.append(f"install_playbook --preset {preset}")
        if demo_cases and not self.any_rows("Case", tables):
            steps += [f"demo --cases {demo_cases} --seed {DEMO_SEED}", "demo_articles", "demo_proposal"]
        return steps

    def any_rows(self, model_name: str, tables: set[str]) -> bool:
        """Tell whether the table of an escalations model exists and holds a row."""
        model = apps.get_model("escalations", model_name)
        return model._meta.db_table in tables and model._base_manager.exists()
