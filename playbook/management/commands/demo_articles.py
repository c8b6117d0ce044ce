"""`manage.py demo_articles`: the knowledge base of the demo, and its precedents."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from playbook.demo import loading


class Command(BaseCommand):
    """Adds the demo's articles and precedents, by its people; what is there already stays."""

    help = "Add made-up articles and precedents to a desk on which the demo is loaded. What is there already stays."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="do all of it and take it back: nothing is written")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            now = timezone.now()
            added, archived = loading.load(now=now), loading.archive(now=now)
            transaction.set_rollback(options["dry_run"])
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(f"{added} articles and {archived} precedents {would}added.")
