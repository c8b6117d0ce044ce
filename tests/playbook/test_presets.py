"""What holds for every starter playbook: founder, team and global."""

from __future__ import annotations

import itertools
import json
import re
from functools import cache

import pytest

from escalations.core.lifecycle import STATUSES
from escalations.core.matrix import case_facts, evaluate
from escalations.core.policy import CategoryPolicy, Policy
from escalations.core.policy.references import PLACEHOLDERS
from escalations.outbound.occasions import OCCASIONS
from playbook import presets
from playbook.core.compiling import Examined, examine, with_horizon
from playbook.core.reading import read
from playbook.core.source import Source

LANGUAGES = ("en", "de", "es")
YEARS = range(2025, 2030)


@cache
def source(name: str) -> Source:
    return with_horizon(read(presets.folder(name)), YEARS)


@cache
def examined(name: str) -> Examined:
    return examine(source(name))


@pytest.fixture(params=["founder", "global", "team"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def policy_of(name: str) -> Policy:
    policy = examined(name).policy
    assert policy is not None
    return policy


def test_there_are_three() -> None:
    assert presets.names() == ("founder", "global", "team")


def test_it_compiles_without_error_or_warning(name: str) -> None:
    assert [str(problem) for problem in (*examined(name).errors, *examined(name).warnings)] == []
    assert "extends" not in source(name).document


def test_every_rule_trigger_and_category_has_a_scenario(name: str) -> None:
    policy = policy_of(name)
    decisions = [
        evaluate(policy, case_facts(policy, scenario["case"])) for scenario in source(name).document["scenarios"]
    ]
    rules = {rule.key for rule in policy.central.rules}
    rules |= {rule.key for variant in policy.variants.values() for rule in variant.rules}
    assert rules - {decision.rule for decision in decisions} == set()
    assert {trigger.key for trigger in policy.central.triggers} <= {key for one in decisions for key in one.triggers}
    assert len(policy.central.categories) >= 30
    assert set(policy.central.categories) - {decision.category for decision in decisions} == set()


def test_a_scenario_that_is_altered_fails(name: str) -> None:
    document = json.loads(json.dumps(source(name).document))
    scenario = document["scenarios"][0]
    scenario["expect"]["owner"] = next(key for key in document["policy"]["central"]["teams"] if key != "trust-safety")
    if name == "founder":
        scenario["expect"]["owner"] = "outside-counsel"
    document["scenarios"] = [scenario]
    errors = examine(Source(document)).errors
    assert len(errors) == 1
    assert scenario["name"] in str(errors[0])


def test_every_category_is_its_own(name: str) -> None:
    def way(category: CategoryPolicy) -> object:
        return (
            category.path,
            category.decision_points,
            category.evidence,
            category.remedies,
            category.targets,
            category.ladder,
        )

    categories = policy_of(name).central.categories
    for one, other in itertools.combinations(categories, 2):
        assert way(categories[one]) != way(categories[other]), (one, other)
    for code, category in categories.items():
        whole = (category.path, category.decision_points, category.evidence, category.remedies, category.protocol)
        assert all(whole), code


def test_messages_say_the_same_in_three_languages(name: str) -> None:
    messages = policy_of(name).central.messages
    assert {occasion.template_key for occasion in OCCASIONS.values()} <= set(messages)
    for key, by_language in messages.items():
        assert set(LANGUAGES) <= set(by_language), key
        english = by_language["en"]
        for language in LANGUAGES:
            for one, other in (
                (by_language[language].subject, english.subject),
                (by_language[language].body, english.body),
            ):
                named = sorted(re.findall(r"\{(\w+)\}", one))
                assert named == sorted(re.findall(r"\{(\w+)\}", other)), (key, language)
                assert set(named) <= PLACEHOLDERS
                assert 0.6 < len(one) / len(other) < 1.9, (key, language)


def test_words_to_a_party_differ_between_languages(name: str) -> None:
    for key, by_language in policy_of(name).central.messages.items():
        assert len({by_language[language].body for language in LANGUAGES}) == len(LANGUAGES), key


def test_every_place_has_holidays_until_the_horizon(name: str) -> None:
    central = policy_of(name).central
    assert {"us", "eu-de", "eu-es", "br", "in", "jp", "gb"} <= set(central.regions)
    for code in ("us", "eu-de", "eu-es", "br", "in", "jp", "gb"):
        calendar = central.calendars[central.regions[code].calendar]
        assert str(calendar.expanded_until) == "2029-12-31"
        for year in YEARS:
            assert sum(str(day).startswith(str(year)) for day in calendar.holidays) >= 8, (code, year)


def test_what_the_law_asks_waits_for_counsel(name: str) -> None:
    statutory = policy_of(name).central.statutory
    assert len(statutory) >= 9
    for deadline in statutory.values():
        assert deadline.confirmed_by_counsel is False
        assert deadline.basis.endswith("To be confirmed by counsel.")


def test_pages_are_there_for_every_stage_and_decision(name: str) -> None:
    compiled = examined(name).compiled
    assert compiled is not None
    assert {f"en/stage.{stage}" for stage in STATUSES} <= set(compiled.texts)
    assert sum(page.startswith("en/criteria.") for page in compiled.texts) >= 5
    for language in ("de", "es"):
        assert f"{language}/guide.start" in compiled.texts
    for page, text in compiled.texts.items():
        assert len(text) < 2500, page


def test_nobody_real_is_named(name: str) -> None:
    text = json.dumps(source(name).document, ensure_ascii=False)
    assert not re.search(r"[\w.]+@[\w.]+\.\w+|https?://|www\.|\+\d{6,}", text)
    assert not re.search(r"\b(TODO|TBD|lorem)\b", text)


def test_a_founder_has_few_teams_and_only_phones_at_night() -> None:
    central = policy_of("founder").central
    assert set(central.teams) == {"founder-desk", "outside-expert", "outside-counsel"}
    for ladder in central.ladders.values():
        for rung in ladder.rungs:
            assert rung.after.basis == "business" or rung.on_call is not None
    team = policy_of("team").central
    for kind, target in central.defaults.targets.items():
        assert target.seconds >= team.defaults.targets[kind].seconds
    assert all(len(category.path) <= len(team.categories[code].path) for code, category in central.categories.items())


def test_the_founders_words_name_no_team_that_is_not_there() -> None:
    document = source("founder").document
    central = {**document["policy"]["central"], "channels": {}}  # a channel may be called as a team was
    text = json.dumps([central, document["pages"]], ensure_ascii=False)
    gone = {team.name for team in policy_of("team").central.teams.values()}
    assert {team for team in gone if team in text} == set()


def test_the_global_desk_works_in_the_region_of_the_case() -> None:
    policy = policy_of("global")
    assert {"L1", "L2", "L3", "L4", "L5"} == set(policy.central.levels)
    for region, team in (
        ("us", "money-americas"),
        ("br", "money-americas"),
        ("in", "money-apac"),
        ("eu-de", "payments"),
    ):
        decision = evaluate(policy, case_facts(policy, {"category": "payment.wrong-charge", "region": region}))
        assert decision.owner == team
    assert {"eu-de", "eu-es", "us", "br", "in", "jp"} <= set(policy.central.retention.regions)
    assert {"us", "eu-de", "eu-es", "br", "in", "jp", "gb"} <= set(policy.variants)
