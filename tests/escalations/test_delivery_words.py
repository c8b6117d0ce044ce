"""Words filled from values: nothing is read twice, nothing is left with a hole, nothing hides."""

from __future__ import annotations

import datetime as dt
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core import post
from escalations.core.policy.references import PLACEHOLDERS
from escalations.outbound import words
from escalations.outbound.failures import scrub
from escalations.outbound.letter import Letter
from escalations.outbound.words import Facts, Paragraph

texts = st.text(max_size=60)
NAMES = sorted(PLACEHOLDERS)


@given(value=texts, other=texts)
def test_a_value_is_never_read_as_a_template(value: str, other: str) -> None:
    filled = words.blocks("A {party} B", {"party": f"x{value}{{team}}", "team": f"SECRET{other}"})
    assert filled
    assert "SECRET" not in str(filled) or "SECRET" in value


@given(template=st.text(alphabet=string.printable, max_size=120), values=st.dictionaries(st.sampled_from(NAMES), texts))
def test_any_template_with_any_values_gives_one_clean_subject(template: str, values: dict[str, str]) -> None:
    subject = words.subject(template, values)
    assert len(subject) <= words.SUBJECT_LENGTH
    assert all(sign.isprintable() or sign in "\u200c\u200d" for sign in subject)
    words.blocks(template, values)


@given(text=texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = words.clean(text)
    assert words.clean(once) == once
    assert "\n" not in once


@given(text=st.text(max_size=400))
def test_a_letter_of_anybodys_words_is_html_without_tags_of_theirs(text: str) -> None:
    letter = Letter(subject=words.clean(text), blocks=words.plain(f"x {text} <b>bold</b>"), language="en")
    assert "<b>" not in letter.html()
    assert "&lt;b&gt;bold&lt;/b&gt;" in letter.html()


def test_a_sentence_without_its_value_is_left_out_and_the_rest_stays() -> None:
    template = "Hello {party},\n\n{team} has it. You hear by {told_due}. Answer at any time."
    assert words.blocks(template, {"team": "Care"}) == (Paragraph(("Care has it. Answer at any time.",)),)
    assert words.blocks("Only {party}.", {}) == ()


def test_labelled_lines_are_facts_and_empty_ones_are_left_out() -> None:
    template = "{reference} is late.\n\nPromise: {promise}, due {due}\nWhy: {reason}\nAsked of you: {asked}\n\n{url}"
    values = {"reference": "TL-1", "promise": "answer", "due": "now", "asked": "act: today", "url": "https://d/1"}
    assert words.blocks(template, values) == (
        Paragraph(("TL-1 is late.",)),
        Facts((("Promise", "answer, due now"), ("Asked of you", "act: today"))),
        Paragraph(("https://d/1",)),
    )


def test_a_line_that_an_editor_wrapped_is_one_line() -> None:
    long = "A person will write to you by then, and if it takes longer than that, we will tell you before"
    assert words.blocks(f"{long}\nit does.\nNext.", {}) == (Paragraph((f"{long} it does.", "Next.")),)


def test_names_that_are_no_placeholders_stay_as_they_are_written() -> None:
    assert words.blocks("{nonsense} {0} {party.email} {reference}", {"reference": "TL-1"}) == (
        Paragraph(("{nonsense} {0} {party.email} TL-1",)),
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\r\nBcc: x", "a Bcc: x"),
        ("a\u202egpj.exe", "a gpj.exe"),
        ("zero\u200bwidth", "zero width"),
        ("nul\x00l", "nul l"),
        ("  much   space ", "much space"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
        ("x" * 700, "x" * 599 + "…"),
    ],
)
def test_what_could_disguise_a_text_is_taken_out(value: str, shown: str) -> None:
    assert words.clean(value) == shown


@pytest.mark.parametrize(
    ("seconds", "elapsed", "business"),
    [
        (0, "0 min", "0 working hours"),
        (3600, "1 h", "1 working hour"),
        (5400, "1 h 30 min", "1 h 30 min of working time"),
        (24 * 3600, "24 h", "24 working hours"),
        (72 * 3600, "72 h", "72 working hours"),
        (97 * 3600, "4 d 1 h", "97 working hours"),
        (-5, "0 min", "0 working hours"),
    ],
)
def test_spans_as_promises_say_them(seconds: int, elapsed: str, business: str) -> None:
    assert words.span(seconds) == elapsed
    assert words.span(seconds, business=True) == business


def test_a_moment_is_in_the_readers_zone_and_says_which() -> None:
    at = dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC)
    assert words.moment(at, "Europe/Berlin") == "Thu 2 Jul 2026, 00:30 (Europe/Berlin)"
    assert words.moment(at, "Nowhere/Atall") == "Wed 1 Jul 2026, 22:30 (UTC)"
    with words.speaking("de"):
        assert words.moment(at, "UTC").startswith("Mi")


# ------------------------------------------------------------------------------------------- reasons without addresses


@given(
    local=st.text(alphabet=string.ascii_letters + string.digits + "._+-", min_size=1, max_size=20),
    around=st.text(alphabet=string.ascii_letters + " <>\"'(),;", max_size=20),
)
def test_a_reason_never_holds_an_address(local: str, around: str) -> None:
    address = f"{local}@home.example.test"
    assert address not in scrub(f"550 {around}{address}{around} is no more")
    assert "home.example.test" not in scrub(f"550 <{address}> is no more")


def test_a_reason_is_short_and_on_one_line_and_without_numbers_of_telephones() -> None:
    assert scrub("no\r\nway\x00 +49 (30) 123 45 67 there") == "no way … there"
    assert len(scrub("x" * 1000)) == 300


# --------------------------------------------------------------------------------------------------------- arithmetic


@given(attempt=st.integers(1, post.MAX_ATTEMPTS), key=texts)
def test_waits_are_the_same_for_the_same_failure_and_within_bounds(attempt: int, key: str) -> None:
    wait = post.wait_after(attempt, key)
    assert wait == post.wait_after(attempt, key)
    middle = min(post.LONGEST_WAIT_S, post.FIRST_WAIT_S * 2 ** (attempt - 1))
    assert 0.8 * middle - 1 <= wait <= 1.2 * middle + 1


def test_what_failed_together_does_not_come_again_together() -> None:
    assert len({post.wait_after(5, f"key-{number}") for number in range(100)}) > 50


def test_ids_are_of_the_occurrence_recipient_and_means_alone() -> None:
    key = post.delivery_key("1:breach:1", "user:7", "mail")
    assert key == post.delivery_key("1:breach:1", "user:7", "mail")
    others = [("1:breach:2", "user:7", "mail"), ("1:breach:1", "user:8", "mail"), ("1:breach:1", "user:7", "chat")]
    assert key not in {post.delivery_key(*other) for other in others}
    assert post.message_id(key, "desk.example.test") == f"<{key}@desk.example.test>"
