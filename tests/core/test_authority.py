"""Authority: who may decide, and up to what amount; never stretched by splitting."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core import authority
from escalations.core.authority import AuthorityError, NeedsLevel, Never, Yes
from escalations.core.facts import Money
from escalations.core.policy import Policy
from tests.core.policies import base_document

LEVELS = ("L1", "L2", "L3", "L4")


def policy(**remedies) -> Policy:
    document = base_document()
    document["central"]["remedies"] = {
        "refund": {
            "name": "Refund",
            "limits": {"L1": {"EUR": "50"}, "L2": {"EUR": "250", "USD": "300"}, "L4": {"EUR": "5000", "USD": "5000"}},
        },
        "apology": {"name": "Apology", "money": False, "from_level": "L2"},
    } | remedies
    return Policy.model_validate(document)


POLICY = policy()


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    ("level", "amount", "already", "expected"),
    [
        ("L1", "50", [], Yes(eur("0"))),
        ("L1", "20", ["20"], Yes(eur("10"))),
        ("L1", "50.01", [], "L2"),
        ("L1", "30", ["20.01"], "L2"),  # split, and still above the limit in all
        ("L2", "250", [], Yes(eur("0"))),
        ("L2", "1", ["250"], "L4"),  # L3 has no limit of its own: it may what L2 may, and no more
        ("L3", "250", [], Yes(eur("0"))),
        ("L3", "251", [], "L4"),
        ("L4", "5000", [], Yes(eur("0"))),
        ("L4", "5000.01", [], None),
        ("L1", "5000", ["1"], None),
    ],
)
def test_limits_count_what_the_case_was_granted_in_all(level, amount, already, expected):
    verdict = authority.may_grant(POLICY, level, "refund", eur(amount), already=[eur(item) for item in already])
    if isinstance(expected, str):
        assert isinstance(verdict, NeedsLevel)
        assert verdict.level == expected
    elif expected is None:
        assert isinstance(verdict, Never)
    else:
        assert verdict == expected


def test_a_refusal_says_why_and_who_decides():
    verdict = authority.may_grant(POLICY, "L1", "refund", eur("80"), already=[eur("20")])
    assert verdict == NeedsLevel("L2", "L1 may grant EUR 50.00 in all for one case; this makes EUR 100.00. L2 decides.")
    assert authority.may_grant(POLICY, "L4", "refund", eur("5001")) == Never(
        "No level may grant EUR 5,001.00 in all for one case; the highest limit is EUR 5,000.00."
    )


def test_a_currency_without_a_limit_goes_up():
    verdict = authority.may_grant(POLICY, "L1", "refund", Money(Decimal(1), "USD"))
    assert verdict == NeedsLevel("L2", "L1 may not grant Refund in USD. L2 decides.")
    assert authority.may_grant(POLICY, "L4", "refund", Money(Decimal(1), "CHF")) == Never(
        "No level may grant Refund in CHF: the playbook sets no limit in it."
    )


def test_what_was_granted_in_another_currency_is_not_converted():
    already = [Money(Decimal(300), "USD")]
    assert authority.may_grant(POLICY, "L1", "refund", eur("50"), already=already) == Yes(eur("0"))


def test_a_remedy_in_money_may_begin_at_a_level_too():
    law = policy(
        goodwill={"name": "Goodwill", "limits": {"L1": {"EUR": "10"}, "L3": {"EUR": "100"}}, "from_level": "L3"}
    )
    verdict = authority.may_grant(law, "L2", "goodwill", eur("5"))
    assert isinstance(verdict, NeedsLevel)
    assert verdict.level == "L3"


def test_levels_are_named_as_people_know_them():
    document = POLICY.document()
    document["central"]["levels"]["L2"]["name"] = "Specialist"
    verdict = authority.may_decide(Policy.model_validate(document), "L1", "L2")
    assert verdict == NeedsLevel("L2", "Specialist (L2) decides this; L1 does not.")


def test_remedies_that_are_not_money_go_by_level():
    assert authority.may_grant(POLICY, "L2", "apology") == Yes()
    assert authority.may_grant(POLICY, "L1", "apology") == NeedsLevel("L2", "Apology is granted from L2 on.")


def test_wrong_questions_are_errors_and_unknown_remedies_a_refusal():
    for remedy, amount, message in (
        ("refund", None, "give an amount"),
        ("refund", eur("0"), "above zero"),
        ("refund", eur("-5"), "above zero"),
        ("refund", eur("NaN"), "above zero"),
        ("apology", eur("5"), "not in money"),
    ):
        with pytest.raises(AuthorityError, match=message):
            authority.may_grant(POLICY, "L4", remedy, amount)
    assert isinstance(authority.may_grant(POLICY, "L4", "gift"), Never)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("required", LEVELS)
def test_a_level_decides_what_asks_for_it_or_less(level, required):
    verdict = authority.may_decide(POLICY, level, required)
    if level >= required:
        assert verdict == Yes()
    else:
        assert isinstance(verdict, NeedsLevel)
        assert verdict.level == required


def test_a_level_that_the_playbook_does_not_have_may_nothing_and_is_never_asked():
    assert isinstance(authority.may_decide(POLICY, "L9", "L1"), NeedsLevel)
    assert isinstance(authority.may_decide(POLICY, "L4", "L9"), Never)
    assert isinstance(authority.may_grant(POLICY, "L9", "refund", eur("1")), NeedsLevel)


# --------------------------------------------------------------------------------------------------------- properties

cents = st.integers(1, 10_000_00).map(lambda value: Decimal(value) / 100)
limits = st.dictionaries(
    st.sampled_from(LEVELS), st.dictionaries(st.sampled_from(["EUR", "USD"]), cents, min_size=1), min_size=1
)


@st.composite
def laws(draw):
    written = {level: {code: str(value) for code, value in band.items()} for level, band in draw(limits).items()}
    return policy(any={"name": "Any", "limits": written})


@given(laws(), st.sampled_from(LEVELS), st.lists(cents, min_size=1, max_size=5))
def test_splitting_never_stretches_an_authority(law, level, parts):
    at_once = authority.may_grant(law, level, "any", Money(sum(parts), "EUR"))
    granted: list[Money] = []
    for part in parts:
        if not isinstance(authority.may_grant(law, level, "any", Money(part, "EUR"), already=granted), Yes):
            break
        granted.append(Money(part, "EUR"))
    assert (len(granted) == len(parts)) == isinstance(at_once, Yes)


@given(laws(), cents, st.lists(cents, max_size=3))
def test_a_higher_level_may_whatever_a_lower_one_may_and_the_named_level_is_the_lowest(law, amount, parts):
    already = [Money(part, "EUR") for part in parts]
    verdicts = {
        level: authority.may_grant(law, level, "any", Money(amount, "EUR"), already=already) for level in LEVELS
    }
    may = [level for level in LEVELS if isinstance(verdicts[level], Yes)]
    assert may == list(LEVELS[len(LEVELS) - len(may) :])
    for level in LEVELS:
        if level in may:
            continue
        if may:
            assert isinstance(verdicts[level], NeedsLevel)
            assert verdicts[level].level == may[0]
        else:
            assert isinstance(verdicts[level], Never)


@given(laws(), st.sampled_from(LEVELS), cents, cents)
def test_a_smaller_amount_is_never_harder_to_grant(law, level, amount, other):
    small, large = sorted((amount, other))
    if isinstance(authority.may_grant(law, level, "any", Money(large, "EUR")), Yes):
        assert isinstance(authority.may_grant(law, level, "any", Money(small, "EUR")), Yes)


@given(laws(), st.sampled_from(LEVELS), cents)
def test_what_is_left_can_be_granted_and_not_a_cent_more(law, level, amount):
    verdict = authority.may_grant(law, level, "any", Money(amount, "EUR"))
    if isinstance(verdict, Yes):
        already = [Money(amount, "EUR")]
        if verdict.left.amount > 0:
            assert isinstance(authority.may_grant(law, level, "any", verdict.left, already=already), Yes)
        above = Money(verdict.left.amount + Decimal("0.01"), "EUR")
        assert not isinstance(authority.may_grant(law, level, "any", above, already=already), Yes)
