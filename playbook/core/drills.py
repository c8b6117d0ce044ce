"""Drills: a case's facts, and what becomes of it. Made from the scenarios of a version, answered by its own engine.

    topics(policy, scenarios, classes)              what there is to practise, for a reader with these classes
    drill(policy, topic, ...)                       one case with its questions, and what is right
    marked(drill, answers)                          which answers are right

Nothing that is right was written by hand: owner, level and due time come from `matrix.evaluate` and the calendar, the
remedy from `authority.may_grant`. The same arguments give the same drill, in every process: so what was asked is asked
again when the answer comes in, and nothing of it has to be kept in the page.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from escalations.core.authority import NeedsLevel, Yes, limit, may_grant
from escalations.core.calendar import Calendar, CalendarError
from escalations.core.decision import Decision
from escalations.core.facts import Facts, Money
from escalations.core.matrix import case_facts, evaluate, rules_tried
from escalations.core.policy import Condition, Policy, Rule, Trigger, tests_of
from escalations.core.scenario import Scenario, calendar_of, due
from escalations.core.words import Phrases, Record, explain

Asked = Literal["owner", "level", "due", "grant"]
ASKED: tuple[Asked, ...] = ("owner", "level", "due", "grant")
CHOICES = 4
YES, NOBODY = "yes", "nobody"


@dataclass(frozen=True, slots=True)
class Topic:
    """Something to practise: a scenario of the version, by a key that stays while its name does."""

    key: str
    name: str
    category: str
    region: str
    owner: str
    backups: tuple[str, ...]
    case: Mapping[str, Any]
    received: dt.datetime | None


class Choice(NamedTuple):
    """One answer that can be given. A due time is a moment, everything else words."""

    key: str
    text: str
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that is asked. `about` fills in its words; `why` says why `right` is right."""

    asked: Asked
    choices: tuple[Choice, ...]
    right: str
    why: str
    about: Mapping[str, str]

    @property
    def answer(self) -> Choice:
        """The right one."""
        return next(choice for choice in self.choices if choice.key == self.right)


@dataclass(frozen=True, slots=True)
class Drill:
    """A case as somebody meets it, with its questions. `trace` is the engine's reason in sentences."""

    topic: Topic
    level: str
    category: str
    symptom: str
    region: str
    zone: str
    received: dt.datetime
    facts: tuple[tuple[str, str], ...]
    questions: tuple[Question, ...]
    trace: tuple[str, ...]


def topics(policy: Policy, scenarios: Iterable[Scenario], classes: Collection[str]) -> tuple[Topic, ...]:
    """What there is to practise, in the order of the scenarios. A case whose way hangs on anything restricted is left
    out for who lacks its class: its answer would tell the rule."""
    have = frozenset(classes)
    found = []
    for scenario in scenarios:
        try:
            facts = case_facts(policy, scenario.case)
            decision = evaluate(policy, facts)
        except ValueError:  # a draft's; a version that compiled has none
            continue
        if _guards(policy, decision, facts) <= have:
            found.append(
                Topic(
                    hashlib.sha256(scenario.name.encode()).hexdigest()[:12],
                    scenario.name,
                    decision.category,
                    decision.region,
                    decision.owner,
                    decision.backups,
                    scenario.case,
                    scenario.received,
                )
            )
    return tuple(found)


def drill(
    policy: Policy, topic: Topic, *, level: str, variant: int, since: dt.date, classes: Collection[str] = ()
) -> Drill:
    """One case of a topic with its questions.

    level    the authority level of whoever practises
    variant  how often they met this topic before: the case comes in at another time, another amount is asked for
    since    the first day on which it may come in, the same for all who ask the same
    """
    chance = random.Random(f"{topic.key}/{variant}/{since}")
    facts = case_facts(policy, topic.case)
    decision = evaluate(policy, facts)
    calendar = calendar_of(policy.central.calendars[decision.calendar])
    zone = policy.central.calendars[decision.calendar].timezone
    received = _received(topic, variant, since, zone, chance)
    phrases = Phrases(policy, frozenset(classes).__contains__, facts)
    category = policy.central.categories[decision.category]
    questions = [
        _owner(policy, decision, chance),
        _level(policy, decision),
        *_due(policy, decision, calendar, received, chance),
        *_grant(policy, decision, level, chance),
    ]
    told = [
        (phrases.fact(key), phrases.value(key, fact.value))
        for key, fact in sorted(facts.values.items())
        if key not in ("category", "symptom", "region", "regions") and not phrases.fact_hidden(key)
    ]
    return Drill(
        topic=topic,
        level=level,
        category=category.name,
        symptom=category.symptoms.get(str(topic.case.get("symptom", "")), ""),
        region=policy.central.regions[decision.region].name,
        zone=zone,
        received=received,
        facts=tuple(told),
        questions=tuple(questions),
        trace=explain(policy, Record.of(decision), frozenset(classes).__contains__).sentences(),
    )


def marked(drill: Drill, answers: Mapping[str, str]) -> dict[Asked, bool]:
    """Which questions were answered rightly. One without an answer was not."""
    return {question.asked: answers.get(question.asked) == question.right for question in drill.questions}


# --------------------------------------------------------------------------------------------------------- questions


def _owner(policy: Policy, decision: Decision, chance: random.Random) -> Question:
    teams = policy.central.teams
    near = [policy.central.categories[decision.category].owner, *decision.backups]
    others = sorted(set(teams) - {decision.owner})
    chance.shuffle(others)
    picked = dict.fromkeys([decision.owner, *near, *others])
    keys = sorted(list(picked)[:CHOICES], key=lambda key: teams[key].name)
    return Question(
        "owner",
        tuple(Choice(key, teams[key].name) for key in keys),
        decision.owner,
        _from(policy, decision, "owner"),
        {},
    )


def _level(policy: Policy, decision: Decision) -> Question:
    choices = tuple(Choice(key, _level_name(policy, key)) for key in policy.levels_by_rank())
    return Question("level", choices, decision.level, _from(policy, decision, "level"), {})


def _due(
    policy: Policy, decision: Decision, calendar: Calendar, received: dt.datetime, chance: random.Random
) -> Iterator[Question]:
    """When the first answer is due. Wrong moments are those of likely mistakes: hours of the clock for hours of work,
    another target, the default."""
    target = decision.targets.get("first_response")
    if target is None:
        return
    try:
        right = due(target, received, calendar)
        seconds = dt.timedelta(seconds=target.seconds)
        wrong = [received + seconds, right + dt.timedelta(days=1)]
        for other in (*decision.targets.values(), *policy.central.defaults.targets.values()):
            wrong.append(due(other, received, calendar))
    except CalendarError:  # its horizon is over: no moment can be told
        return
    wrong += [right + dt.timedelta(hours=hours) for hours in (2, 4)]
    moments = list(dict.fromkeys(moment.astimezone(dt.UTC) for moment in wrong if moment != right))
    rest = moments[: CHOICES + 1]
    chance.shuffle(rest)
    chosen = sorted([right, *rest[: CHOICES - 1]])
    basis = "hours of work" if target.basis == "business" else "hours of the clock"
    yield Question(
        "due",
        tuple(Choice(moment.isoformat(), "", moment) for moment in chosen),
        right.isoformat(),
        f"{_from(policy, decision, 'targets.first_response')}, counted in {basis}",
        {},
    )


def _grant(policy: Policy, decision: Decision, level: str, chance: random.Random) -> Iterator[Question]:
    """Whether one may grant a sum oneself. It lies at a limit or just above one, where people go wrong."""
    remedies = [
        (key, currency)
        for key in policy.central.categories[decision.category].remedies
        if (found := policy.central.remedies.get(key)) is not None and found.money
        for currency in sorted({c for amounts in found.limits.values() for c in amounts.by_currency})
    ]
    if not remedies or level not in policy.central.levels:
        return
    at_home = [pair for pair in remedies if pair[1] == policy.central.regions[decision.region].currency]
    key, currency = chance.choice(at_home or remedies)
    remedy = policy.central.remedies[key]
    levels = policy.levels_by_rank()
    edges = sorted({edge for one in levels if (edge := limit(policy, one, remedy, currency)) is not None})
    asked = Money(chance.choice(edges) + chance.choice((0, 0, 1)), currency)
    verdict = may_grant(policy, level, key, asked)
    right = YES if isinstance(verdict, Yes) else verdict.level if isinstance(verdict, NeedsLevel) else NOBODY
    mine = limit(policy, level, remedy, currency)
    why = f"{_level_name(policy, level)} may grant {Money(mine, currency)} in all" if mine is not None else ""
    higher = [one for one in levels if policy.level_rank(one) > policy.level_rank(level)]
    yield Question(
        "grant",
        (Choice(YES, ""), *(Choice(one, _level_name(policy, one)) for one in higher), Choice(NOBODY, "")),
        right,
        why if isinstance(verdict, Yes) else verdict.reason.rstrip("."),
        {"remedy": remedy.name, "amount": str(asked), "level": _level_name(policy, level)},
    )


# ---------------------------------------------------------------------------------------------------------- within it


def _received(topic: Topic, variant: int, since: dt.date, zone: str, chance: random.Random) -> dt.datetime:
    """When the case comes in: the first time as its scenario says, later at any time of the two weeks from `since`."""
    if variant == 0 and topic.received is not None:
        return topic.received.astimezone(dt.UTC)
    day = since + dt.timedelta(days=chance.randrange(14))
    at = dt.time(chance.randrange(24), chance.choice((0, 10, 20, 30, 40, 50)))
    return dt.datetime.combine(day, at, ZoneInfo(zone)).astimezone(dt.UTC)


def _guards(policy: Policy, decision: Decision, facts: Facts) -> frozenset[str]:
    """The classes of whatever a case's way hangs on: rule that matched, triggers that fired, facts that are told."""
    ruling: list[Rule | Trigger] = [rule for rule in rules_tried(policy, decision.region) if rule.key == decision.rule]
    ruling += [trigger for trigger in policy.central.triggers if trigger.key in decision.triggers]
    found = {row.visibility for row in ruling}
    for row in ruling:
        found |= set(_in_condition(policy, row.when))
    found |= {fact.visibility for key in facts.values if (fact := policy.central.facts.get(key)) is not None}
    return frozenset(guard for guard in found if guard is not None)


def _in_condition(policy: Policy, condition: Condition | None) -> Iterator[str | None]:
    for test in tests_of(condition) if condition is not None else ():
        yield test.visibility
        definition = policy.central.facts.get(test.fact)
        yield definition.visibility if definition is not None else None


def _from(policy: Policy, decision: Decision, field: str) -> str:
    """Which layer of the playbook says so, in words."""
    origin = decision.origins.get(field, "category")
    kind, _, key = origin.partition(":")
    if kind == "rule":
        rule = next((one for one in rules_tried(policy, decision.region) if one.key == key), None)
        return f"Rule '{rule.name}' says so" if rule is not None else "A rule says so"
    if kind == "trigger":
        trigger = next((one for one in policy.central.triggers if one.key == key), None)
        return f"'{trigger.name}' raises it" if trigger is not None else "A signal raises it"
    if kind == "region":
        return f"{policy.central.regions[key].name} says so"
    return "It is what the playbook says where nothing else does" if kind == "default" else "The category says so"


def _level_name(policy: Policy, key: str) -> str:
    name = policy.central.levels[key].name
    return key if name == key else f"{key} {name}"
