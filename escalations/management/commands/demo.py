"""`manage.py demo --cases N --seed S`: a believable marketplace on an empty desk."""

from __future__ import annotations

import argparse
import json
import secrets
import time
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from escalations.demo import loading
from escalations.demo.people import Colleague
from escalations.errors import DeskError
from escalations.models import User

FAILED, WRONG_ARGUMENTS = 1, 2
MOST = 100_000
PROGRESS_EVERY_S = 2.0


class Command(BaseCommand):
    """Loads the demo, or says who may sign in to one that is loaded."""

    help = (
        "Load a made-up marketplace: people in their teams, cases in every state with three weeks of history, and some "
        "that are about to climb. Needs the starter playbook `team`; refuses a desk that has cases or people of its "
        "own. The same seed gives the same cases. Exit status: 0 done, 1 refused, 2 wrong arguments."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--cases", type=int, default=120, metavar="N", help="how many cases (default 120)")
        parser.add_argument("--seed", type=int, default=7, metavar="S", help="the same seed gives the same (default 7)")
        parser.add_argument("--force", action="store_true", help="also on a desk that has cases or people of its own")
        parser.add_argument("--dry-run", action="store_true", help="do all of it and take it back: nothing is written")
        parser.add_argument("--json", action="store_true", help="report as JSON")
        parser.add_argument(
            "--accounts", action="store_true", help="only say who may sign in to the demo here, and how"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["accounts"]:
            self.say_accounts(loading.accounts(), password="", in_json=options["json"])
            return
        if not 1 <= options["cases"] <= MOST:
            raise CommandError(f"--cases: from 1 to {MOST:,}", returncode=WRONG_ARGUMENTS)
        fixed = settings.THROUGHLINE_DEMO_PASSWORD
        password = fixed or secrets.token_urlsafe(12)
        began = time.monotonic()
        told = None if options["verbosity"] == 0 else _Progress(self, options["cases"], began)
        try:
            done = loading.load(
                cases=options["cases"],
                seed=options["seed"],
                now=timezone.now(),
                clock=timezone.now,
                password=password,
                force=options["force"],
                dry_run=options["dry_run"],
                told=told,
            )
        except DeskError as error:
            raise CommandError(str(error), returncode=FAILED) from None
        seconds = time.monotonic() - began
        if options["json"]:
            shown = {} if options["dry_run"] or fixed else {"password": password}
            document = {"dry_run": options["dry_run"], "seconds": round(seconds, 1), **done.document(), **shown}
            self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
            return
        for line in words(done, seconds, dry_run=options["dry_run"]):
            self.stdout.write(line)
        if not fixed and not options["dry_run"]:
            self.say_accounts(loading.accounts(), password=password, in_json=False)

    def say_accounts(self, there: list[Colleague], *, password: str, in_json: bool) -> None:
        """Say who may sign in. Without `password`, the local one is named where it still fits."""
        local = password or settings.THROUGHLINE_DEMO_PASSWORD
        fits = _fits(there, password=local) if there and local else {}
        if in_json:
            rows = [
                {
                    "username": item.username,
                    "name": f"{item.first} {item.last}",
                    "shows": item.shows,
                    "password": local if fits.get(item.username) else None,
                }
                for item in there
            ]
            self.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False))
            return
        if not there:
            return
        if all(fits.get(item.username) for item in there):
            self.stdout.write(f"Sign in with the password {local} as")
        else:
            self.stdout.write("Sign in with the password that was shown when the demo was loaded, or set since, as")
        for item in there:
            self.stdout.write(f"  {item.username:<8} {item.shows}")


class _Progress:
    """Says every few seconds how far the loading is, and at its end."""

    def __init__(self, command: BaseCommand, total: int, began: float) -> None:
        self._command, self._total, self._began, self._said = command, total, began, 0.0

    def __call__(self, number: int) -> None:
        now = time.monotonic()
        if now - self._said >= PROGRESS_EVERY_S or number == self._total:
            self._said = now
            self._command.stderr.write(f"{number:,} of {self._total:,} cases, {now - self._began:.0f} s")


def _fits(there: list[Colleague], *, password: str) -> dict[str, bool]:
    """Whether a password is still that of each account; each hash is tried once."""
    stored = dict(
        User.objects.filter(username__in=[item.username for item in there]).values_list("username", "password")
    )
    tried = {encoded: check_password(password, encoded) for encoded in set(stored.values())}
    return {username: tried[encoded] for username, encoded in stored.items()}


def words(done: loading.Loaded, seconds: float, *, dry_run: bool) -> list[str]:
    """The report for people."""
    states = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in done.by_status.most_common())
    lines = [
        f"{'Dry run, nothing written: ' if dry_run else ''}{done.cases:,} cases, {done.people} people, {seconds:.0f} s",
        f"  {states}",
        f"  {done.late} late, {done.handoffs} handoffs to accept, {done.approvals} remedies to decide",
    ]
    if done.coming and not dry_run:
        lines.append("Soon:")
        for item in done.coming[:4]:
            moment = timezone.localtime(item.at)
            lines.append(f"  {moment:%H:%M:%S} {moment.tzname()}  {item.reference} {item.what}")
    if done.refused:
        lines.append(f"  {sum(done.refused.values())} acts of the stories were refused:")
        lines += [f"    {what} ({number})" for what, number in done.refused.most_common(10)]
    return lines
