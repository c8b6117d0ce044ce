"""Lint: every kind of finding, found where it is and nowhere else; and never a false word about a rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalations.core.facts import Facts
from escalations.core.lint import Finding, Post, Roster, lint
from escalations.core.matrix import evaluate
from escalations.core.policy import Policy
from tests.core import policies

Change = Callable[[dict[str, Any]], Any]


def clean(document: dict[str, Any]) -> None:
    """Take the small marketplace's few warnings away, so that a test sees only its own."""
    central = document["central"]
    central["rules"][1]["then"]["backups"] = ["trust"]
    for category in ("seller.appeal", "counterfeit"):
        central["categories"][category].setdefault("targets", {})["resolution"] = {"business": "PT4H"}
        central["categories"][category]["targets"]["next_update"] = {"business": "PT4H"}
        central["categories"][category]["targets"]["first_response"] = {"business": "PT2H"}
    document["variants"]["eu"] = {}
    document["variants"]["eu-de"]["targets"] = {}


def found(*changes: Change, roster: Roster | None = None) -> list[Finding]:
    document = policies.market_document()
    for change in (clean, *changes):
        change(document)
    return lint(Policy.model_validate(document), roster)


def test_a_sound_policy_has_no_findings() -> None:
    assert found() == []


def _rule(key: str, when: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "name": key, "priority": 1, "when": when, "then": {}, "because": "Test.", **more}


def add_rule(rule: dict[str, Any], region: str | None = None) -> Change:
    def change(document: dict[str, Any]) -> None:
        part = document["variants"].setdefault(region, {}) if region else document["central"]
        part.setdefault("rules", []).insert(0, rule)

    return change


def put(path: str, value: Any) -> Change:
    """Set the value at a path of the document; `/` stands between its parts."""

    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for parent in parents:
            document = document[int(parent) if isinstance(document, list) else parent]
        document[int(last) if isinstance(document, list) else last] = value  # type: ignore[index]

    return change


def drop(path: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for parent in parents:
            document = document[int(parent) if isinstance(document, list) else parent]
        del document[last]

    return change


RUNGS = "central/ladders/slow/rungs"
APPEALS = {"categories": ["seller.appeal"]}
MUCH = {"fact": "money_at_risk", "gte": {"EUR": "100", "USD": "100"}}

CASES: list[tuple[str, str, str, list[Change], str]] = [
    (
        "a catch-all first",
        "shadowed",
        "central.rules.4",
        [add_rule(_rule("all", None, **APPEALS))],
        "rule appeal-with-funds-held never matches: whatever meets it is taken before by all (priority 1)",
    ),
    (
        "a wider comparison first",
        "shadowed",
        "central.rules.4",
        [add_rule(_rule("wide", MUCH, **APPEALS))],
        "taken before by wide (priority 1)",
    ),
    (
        "taken in every place by one rule or another",
        "shadowed",
        "central.rules.7",
        [
            add_rule(_rule("world-only", None, regions=["us"], categories=["order.damaged"])),
            add_rule(_rule("europe", None, priority=2, regions=["eu"], categories=["order.damaged"])),
            add_rule(_rule("rest", {"fact": "region", "eq": "world"}, priority=3, categories=["order"])),
        ],
        "rule wallet never matches",
    ),
    (
        "a region's catch-all",
        "shadowed",
        "central.rules.0",
        [
            add_rule(_rule("de", None, priority=6), "eu-de"),
            add_rule(_rule("central-de", {"fact": "region", "eq": "eu-de"})),
        ],
        "rule central-de never matches: whatever meets it is taken before by de (priority 6)",
    ),
    (
        "more than a number and less than it",
        "impossible",
        "central.rules.0.when",
        [
            add_rule(
                _rule("no", {"all": [{"fact": "previous_appeals", "gte": 3}, {"fact": "previous_appeals", "lte": 2}]})
            )
        ],
        "no value of previous_appeals meets all that is asked of it",
    ),
    (
        "none of all the values that there are",
        "impossible",
        "central.rules.0.when",
        [add_rule(_rule("no", {"not": {"fact": "payment_method", "in": ["card", "wallet", "transfer"]}}))],
        "no value of payment_method",
    ),
    (
        "a contradiction over two facts",
        "impossible",
        "central.triggers.0.when",
        [
            put(
                "central/triggers/0/when",
                {
                    "all": [
                        {"any": [{"fact": "safety", "eq": True}, {"fact": "legal", "eq": True}]},
                        {"not": {"any": [{"fact": "safety", "eq": True}, {"fact": "legal", "eq": True}]}},
                    ]
                },
            )
        ],
        "trigger danger can never match: what it asks of legal, safety contradicts itself",
    ),
    (
        "a category outside the scope",
        "no-place",
        "central.rules.0",
        [add_rule(_rule("no", {"fact": "category", "eq": "counterfeit"}, **APPEALS))],
        "rule no applies to no category in any region",
    ),
    (
        "a key that a region uses again",
        "key-twice",
        "variants.eu-de.rules.0",
        [put("variants/eu-de/rules/0/key", "small")],
        "another rule has the key small too",
    ),
    (
        "a trigger without effect",
        "raises-nothing",
        "central.triggers.3.raises",
        [put("central/triggers/3/raises", {})],
        "trigger ring raises nothing",
    ),
    (
        "business time cannot beat time elapsed",
        "never-shortens",
        "central.triggers.1.raises.targets.first_response",
        [
            put("central/defaults/targets/first_response", {"elapsed": "PT4H"}),
            put("central/triggers/1/categories", ["order"]),
            put("central/triggers/1/raises/targets/first_response", {"business": "PT2H"}),
        ],
        "trigger legal never shortens this target",
    ),
    (
        "a rung not later than the one before",
        "rung-order",
        "central.ladders.slow.rungs.1.after",
        [put(f"{RUNGS}/1/after", {"elapsed": "PT24H"})],
        "rung head (24 hours) is not later than rung second (24 hours)",
    ),
    (
        "rungs in unlike time",
        "rung-basis",
        "central.ladders.slow.rungs.1.after",
        [put(f"{RUNGS}/1/after", {"business": "PT48H"})],
        "rung head counts business time, the one before elapsed time",
    ),
    (
        "a rung that does nothing",
        "rung-idle",
        "central.ladders.slow.rungs.0",
        [put(f"{RUNGS}/0", {"key": "second", "after": {"elapsed": "PT24H"}, "tell": []})],
        "moves the case nowhere and tells nobody",
    ),
    (
        "a ladder that goes down",
        "ladder-down",
        "central.ladders.fast.rungs.1.level",
        [put("central/ladders/fast/rungs/1/level", "L1")],
        "rung head goes down from L2 to L1",
    ),
    (
        "a ladder that loops",
        "ladder-loops",
        "central.ladders.slow.rungs.1",
        [put(f"{RUNGS}/1/level", "L2")],
        "rung head leads back to where rung second led already",
    ),
    (
        "a ladder that skips a level",
        "ladder-skips",
        "central.ladders.slow.rungs.1.level",
        [
            put("central/levels/L4", {"name": "Council", "rank": 4}),
            put(f"{RUNGS}/1/level", "L4"),
        ],
        "rung head goes from L2 to L4 and skips L3",
    ),
    (
        "a ladder that begins too high",
        "ladder-skips",
        "central.ladders.slow",
        [put(RUNGS, [{"key": "head", "after": {"elapsed": "PT48H"}, "level": "L3"}])],
        "order, order.damaged, seller start at L1, and ladder slow goes to L3 at once",
    ),
    (
        "a ladder that never climbs",
        "ladder-flat",
        "central.ladders.slow",
        [put(RUNGS, [{"key": "told", "after": {"elapsed": "PT48H"}}])],
        "no rung of ladder slow raises the level",
    ),
    (
        "a ladder that ends where its cases start",
        "ladder-flat",
        "central.ladders.fast",
        [put("central/ladders/fast/rungs", [{"key": "second", "after": {"elapsed": "PT16H"}, "level": "L2"}])],
        "seller.appeal start at L2, and no rung of ladder fast is above it",
    ),
    (
        "a ladder that ends low",
        "ladder-ends-low",
        "central.ladders.slow",
        [put(RUNGS, [{"key": "second", "after": {"elapsed": "PT48H"}, "level": "L2"}])],
        "ladder slow ends at L2: who is late there is never brought before L3",
    ),
    (
        "a ladder that nobody climbs",
        "unused",
        "central.ladders.fast",
        [drop("central/categories/seller.appeal/ladder")],
        "no category, region or rule uses ladder fast",
    ),
    (
        "a promise after the last rung",
        "target-outlasts-ladder",
        "central.ladders.slow",
        [put("central/defaults/targets/resolution", {"business": "PT50H"})],
        "may take longer to resolve than ladder slow lasts (48 hours)",
    ),
    (
        "nobody to cover",
        "no-backup",
        "central.categories.counterfeit.backups",
        [put("central/categories/counterfeit/backups", [])],
        "nobody covers counterfeit when brand is away",
    ),
    (
        "its own backup, by a rule",
        "backs-itself",
        "central.rules.4.then",
        [drop("central/rules/3/then/backups"), add_rule(_rule("x", {"fact": "ring", "eq": False}, **APPEALS))],
        "rule appeal-with-funds-held makes payments the owner, which is already the backup of seller.appeal",
    ),
    (
        "its own backup, by a region",
        "backs-itself",
        "variants.eu-de.categories.counterfeit",
        [put("variants/eu-de/categories/counterfeit/owner", "trust")],
        "trust owns counterfeit in eu-de and is its backup too",
    ),
    (
        "nothing promised",
        "no-target",
        "central.defaults.targets",
        [drop("central/defaults/targets/next_update")],
        "nothing is promised for next_update of order, order.damaged, seller",
    ),
    (
        "an answer after the resolution",
        "target-order",
        "central.categories.counterfeit.targets",
        [put("central/categories/counterfeit/targets/resolution", {"business": "PT1H"})],
        "first_response (2 business hours) comes after resolution (1 business hour) for counterfeit",
    ),
    (
        "an open channel that ranks as strict as a sensitive one",
        "channel-rank",
        "central.channels.general.rank",
        [put("central/channels/general/rank", 20)],
        "channel general is open but ranks as strict as brand",
    ),
    (
        "a category below a guarded one",
        "opens",
        "central.categories.order.damaged.channel",
        [put("central/categories/order/channel", "brand")],
        "order.damaged is in the open channel general, but order above it is guarded by brand",
    ),
    (
        "a rule that opens a guarded case",
        "opens",
        "central.rules.0.then.channel",
        [
            add_rule(
                _rule("open", {"fact": "legal", "eq": False}, categories=["counterfeit"], then={"channel": "general"})
            )
        ],
        "rule open takes counterfeit out of a sensitive channel into general",
    ),
    (
        "hours that never come",
        "calendar",
        "central.calendars.new-york.weekly_hours",
        [put("central/calendars/new-york/weekly_hours", {})],
        "never open",
    ),
    (
        "holidays that are no dates yet",
        "holidays",
        "central.calendars.office.public_holidays",
        [put("central/calendars/office/public_holidays", {"country": "DE"})],
        "the public holidays of DE are not yet dates",
    ),
    (
        "words missing in one message",
        "no-words",
        "central.messages.received",
        [drop("central/messages/received/de")],
        "message received has no text in de, which is spoken in eu-de",
    ),
    (
        "a remedy that is all zeros",
        "nobody-grants",
        "central.remedies.refund.limits",
        [put("central/remedies/refund/limits", {"L1": {"EUR": "0"}})],
        "nobody may grant refund: every limit is zero",
    ),
    (
        "a remedy without a region's currency",
        "nobody-grants",
        "central.remedies.refund.limits",
        [put("central/regions/us/currency", "CHF")],
        "nobody may grant refund in CHF, the currency of us",
    ),
    (
        "limits that fall with rank",
        "limits-fall",
        "central.remedies.refund.limits.L2",
        [put("central/remedies/refund/limits/L2", {"EUR": "40", "USD": "550"})],
        "L2 may grant less refund in EUR than L1 below it",
    ),
    (
        "a remedy that nobody offers",
        "unused",
        "central.remedies.refund",
        [drop("central/categories/order.damaged/remedies")],
        "no category offers refund",
    ),
    (
        "a pause before anybody answered (G2)",
        "pause-before-answer",
        "central.pause_reasons.buyer.stops",
        [put("central/pause_reasons/buyer/stops", ["first_response"])],
        "buyer stops the clock of the first answer",
    ),
    (
        "a signal that nothing reads",
        "unread-signal",
        "central.facts.press",
        [put("central/facts/press", {"name": "Press", "type": "flag", "signal": True})],
        "people are asked for press, but no rule, trigger or deadline reads it",
    ),
]


@pytest.mark.parametrize(
    ("code", "place", "changes", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_finds(code: str, place: str, changes: list[Change], message: str) -> None:
    findings = found(*changes)
    at = [finding for finding in findings if (finding.code, finding.place) == (code, place)]
    assert at, "\n".join(str(finding) for finding in findings)
    assert message in at[0].message


TEAMS = ("orders", "payments", "brand", "trust")
SKILLS = frozenset({"refunds", "appeals"})
LANGUAGES = frozenset({"en", "de"})


POSTS = tuple(
    Post(f"{team}-{level}", team, level, leads=level == "L3", specialisms=SKILLS, languages=LANGUAGES)
    for team in TEAMS
    for level in ("L1", "L3")
)


def roster(posts: Iterable[Post] = POSTS, duty: str = "ana", counsel: str = "jon") -> Roster:
    holders = {"duty": duty, "counsel": counsel}
    return Roster(tuple(posts), {role: (person,) for role, person in holders.items() if person})


def everybody(**changes: Any) -> Iterator[Post]:
    return (replace(post, **changes) for post in POSTS)


def at_most(level: str, *teams: str) -> Iterator[Post]:
    return (replace(post, level=level) if post.team in teams and post.level == "L3" else post for post in POSTS)


def test_a_staffed_policy_has_no_findings() -> None:
    assert found(roster=roster()) == []


@pytest.mark.parametrize(
    ("code", "place", "staff", "message"),
    [
        (
            "team-empty",
            "central.teams.brand",
            roster(post for post in POSTS if post.team != "brand"),
            "nobody is in brand, which owns counterfeit",
        ),
        (
            "level-unheld",
            "central.levels.L3",
            roster(at_most("L2", *TEAMS)),
            "nobody holds L3 or a level above it",
        ),
        (
            "level-unheld",
            "central.categories.counterfeit.level",
            roster(at_most("L1", "brand", "trust")),
            "nobody in brand or its backups may decide counterfeit at L2",
        ),
        (
            "rung-unheld",
            "central.ladders.fast.rungs.1.level",
            roster(at_most("L2", "trust")),
            "at rung head nobody in trust may decide at L3",
        ),
        ("role-unheld", "central.roles.counsel", roster(counsel=""), "which answers for deadlines set by law"),
        ("role-unheld", "central.roles.duty", roster(duty=""), "asks off hours"),
        (
            "skill-unheld",
            "central.categories.seller.appeal.specialisms",
            roster(everybody(specialisms=frozenset({"refunds"}))),
            "seller.appeal asks for appeals, which nobody in trust or its backups has",
        ),
        (
            "language-unspoken",
            "central.regions.eu-de.languages",
            roster(everybody(languages=frozenset({"en"}))),
            "nobody speaks de, in which eu-de is served",
        ),
        ("no-lead", "central.teams.orders", roster(everybody(leads=False)), "orders has no lead"),
    ],
)
def test_finds_nobody_there(code: str, place: str, staff: Roster, message: str) -> None:
    findings = found(roster=staff)
    at = [finding for finding in findings if (finding.code, finding.place) == (code, place)]
    assert at, "\n".join(str(finding) for finding in findings)
    assert message in at[0].message


def test_a_founder_alone_is_not_scolded() -> None:
    """One person, one team, every level: nothing to warn of but what one person cannot be."""
    document = policies.base_document()
    central = document["central"]
    central["teams"] = {"t1": {"name": "Me", "calendar": "c"}}
    central["levels"] = {"L1": {"name": "Me", "rank": 1}}
    central["ladders"] = {
        "main": {"name": "Main", "rungs": [{"key": "r", "after": {"elapsed": "PT24H"}, "level": "L1"}]}
    }
    targets = {kind: {"business": "PT8H"} for kind in ("assign", "first_response", "next_update", "resolution")}
    central["defaults"]["targets"] = targets
    del central["facts"], document["variants"]
    me = Roster((Post("me", "t1", "L1", False, frozenset(), frozenset({"en"})),), {"counsel": ("me",)})
    assert lint(Policy.model_validate(document), me) == []


def test_every_message_says_what_to_do() -> None:
    """After the fact comes a semicolon, and then what to change."""
    for _, _, _, changes, _ in CASES:
        for finding in found(*changes):
            if finding.code != "calendar":
                assert re.search(r"; \w+", finding.message), finding.message


def test_errors_come_first() -> None:
    both = found(put("central/categories/counterfeit/backups", []), add_rule(_rule("all", None, **APPEALS)))
    assert [finding.severity for finding in both] == sorted((finding.severity for finding in both), key="error".__ne__)
    assert {finding.severity for finding in both} == {"error", "warning"}


@settings(deadline=None, max_examples=250)
@given(policies.documents(), st.lists(policies.facts(), min_size=10, max_size=20))
def test_a_rule_called_shadowed_or_impossible_never_matches(document: dict[str, Any], cases: list[Facts]) -> None:
    policy = Policy.model_validate(document)
    dead: set[str] = set()
    for finding in lint(policy):
        if finding.code in ("shadowed", "impossible", "no-place"):
            part: Any = document
            for step in finding.path:
                if step == "when":
                    break
                part = part[step]
            dead.add(part.get("key", finding.path[2]))
    for facts in cases:
        decision = evaluate(policy, facts)
        assert not dead & {decision.rule, *decision.triggers, *decision.statutory}


@settings(deadline=None, max_examples=100)
@given(policies.documents())
def test_a_rule_written_twice_is_shadowed_the_second_time(document: dict[str, Any]) -> None:
    rules = document["central"]["rules"]
    last = max(rules, key=lambda rule: rule["priority"])
    rules.append({**last, "key": "again", "priority": last["priority"] + 1})
    findings = {(finding.code, finding.path[:3]): finding for finding in lint(Policy.model_validate(document))}
    again = ("central", "rules", len(rules) - 1)
    assert {("shadowed", again), ("impossible", again), ("no-place", again)} & findings.keys()
