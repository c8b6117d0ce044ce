"""Nobody finds a word of a case that they may not see: on no page, in no list, search, form's answer or mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse

from config import urls
from escalations.models import Case, CaseText, Channel
from tests.factories.desk import NOW, Desk, desk
from tests.leaks.planting import BESIDE, PERSONAL, RESTRICTED, WORDS, Planted, plant
from tests.leaks.walking import Walk, read, requests, token_of, told_apart, walk

__all__ = ["desk"]

EVERYTHING = frozenset({*WORDS, *PERSONAL, "outside"})
PERSON = frozenset({*PERSONAL, "outside"})
#: What stays with the channel's people when a case is opened to somebody singly: the party's data and who looked at it,
#: what is restricted, findings and holds, and the case that was merged into it.
CHANNEL_ONLY = PERSON | RESTRICTED | {"merge", "returned", "look", "found", "findingfrom", "held"}

#: Pages on which grants of single cases make a difference; all others know channels alone.
SINGLE_CASES = "case|admin:index|search|autocomplete|view_on_site"

#: Who differs from others only there.
_ON_CASES_ALONE = ("late", "judged", "glass", "expert")

#: Who walks on PostgreSQL, too, and where: questions that the two databases are asked in different words begin at what
#: somebody may see of cases. Whoever has no channel asks none of them, and a broken glass opens as a grant does.
_ON_POSTGRES = {"tia": "", "pia": SINGLE_CASES, "sam": SINGLE_CASES, "expert": SINGLE_CASES}

#: Pages that a role opens beside those that everybody has.
BY_ROLE = (
    "governance:|delivery|outbox|heartbeat|django_q|publication|accessentry|privileges|admin:index|welcome|playbook"
)

#: Who walks, what they are, and which needles they may not find.
ROLES: dict[str, tuple[str, frozenset[str]]] = {
    "": ("nobody signed in", EVERYTHING),
    "pia": ("an agent of the general channel", EVERYTHING),
    "root": ("an administrator", EVERYTHING),
    "reader": ("every permission of Django, that to hold data among them, and no channel", EVERYTHING - {"held"}),
    "sam": ("a specialist and owner of the channel, and the party itself", EVERYTHING - RESTRICTED),
    **dict.fromkeys(BESIDE, ("a role without any channel", EVERYTHING)),
    "late": ("an expert whose grant is over: their own reason is all that is left", EVERYTHING - {"calledin"}),
    "judged": ("broke the glass hours ago, and was judged", EVERYTHING - {"broken", "judged"}),
    "expert": ("an expert with a grant of the case", CHANNEL_ONLY),
    "glass": ("broke the glass", CHANNEL_ONLY),
    "tia": ("a specialist of the channel", frozenset()),
}


@pytest.fixture
def planted(desk: Desk) -> Iterator[Planted]:
    with time_machine.travel(NOW, tick=False):
        yield plant(desk)


def test_no_role_finds_what_it_may_not_see(planted: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    everything = list(requests(planted))
    walks = [
        walk(planted, person, forbidden=forbidden, only=only, everything=everything)
        for person, (_, forbidden) in ROLES.items()
        if (only := _only(person)) is not None
    ]
    with capsys.disabled():
        print()
        for told in walks:
            kinds = ", ".join(f"{number} x {status}" for status, number in sorted(told.statuses.items()))
            print(f"  {told.person:9} {told.pages:5} requests ({kinds}); {len(told.found)} needles found; "
                  f"leaks: {len(told.leaks)}")  # fmt: skip
    leaks = [leak for told in walks for leak in told.leaks]
    assert leaks == [], "\n".join(leaks[:40])
    _found_where_they_belong(walks[-1])
    if drafts_read := [told.found for told in walks if told.person == "sam" and _only("sam") == ""]:
        for name in ("amended", "rationale"):
            assert {"governance:proposal", "governance:propose", "admin:playbook_edition_row"} <= drafts_read[0].get(
                name, set()
            )
    assert _read_by_the_party(planted, sensitive=True) == set()
    assert _read_by_the_party(planted, sensitive=False) == {"answer", "subject", "party"}
    assert told_apart(planted, "pia") == []
    assert told_apart(planted, "root") == []


def _read_by_the_party(planted: Planted, *, sensitive: bool) -> set[str]:
    """The needles that the party finds on every page of theirs, of the case as it is or in a channel for everybody."""
    key = "fraud" if sensitive else "general"
    Case.objects.filter(pk__in=[planted.hidden.pk, planted.merged.pk]).update(channel=Channel.objects.get(key=key))
    told = ""
    cache.clear()
    for case in (planted.hidden, planted.merged):
        where = reverse("escalations:status", args=[token_of(case)])
        for answer in (
            *(Client().get(where, {"lang": code, "sent": "1"}) for code in ("en", "de", "es")),
            Client().post(where, {"message": " ", "once": "x"}),
            Client().post(where, {"message": "A word of mine", "once": case.reference}, follow=True),
        ):
            assert answer.status_code in (200, 422)
            told += read(answer).lower()
    Case.objects.filter(pk__in=[planted.hidden.pk, planted.merged.pk]).update(channel=planted.hidden.channel_id)
    return {name for name, text in planted.needles.items() if text.lower() in told}


def _only(person: str) -> str | None:
    """A pattern of the pages that this person walks: the empty one is of all, None of none."""
    if connection.vendor == "postgresql":
        return _ON_POSTGRES.get(person)
    if person in _ON_CASES_ALONE:
        return SINGLE_CASES
    return BY_ROLE if person in BESIDE else ""


def _found_where_they_belong(told: Walk) -> None:
    """The positive control: whoever may see a needle finds it on each surface that is listed for it; one without a
    surface is shown to nobody."""
    listed: dict[str, list[str]] = json.loads((Path(__file__).parent / "surfaces.json").read_text())
    missing = {
        f"{name} at {surface}"
        for name, surfaces in listed.items()
        for surface in surfaces
        if surface not in told.found.get(name, set())
    }
    assert missing == set()
    assert {name for name, surfaces in listed.items() if not surfaces} == EVERYTHING - set(told.found)
    assert set(listed) == EVERYTHING, "each needle has its surfaces"


def _planted_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        " ".join(CaseText.objects.filter(case__in=Case.objects.all()).values_list("summary", flat=True))
    )


urlpatterns = [*urls.urlpatterns, path("planted/", _planted_view, name="planted")]


@override_settings(ROOT_URLCONF=__name__)
def test_a_view_without_the_verb_is_caught(planted: Planted) -> None:
    told = walk(planted, "pia", forbidden=EVERYTHING, only="^planted$")
    assert told.leaks
    assert set(told.found) == {"summary", "merge"}


def test_mails_about_a_restricted_case_carry_reference_and_link_only(planted: Planted) -> None:
    about = [sent for sent in mail.outbox if planted.hidden.reference in f"{sent.subject} {sent.body}"]
    assert about
    staff = [sent for sent in about if all(to.endswith("@desk.example") for to in sent.to)]
    assert staff
    for sent in staff:
        said = f"{sent.subject} {sent.message()}"
        assert [name for name, text in planted.needles.items() if text in said] == []
