"""`manage.py lint_policy [FILE]`: what is wrong with an edition, a policy document, or the playbook in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from escalations.core.lint import lint
from escalations.errors import NoPolicy
from escalations.selectors import law
from escalations.selectors.roster import roster
from playbook.core.compiling import Examined, examine, examine_policy, is_edition, with_horizon
from playbook.core.public_holidays import default_years
from playbook.core.reading import read
from playbook.core.report import as_json, as_lines
from playbook.core.source import Problem, Source, SourceError

WRONG, MISUSED = 1, 2


class Command(BaseCommand):
    """Checks and tells; it writes nothing. An edition is compiled and its scenarios are run."""

    help = (
        "Check an edition (file or folder) or a policy document, or without FILE the playbook in force together with "
        "who is there. Writes nothing. Exit status 1 when there is an error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="edition or policy document")
        parser.add_argument("--staff", action="store_true", help="with FILE: also check that somebody is there")
        parser.add_argument("--strict", action="store_true", help="exit status 1 for warnings too")
        parser.add_argument("--json", action="store_true", dest="as_json", help="say it as one JSON object")

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        if file is None:
            name, examined = self.in_force()
        else:
            name, examined = str(file), self.file(file)
        if examined.policy is not None and (options["staff"] or file is None):
            examined = self.staffed(examined)
        self.tell(name, examined, options["as_json"])
        if examined.errors or (options["strict"] and examined.warnings):
            raise CommandError(f"{name}: {_counted(examined)}.", returncode=WRONG)

    def file(self, path: Path) -> Examined:
        if not path.exists():
            raise CommandError(f"there is no {path}", returncode=MISUSED)
        try:
            source = read(path)
        except SourceError as error:
            return Examined(error.problems)
        if is_edition(source):
            return examine(with_horizon(source, default_years(timezone.now().date())))
        return examine_policy(source)

    def in_force(self) -> tuple[str, Examined]:
        try:
            version = law.in_force(timezone.now())
        except NoPolicy as error:
            raise CommandError(str(error), returncode=WRONG) from None
        policy = law.policy_of(version)
        return f"version {version.number}", examine_policy(Source(policy.document()))

    def staffed(self, examined: Examined) -> Examined:
        """Add what lint finds with the roster and not without it."""
        assert examined.policy is not None  # noqa: S101 (asked for by the caller)
        known = {(problem.code, problem.message) for problem in (*examined.errors, *examined.warnings)}
        found: dict[str, list[Problem]] = {"error": [], "warning": []}
        for finding in lint(examined.policy, roster(timezone.now())):
            if (finding.code, finding.message) not in known:
                found[finding.severity].append(Problem(finding.place, finding.message, finding.code))
        return Examined(
            (*examined.errors, *found["error"]),
            (*examined.warnings, *found["warning"]),
            examined.policy,
            examined.compiled,
        )

    def tell(self, name: str, examined: Examined, in_json: bool) -> None:
        if in_json:
            told: dict[str, Any] = {
                "checked": name,
                "ok": not examined.errors,
                "errors": as_json(examined.errors),
                "warnings": as_json(examined.warnings),
                "policy_digest": examined.policy.digest if examined.policy is not None else None,
                "edition_digest": examined.compiled.digest if examined.compiled is not None else None,
                "scenarios": examined.compiled.scenarios if examined.compiled is not None else None,
            }
            self.stdout.write(json.dumps(told, indent=2))
            return
        for title, problems in (("Errors", examined.errors), ("Warnings", examined.warnings)):
            if problems:
                self.stdout.write(f"{title}:\n{as_lines(problems)}")
        if not examined.errors:
            scenarios = f", {examined.compiled.scenarios} scenarios passed" if examined.compiled is not None else ""
            self.stdout.write(f"{name}: {_counted(examined)}{scenarios}.")


def _counted(examined: Examined) -> str:
    return ", ".join(
        f"{len(found) or 'no'} {word}{'' if len(found) == 1 else 's'}"
        for word, found in (("error", examined.errors), ("warning", examined.warnings))
    )
