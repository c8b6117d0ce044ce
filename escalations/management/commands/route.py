"""`manage.py route FILE`: where cases would go, and why. Writes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalations.core.facts import FactError
from escalations.core.matrix import UnknownCategory, UnknownRegion, case_facts, evaluate
from escalations.core.policy import Policy
from escalations.core.words import Record, Why, everyone, explain
from escalations.management.versions import MISUSED, WRONG, chosen_version
from escalations.selectors import law


class Command(BaseCommand):
    """Evaluates the policy for cases written as in the API, and tells the decision with its reasons."""

    help = "Say where cases would be routed and why, by the policy in force or another version. Writes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a case as JSON, or one case a line; - for standard input")
        parser.add_argument("--policy-version", type=int, metavar="N", help="a version by number (default: in force)")
        parser.add_argument("--restricted", action="store_true", help="also name restricted rules and conditions")
        parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object a line")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        version = chosen_version(options["policy_version"])
        policy = law.policy_of(version)
        routed = failed = 0
        for line, document, fault in self.cases(file):
            try:
                if fault is not None:
                    raise FactError("document", fault)
                answer = self.answer(policy, version.number, document, options["restricted"])
            except (FactError, UnknownCategory, UnknownRegion) as error:
                failed += 1
                self.refuse(line, error, options["as_json"])
                continue
            routed += 1
            self.tell(line, answer, options["as_json"])
        if failed:
            raise CommandError(f"{failed} of {routed + failed} could not be routed.", returncode=WRONG)
        if not routed:
            raise CommandError(f"{file}: there is no case in it", returncode=MISUSED)

    def cases(self, file: str) -> Iterator[tuple[int, Any, str | None]]:
        """Yield (line, case, what is wrong with it). Lines are read one by one; a case over several lines at once."""
        if file == "-":
            yield from _documents(sys.stdin)
            return
        try:
            with Path(file).open(encoding="utf-8") as lines:
                yield from _documents(lines)
        except UnicodeDecodeError:
            raise CommandError(f"{file}: not UTF-8 text", returncode=MISUSED) from None
        except OSError as error:
            raise CommandError(f"{file}: cannot be read: {error.strerror}", returncode=MISUSED) from None

    def answer(self, policy: Policy, number: int, document: Any, restricted: bool) -> dict[str, Any]:
        decision = evaluate(policy, case_facts(policy, document))
        may_see = everyone if restricted else _nothing
        why = explain(policy, Record.of(decision), may_see, version=number)
        outcome = decision.outcome()
        return {
            "policy_version": number,
            "policy_digest": policy.digest,
            **{name: outcome[name] for name in outcome if name not in ("origins", "held_back", "triggers")},
            **_reasons(why, decision.rule is not None),
        }

    def tell(self, line: int, answer: dict[str, Any], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"line": line, **answer}, ensure_ascii=False))
            return
        self.stdout.write(f"Line {line}: {answer['category']} in {answer['region']}")
        self.stdout.write(
            f"  goes to {answer['owner']}, {answer['level']}, channel {answer['channel']}, {answer['severity']}"
        )
        for sentence in answer["why"]:
            self.stdout.write(f"  {sentence}")

    def refuse(self, line: int, error: Exception, as_json: bool) -> None:
        field = getattr(error, "field", "category" if isinstance(error, UnknownCategory) else "region")
        message = str(error).removeprefix(f"{field}: ")
        if as_json:
            self.stdout.write(json.dumps({"line": line, "error": {"field": field, "message": message}}))
        else:
            self.stderr.write(f"Line {line}: {field}: {message}")


def _nothing(visibility: str) -> bool:
    return False


def _reasons(why: Why, matched: bool) -> dict[str, Any]:
    """The decision's reasons as plain values; what the reader may not see is told as restricted."""
    return {
        "rule": why.rule or ("restricted" if matched else None),
        "because": why.because,
        "passed_over": [{"rule": rule.key, "reason": rule.reason} for rule in why.passed_over],
        "restricted": why.restricted,
        "triggers": [{"trigger": raised.key or "restricted", "raised": raised.to} for raised in why.raised],
        "waiting": [held.sentence for held in why.held_back],
        "origins": {origin.field: origin.origin for origin in why.origins},
        "why": list(why.sentences()),
    }


def _documents(lines: Iterable[str]) -> Iterator[tuple[int, Any, str | None]]:
    """One case a line as soon as the first line is one; else the whole as one case, or its lines when it is none."""
    held: list[tuple[int, str]] = []
    by_line = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        by_line = by_line or (not held and _is_object(line))
        if by_line:
            yield number, *_parsed(line)
        else:
            held.append((number, line))
    if not held:
        return
    whole, fault = _parsed("".join(line for _, line in held))
    if fault is not None and any(_is_object(line) for _, line in held):
        for number, line in held:
            yield number, *_parsed(line)
    else:
        yield held[0][0], whole, fault


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _parsed(text: str) -> tuple[Any, str | None]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return None, f"not JSON: {error}"
    if not isinstance(document, dict):
        return None, "write one JSON object, or one object a line"
    return document, None
