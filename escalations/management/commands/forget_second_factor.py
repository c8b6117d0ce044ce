"""`forget_second_factor`: for somebody who has lost their phone, their key and their recovery codes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from escalations.models import User
from escalations.services import factors


class Command(BaseCommand):
    """Exit status 0 when something was removed, 1 when the account has none, 2 when there is no such account."""

    help = (
        "Remove every second factor of an account, recovery codes too. Make sure first that it is its owner who asks. "
        "They sign in with their password then, and set up another."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="whose")
        parser.add_argument("--dry-run", action="store_true", help="say what would be removed; write nothing")

    def handle(self, *args: Any, username: str, dry_run: bool, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no account {username!r}.", returncode=2)
        gone = factors.held(user_id=user.pk) if dry_run else factors.forget(user_id=user.pk, now=timezone.now())
        if not gone:
            raise CommandError(f"{username} has no second factor.", returncode=1)
        self.stdout.write(f"{'Would remove' if dry_run else 'Removed'}: {', '.join(gone)}.")
