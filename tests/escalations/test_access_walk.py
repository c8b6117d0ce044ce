"""Every page that shows a sensitive case leaves an entry that names the case: asked of every address of the desk."""

from __future__ import annotations

from collections import Counter

import pytest
import time_machine
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from config import urls
from escalations.models import AccessEntry, Case
from tests.factories.desk import NOW, Desk, desk
from tests.leaks.planting import RESTRICTED, Planted, plant
from tests.leaks.walking import Asked, read, requests

__all__ = ["desk"]


def told(planted: Planted, said: str) -> set[int]:
    """The sensitive cases that an answer tells something of: the reference, or a needle of the one that holds them."""
    lower = said.lower()
    found = {case.pk for case in (planted.hidden, planted.merged) if case.reference.lower() in lower}
    own = [text for name, text in planted.needles.items() if name not in RESTRICTED]
    if any(text.lower() in lower for text in own if text != planted.needles["merge"]):
        found |= set() if found else {planted.hidden.pk}
    return found


def unnoted(planted: Planted, person: str, *, only: str = "") -> tuple[Counter[str], list[str]]:
    """Ask everything as one person; the requests whose answer tells of a case that no entry names."""
    user = planted.desk.user(person)
    client = Client()
    counted: Counter[str] = Counter()
    missed = []
    for asked in requests(planted):
        if only and asked.surface != only:
            continue
        with transaction.atomic():  # nothing that the walk does changes what it walks over
            client.force_login(planted.desk.user(person))
            last = AccessEntry.objects.order_by("-id").values_list("id", flat=True)[0]
            answer = (client.get if asked.method == "GET" else client.post)(
                asked.path, asked.data, headers=asked.headers
            )
            shown = told(planted, read(answer)) - _given(asked, planted)
            entries = AccessEntry.objects.filter(id__gt=last, chain=user.pk)
            noted = {pk for data in entries.values_list("data", flat=True) for pk in data.get("cases", ())}
            transaction.set_rollback(True)
        if 300 <= answer.status_code < 400:
            continue
        counted["answers"] += 1
        if shown:
            counted["show a sensitive case"] += 1
            if shown - noted:
                missed.append(f"{asked} tells of {sorted(shown - noted)}")
    return counted, missed


def _given(asked: Asked, planted: Planted) -> set[int]:
    """Cases that the question names by their reference: an answer that repeats a question tells nothing."""
    return {case.pk for case in (planted.hidden, planted.merged) if case.reference in asked.data.values()}


@pytest.fixture
def planted(desk: Desk) -> Planted:
    with time_machine.travel(NOW, tick=False):
        return plant(desk)


def test_no_page_shows_a_sensitive_case_without_an_entry(planted: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    counted, missed = unnoted(planted, "tia")
    with capsys.disabled():
        said = ", ".join(f"{number} {what}" for what, number in counted.items())
        print(f"\n  looks of a specialist: {said}; without an entry: {len(missed)}")
    assert counted["show a sensitive case"] > 50
    assert missed == [], "\n".join(missed[:40])


def _past_the_watch(request: HttpRequest) -> HttpResponse:
    """A page that reads a case without loading it, and says nothing to the access log."""
    return HttpResponse(" ".join(Case.objects.visible_to(request.user).values_list("reference", flat=True)))


urlpatterns = [*urls.urlpatterns, path("planted/", _past_the_watch, name="planted")]


@override_settings(ROOT_URLCONF=__name__)
def test_a_page_past_the_watch_is_caught(planted: Planted) -> None:
    _, missed = unnoted(planted, "tia", only="planted")
    assert missed
