"""`manage.py export_policy`: the policy document of a version, as YAML or JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalations.core.policy import Policy
from escalations.management.versions import MISUSED, WRONG, chosen_version
from escalations.models import PolicyVersion


class Command(BaseCommand):
    """Writes the document of a version, to be read, compared, or linted. It changes nothing in the desk."""

    help = "Write the policy document in force, or of another version, as YAML or JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--policy-version", type=int, metavar="N", help="a version by number (default: in force)")
        parser.add_argument("--json", action="store_true", dest="as_json", help="JSON instead of YAML")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write to a new file instead of the screen")
        parser.add_argument("--dry-run", action="store_true", help="with --output: say what would be written")

        parser.add_argument("--schema", action="store_true", help="the JSON Schema of policy documents instead")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["schema"]:
            self.stdout.write(json.dumps(Policy.json_schema(), indent=2, ensure_ascii=False))
            return
        version = chosen_version(options["policy_version"])
        document = json.loads(PolicyVersion.objects.values_list("document", flat=True).get(pk=version.pk))
        if options["as_json"]:
            text = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        else:
            text = (
                f"# {version.title}, version {version.number}, "
                f"in force from {version.effective_at:%Y-%m-%d %H:%M} UTC\n"
                f"# policy digest {version.policy_digest}\n"
            ) + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)
        output: Path | None = options["output"]
        if output is None:
            self.stdout.write(text, ending="")
            return
        if options["dry_run"]:
            self.stdout.write(f"Would write version {version.number} to {output} ({len(text.encode())} bytes).")
            return
        try:
            with output.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise CommandError(f"--output: {output} is there already; name a new file", returncode=MISUSED) from None
        except OSError as error:
            raise CommandError(f"--output: {output} cannot be written: {error.strerror}", returncode=WRONG) from None
        self.stdout.write(f"Wrote version {version.number} to {output}.")
