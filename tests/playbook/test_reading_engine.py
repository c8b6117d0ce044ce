"""No passage contradicts the engine: what is parsed back from every page of a category is what `evaluate` decides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.utils import translation

from escalations.core.authority import NeedsLevel, Never, Yes, may_grant
from escalations.core.decision import NOT_IN_SCOPE, NOT_REACHED
from escalations.core.facts import Fact, Facts, Money
from escalations.core.matrix import evaluate, rules_tried
from escalations.core.policy import Policy, Span, parse_duration
from playbook.core.passages import home_region
from playbook.selectors.reading import Book
from playbook.views import pages
from tests.playbook.shelves import Element, Page, compiled

PRESETS = ("founder", "team", "global")
LANGUAGES = ("en", "de", "es")


def book(name: str) -> Book:
    found = compiled(name)
    texts: dict[str, dict[str, str]] = {}
    for page, text in found.texts.items():
        language, _, key = page.partition("/")
        texts.setdefault(language, {})[key] = text
    return Book(found.policy, texts, found.digest)


def drawn(of: Book, code: str, region: str, language: str = "en", classes: frozenset[str] | None = None) -> str:
    with translation.override(language):
        return str(pages._category(of, code, region, of.guards if classes is None else classes, None, language))


def contradictions(policy: Policy, code: str, region: str, html: str) -> list[str]:
    """Every place where the page says something else than the engine."""
    found: list[str] = []
    page = Page(html)
    about = Facts({"category": Fact(code), "region": Fact(region)})
    decision = evaluate(policy, about)
    own = [one for one in page.elements if not any("data-differs" in outer for outer in one.within)]

    def expect(what: str, actual: object, expected: object) -> None:
        if actual != expected:
            found.append(f"{code} in {region}: {what} reads {actual!r}, the engine says {expected!r}")

    def values(field: str) -> list[str]:
        return [one["value"] for one in own if one.get("data-field") == field and one.tag == "data"]

    for field in ("owner", "channel", "level", "severity", "ladder"):
        expect(field, values(field), [getattr(decision, field)])
    for field in ("backups", "specialisms"):
        expect(field, values(field), list(getattr(decision, field)))
    expect("protocol", values("protocol"), [decision.protocol] if decision.protocol else [])
    told = {
        one["data-field"]: _span(one) for one in own if one.tag == "time" and one.get("data-field", "").startswith("ta")
    }
    expect("targets", told, {f"targets.{kind}": _written(target) for kind, target in decision.targets.items()})
    reached = [
        rule.key
        for rule, byte in zip(rules_tried(policy, region), decision.trace, strict=True)
        if byte not in (NOT_IN_SCOPE, NOT_REACHED)
    ]
    expect("rules", [one["data-rule"] for one in page.having("data-rule")][: len(reached)], reached)
    always = [one["data-deadline"] for one in page.having("data-deadline") if one["data-when"] == "always"]
    expect("deadlines", always, list(decision.statutory))
    rungs = [
        (one["data-rung"], one["data-level"], one["data-team"], one["data-on-call"], _span(_inside(page, one, "time")))
        for one in page.having("data-rung")
    ]
    expect(
        "rungs",
        rungs,
        [
            (rung.key, rung.level or "", rung.team or "", rung.on_call or "", _written(rung.after))
            for rung in policy.central.ladders[decision.ladder].rungs
        ],
    )
    if region == home_region(policy):  # who may give what does not depend on the region
        found += _authority(policy, code, page)
    found += _elsewhere(policy, code, region, page)
    return found


def _authority(policy: Policy, code: str, page: Page) -> Iterator[str]:
    """Each amount may be granted by its level, and a cent more may not; where none stands, nothing may."""
    remedies = policy.central.categories[code].remedies
    if [one["data-remedy"] for one in page.having("data-remedy")] != list(remedies):
        yield f"{code}: other remedies than the policy's"
    told: dict[tuple[str, str, str], Decimal] = {}
    level = ""
    for one in page.elements:
        if "data-level" in one and one.tag == "th":
            level = one["data-level"]
        if "data-limit" in one:
            (remedy,) = [outer["data-remedy"] for outer in one.within if "data-remedy" in outer]
            told[remedy, level, one["data-limit"]] = Decimal(one["value"])
            if one.words.replace(",", "") != f"{Decimal(one['value']):f}".removesuffix(".00"):
                yield f"{code}: {remedy} {level} shows {one.words} for {one['value']}"
        if "data-from" in one:
            (remedy,) = [outer["data-remedy"] for outer in one.within if "data-remedy" in outer]
            below = [key for key in policy.levels_by_rank() if isinstance(may_grant(policy, key, remedy), Yes)]
            if not below or below[0] != one["value"]:
                yield f"{code}: {remedy} is told from {one['value']} on"
    currencies = {
        currency
        for row in policy.central.remedies.values()
        for limit in row.limits.values()
        for currency in limit.by_currency
    }
    for remedy in remedies:
        if not policy.central.remedies[remedy].money:
            continue
        for key in policy.central.levels:
            for currency in currencies:
                most = told.get((remedy, key, currency), Decimal(0))
                above = may_grant(policy, key, remedy, Money(most + Decimal("0.01"), currency))
                allowed = not most or isinstance(may_grant(policy, key, remedy, Money(most, currency)), Yes)
                if not allowed or not isinstance(above, NeedsLevel | Never):
                    yield f"{code}: {key} may not give {currency} {most} of {remedy} as told"


def _elsewhere(policy: Policy, code: str, region: str, page: Page) -> Iterator[str]:
    here = evaluate(policy, Facts({"category": Fact(code), "region": Fact(region)}))
    told: dict[str, set[str]] = {}
    for one in page.having("data-differs"):
        told[one["data-differs"]] = {
            inner["data-field"] for inner in page.elements if one in inner.within and "data-field" in inner
        }
    for other in policy.central.regions:
        there = evaluate(policy, Facts({"category": Fact(code), "region": Fact(other)}))
        differing = {
            field
            for field in ("owner", "backups", "specialisms", "channel", "level", "severity", "protocol", "ladder")
            if getattr(there, field) != getattr(here, field)
        } | {
            f"targets.{kind}"
            for kind in {*here.targets, *there.targets}
            if here.targets.get(kind) != there.targets.get(kind)
        }
        if told.get(other, set()) != differing:
            yield f"{code}: {other} is told to differ in {told.get(other)}, it differs in {differing}"


def _inside(page: Page, outer: Element, tag: str) -> Element:
    return next(one for one in page.elements if one.tag == tag and any(outer is other for other in one.within))


def _span(one: Element) -> tuple[str, int]:
    return one["data-basis"], parse_duration(one["datetime"])


def _written(span: Span) -> tuple[str, int]:
    return span.basis, span.seconds


@pytest.mark.parametrize("name", PRESETS)
def test_no_passage_contradicts_the_engine(name: str) -> None:
    of = book(name)
    found = [
        line
        for code in of.policy.central.categories
        for region in of.policy.central.regions
        for line in contradictions(of.policy, code, region, drawn(of, code, region))
    ]
    assert found == []


ATTRIBUTES = (
    "value", "data-rule", "data-deadline", "data-rung", "data-level", "data-team", "data-on-call", "data-differs",
    "data-remedy", "datetime",
)  # fmt: skip
VALUE = re.compile(rf'<(?P<start>[^<>]*?)\b(?P<name>{"|".join(ATTRIBUTES)})="(?P<value>[^"]+)"(?P<rest>[^<>]*)>')
#: What stands beside the engine's decision, and is written from the policy as it is.
BESIDE = re.compile(r'data-field="(?:side|reopen_within|kept)"|^option|data-(?:stage|pause)|selected')


def told(html: str) -> list[re.Match[str]]:
    """Every value on a page that comes from the engine's decision: data, times of targets and steps, keys."""
    found = []
    for match in VALUE.finditer(html):
        about = match["start"] + match["rest"]
        of_a_target = (
            'data-field="targets' in about or "<tr data-rung" in html[max(0, match.start() - 120) : match.start()]
        )
        if BESIDE.search(about) or (match["name"] == "datetime" and not of_a_target):
            continue
        if match["name"] == "value" and not re.search(r"data-(field|limit|from)=", about):
            continue
        found.append(match)
    return found


def test_one_value_that_is_altered_is_noticed() -> None:
    """Each value of a page in turn: none could be wrong without the test above failing."""
    of = book("team")
    code, region = "privacy.incident", home_region(of.policy)
    html = drawn(of, code, region)
    assert contradictions(of.policy, code, region, html) == []
    for match in told(html):
        value = match["value"]
        other = "PT7M" if match["name"] == "datetime" else "31337" if value.isdigit() else f"{value}x"
        altered = html[: match.start("value")] + other + html[match.end("value") :]
        assert contradictions(of.policy, code, region, altered), match[0]
    assert len(told(html)) >= 20


@pytest.mark.parametrize("name", PRESETS)
def test_a_language_does_not_change_what_is_said(name: str) -> None:
    """In every language the page holds the values that the test above compares with the engine."""
    of = book(name)
    for code in of.policy.central.categories:
        in_each = [
            [(match["name"], match["value"]) for match in told(drawn(of, code, home_region(of.policy), language))]
            for language in LANGUAGES
        ]
        assert in_each[0] == in_each[1] == in_each[2]
