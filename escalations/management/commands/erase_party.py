"""`erase_party REF --reason R`: one person's erasure, with a certificate."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from escalations.core.actor import Actor
from escalations.errors import DeskError, Invalid
from escalations.models import User
from escalations.services.privacy import erasing, ledger, residue


class Command(BaseCommand):
    """Exit status 0 when it was erased, 1 when something stands against it or is left, 2 for wrong arguments."""

    help = (
        "Erase a person's data wherever it is: contact data, words of all their cases, payloads of events, history, "
        "imports, logs of the admin, queue, sessions, cache. Their cases keep their state, and the chain stays valid. "
        "Prints a certificate. Cannot be undone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REF", help="a pseudonym (P-...) or a reference of one of their cases")
        parser.add_argument("--reason", required=True, help="why, without naming the person: it stays in the ledger")
        parser.add_argument("--by", metavar="USERNAME", help="whose act it is (default: the operator of this machine)")
        parser.add_argument("--dry-run", action="store_true", help="say what would be erased; write nothing")
        parser.add_argument("--json", action="store_true", help="the certificate, or the preview, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            party = erasing.find(options["reference"])
        except Invalid as error:
            raise CommandError(str(error), returncode=2) from None
        actor = acting(options["by"])
        if options["dry_run"]:
            self._preview(erasing.preview(party=party), as_json=options["json"])
            return
        try:
            entry = erasing.erase_party(party_id=party.pk, reason=options["reason"], actor=actor, now=now)
        except Invalid as error:
            raise CommandError(f"--{error.field}: {error}", returncode=2) from None
        except DeskError as error:
            raise CommandError(str(error), returncode=1) from None
        cleaned = residue.clean(tables=entry.certificate["erased"], now=now)
        self.stdout.write(
            json.dumps(entry.certificate, indent=2)
            if options["json"]
            else "\n".join([*certificate_words(entry.pk, entry.certificate, entry.certificate_digest), _told(cleaned)])
        )
        waiting = ledger.copy_out(now=now)
        left = [*cleaned.left, *(["The ledger's file could not be written: see the log."] if waiting else [])]
        if left:
            raise CommandError(" ".join(left), returncode=1)

    def _preview(self, found: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(found, indent=2))
        else:
            self.stdout.write(f"Dry run, nothing written. {found['pseudonym']}: {len(found['cases'])} cases")
            for reference in found["cases"]:
                self.stdout.write(f"  {reference}")
            for label, number in found["counts"].items():
                self.stdout.write(f"  {number:>6} rows of {label}")
        if found["against"]:
            raise CommandError(" ".join(found["against"]), returncode=1)


def acting(username: str | None) -> Actor:
    """Whose act a command is: a person of the desk by name, else the operator. Raises CommandError (2)."""
    if not username:
        return Actor.worker("operator")
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise CommandError(f"--by: nobody at the desk is called {username!r}.", returncode=2)
    return Actor.user(person)


def certificate_words(number: int, certificate: dict[str, Any], digest: str) -> list[str]:
    """A certificate for people."""
    lines = [
        f"Certificate of erasure {number}",
        f"  at         {certificate['at']}",
        f"  asked by   {certificate['asked_by']}",
    ]
    if certificate["pseudonym"]:
        lines.append(f"  person     {certificate['pseudonym']}")
    cases = certificate["cases"]
    more = f" and {len(cases) - 8} more" if len(cases) > 8 else ""
    lines.append(f"  cases      {', '.join(cases[:8]) or 'none'}{more}")
    lines += [f"  {rows:>9}  rows of {label}" for label, rows in certificate["erased"].items()]
    lines.append(f"  digest     {digest}")
    return lines


def _told(cleaned: residue.Cleaned) -> str:
    database = f", {cleaned.database}" if cleaned.database else ""
    return f"  also       {cleaned.tasks} tasks and {cleaned.sessions} sessions emptied, cache emptied{database}"
