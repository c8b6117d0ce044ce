"""`manage.py import_cases FILE --mapping M.yaml`: past cases and their steps from a CSV of another desk."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from escalations.core.actor import Actor
from escalations.core.past import PastCase, Refusal
from escalations.errors import DeskError
from escalations.inbound.importing.lines import Damaged
from escalations.inbound.importing.loading import load
from escalations.inbound.importing.log import Log
from escalations.inbound.importing.mapping import MappingError
from escalations.services.imports import BATCH, Desk, Report, import_cases

WRONG_ARGUMENTS, FAILED = 2, 1
PROGRESS_EVERY_S = 2.0


class Command(BaseCommand):
    """Reads the file through, then imports it case by case; says on standard error how far it is."""

    help = (
        "Import past cases and their steps from a CSV (plain or gzip) of another desk. A mapping says what its columns "
        "mean. Bad rows are reported by line and leave out their case; the rest goes on. Can be killed and started "
        "again at any time; a case is imported once. Exit status: 0 done, 1 some rows were refused or the import "
        "failed, 2 wrong arguments, mapping or file."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", help="the log: CSV with a header, plain or gzip")
        parser.add_argument(
            "--mapping", required=True, metavar="M.yaml", help="mapping file, or the name of a shipped one"
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing, report what would be imported")
        parser.add_argument("--json", action="store_true", help="report as JSON")
        parser.add_argument(
            "--batch", type=int, default=BATCH, metavar="N", help=f"cases per transaction (default {BATCH})"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch: at least one case a transaction", returncode=WRONG_ARGUMENTS)
        now = timezone.now()
        started = time.monotonic()
        quiet = options["verbosity"] == 0
        try:
            mapping = load(options["mapping"])
            desk = Desk(now=now)
            if problems := desk.problems(mapping.keys_here()):
                raise MappingError(problems)
            if mapping.case.region is None:
                desk.id_of("region", "")
            with Log(options["file"], mapping, now=now) as log:
                report = import_cases(
                    items=self._told(log, quiet=quiet),
                    plan=log.plan,
                    desk=desk,
                    actor=Actor.integration("import"),
                    batch=options["batch"],
                    dry_run=options["dry_run"],
                    progress=None if quiet else _Progress(self, log.total, started),
                )
                rows = log.rows
        except MappingError as error:
            raise CommandError(_listed(error.problems), returncode=WRONG_ARGUMENTS) from None
        except OSError as error:
            raise CommandError(
                f"{options['file']}: cannot be read: {error.strerror or error}", returncode=WRONG_ARGUMENTS
            ) from None
        except (Damaged, DeskError) as error:
            raise CommandError(f"{options['file']}: {error}", returncode=FAILED) from None
        if options["json"]:
            document = {"file": options["file"], "rows": rows, **report.document()}
            self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(words(report, rows, time.monotonic() - started)))
        if report.refused_rows:
            sys.exit(FAILED)

    def _told(self, log: Log, *, quiet: bool) -> Any:
        """The log's cases; refused rows are told on standard error as they come."""
        for item in log.cases():
            if not quiet and not isinstance(item, PastCase):
                for refusal in item:
                    self.stderr.write(_refused(refusal))
            yield item


class _Progress:
    """Says every few seconds how far the import is, and at its end."""

    def __init__(self, command: BaseCommand, total: int, started: float) -> None:
        self._command, self._total, self._started = command, total, started
        self._said = 0.0

    def __call__(self, report: Report) -> None:
        now = time.monotonic()
        if now - self._said < PROGRESS_EVERY_S and report.seen < self._total:
            return
        self._said = now
        share = 100 * report.seen // self._total if self._total else 100
        self._command.stderr.write(
            f"{report.seen:,} of {self._total:,} cases ({share} %), {now - self._started:.0f} s", ending="\n"
        )


def _refused(refusal: Refusal) -> str:
    case = f" (case {refusal.external_id})" if refusal.external_id else ""
    return f"line {refusal.line}{case}: {refusal.message}"


def _listed(problems: list[tuple[str, str]]) -> str:
    return "\n".join(["The mapping cannot be used:", *(f"  {place}: {reason}" for place, reason in problems)])


def words(report: Report, rows: int, seconds: float) -> list[str]:
    """The report for people."""
    document = report.document()
    done = "would be imported" if report.dry_run else "imported now"
    handoffs, reopened, cases = document["handoffs"], document["reopened"], report.cases
    lines = [
        f"{'Dry run, nothing written. ' if report.dry_run else ''}{report.source}: {rows:,} rows, {seconds:.0f} s",
        "",
        f"  cases          {cases:,}, of them {_kinds(document['cases']['by_status'])}",
        f"                 {done} {report.imported:,}, before {report.already:,}, refused {report.refused_cases:,}",
        f"  events         {report.events:,}",
        f"  handoffs       {handoffs['shown_total']:,} shown by the log; cases with {_shares(report.shown, cases)}",
    ]
    if report.differing:
        lines.append(f"  different now  {report.differing:,} cases imported before; left as they were imported")
    if report.counted:
        hidden, extra = handoffs["counted_not_shown"], handoffs["shown_not_counted"]
        both = (
            f"{hidden['changes']:,} counted and not shown ({hidden['cases']:,} cases), "
            f"{extra['changes']:,} shown and not counted ({extra['cases']:,} cases)"
        )
        lines += [
            f"  its own count  {handoffs['counted_total']:,}; cases with {_shares(report.counted, cases)}",
            f"  difference     {handoffs['difference']:,}: {both}",
        ]
    lines.append(
        f"  reopened       {_share(reopened['shown']['cases'], cases)} of cases: {reopened['shown']['moves']:,} times "
        f"in {reopened['shown']['cases']:,} cases; its own count {reopened['counted']['moves']:,} in "
        f"{reopened['counted']['cases']:,}"
    )
    if report.missing:
        lines.append(f"  never named    {_kinds(document['never_named'])}")
    if report.backwards["steps"]:
        lines.append(
            f"  out of order   {report.backwards['steps']:,} steps in {report.backwards['steps_cases']:,} cases are "
            f"dated before the step ahead of them; kept as they stand"
        )
    if report.refused_rows:
        lines += ["", f"Refused: {report.refused_rows:,} rows, {_kinds(document['refused']['about'])}"]
        lines += [f"  {_refused(refusal)}" for refusal in report.first_refusals]
        if (more := report.refused_rows - len(report.first_refusals)) > 0:
            lines.append(f"  and {more:,} more, told above as they were found")
        lines.append("Mend the file or the mapping and import it again: what is here already is not imported twice.")
    return lines


def _kinds(found: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in found.items()) or "none"


def _shares(found: dict[int, int], cases: int) -> str:
    return " / ".join("012") + ": " + " / ".join(_share(found.get(number, 0), cases) for number in range(3))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "0 %"
