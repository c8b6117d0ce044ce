"""What is suggested beside a case: like by what the engine knows, and by words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from playbook.core.likeness import Circumstances, alike, words_of

CASE = Circumstances(
    "order.damaged", "eu-de", {"insured": True, "item": "glass"}, words_of("The vase arrived in pieces")
)


def test_the_same_category_comes_before_kin_and_strangers_do_not_come() -> None:
    others = {
        "kin": Circumstances("order.late", "eu-de", {"insured": True}, words_of("The vase arrived in pieces")),
        "same": Circumstances("order.damaged", "us"),
        "stranger": Circumstances("seller.appeal", "eu-de", {}, words_of("An appeal")),
        "kin alone": Circumstances("order.late", "eu-de", {"insured": False}),
    }
    assert set(alike(CASE, others, most=5)) >= {"same", "kin"}
    assert not {"kin alone", "stranger"} & set(alike(CASE, others, most=5))
    assert alike(CASE, {**others, "same": CASE}, most=5)[0] == "same"


def test_facts_and_rare_words_tell_cases_of_one_category_apart() -> None:
    base = {"common": Circumstances("order.damaged", "eu-de", {}, words_of("parcel box"))}
    facts = {
        **base,
        "facts": Circumstances("order.damaged", "eu-de", {"insured": True, "item": "glass"}, words_of("parcel")),
    }
    assert alike(CASE, facts, most=1) == ["facts"]
    words = {
        **base,
        **{f"o{n}": Circumstances("order.damaged", "eu-de", {}, words_of("arrived parcel box")) for n in range(5)},
        "vase": Circumstances("order.damaged", "eu-de", {}, words_of("vase parcel")),
    }
    assert alike(CASE, words, most=1) == ["vase"]


def test_facts_that_differ_count_against_it() -> None:
    others = {
        "differs": Circumstances("order.damaged", "eu-de", {"insured": False, "item": "paper"}),
        "unknown": Circumstances("order.damaged", "eu-de"),
    }
    assert alike(CASE, others, most=2) == ["unknown", "differs"]


def test_what_is_over_comes_last_whatever_it_is_like() -> None:
    others = {"over": CASE, "stands": Circumstances("order.damaged", "us")}
    assert alike(CASE, others, most=2, last={"over"}) == ["stands", "over"]
    assert alike(CASE, others, most=1, last={"over"}) == ["stands"]


CIRCUMSTANCES = st.builds(
    Circumstances,
    st.sampled_from(["order.damaged", "order.late", "seller.appeal"]),
    st.sampled_from(["eu-de", "us"]),
    st.dictionaries(st.sampled_from("abc"), st.booleans()),
    st.frozensets(st.sampled_from(["vase", "parcel", "ring", "label"])),
)


@given(CIRCUMSTANCES, st.dictionaries(st.integers(0, 20), CIRCUMSTANCES, max_size=8), st.integers(0, 5))
def test_at_most_so_many_each_once_and_no_stranger_before_the_case_itself(
    case: Circumstances, others: dict[int, Circumstances], most: int
) -> None:
    found = alike(case, others, most=most)
    assert len(found) <= most
    assert len(set(found)) == len(found)
    order = alike(case, {**others, -1: case}, most=len(others) + 1)
    assert all(others[key].category == case.category for key in order[: order.index(-1)])
