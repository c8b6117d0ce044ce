"""Before what is dangerous somebody shows once more who they are, and nothing that they typed is lost."""

from __future__ import annotations

import html
import re

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from escalations.admin.act_table import ACTS
from escalations.admin.dangerous import CASE_ACTS, DANGEROUS
from escalations.models import AccessEntry, Case, CaseGrant, Channel, User
from tests.factories.desk import Desk
from tests.leaks.walking import patterns
from tests.signin.people import PASSWORD, age, code, give_app, sign_in, sign_in_with_code

GLASS = "/admin/escalations/casegrant/break-glass/"
TYPED = {"reference": "TL-2026-000001", "reason": "It burns — now, & for <everybody>."}


@pytest.fixture
def root(at_work: Desk) -> User:
    user = User.objects.create_superuser("root", "root@desk.example", PASSWORD)
    user.user_permissions.add(Permission.objects.get(codename="hold_data"))
    return user


def guarded(desk: Desk) -> Case:
    """A case of a channel to which hardly anybody belongs."""
    case = desk.open(assign=False)
    Case.objects.filter(pk=case.pk).update(channel=Channel.objects.get(key="fraud"))
    return case


def address(name: str) -> str:
    arguments = {found: args for found, _route, args in patterns() if found}[name]
    filled = {"pk": 1, "object_id": "1", "id": "1", "name": next(iter(CASE_ACTS))}
    return reverse(name, kwargs={argument: filled[argument] for argument in arguments})


def test_each_of_the_table_asks_who_was_last_known_long_ago(root: User, client: Client) -> None:
    sign_in(client, "root")
    age(client, minutes=16)
    for name, danger in DANGEROUS.items():
        at = address(name)
        opened, sent = client.get(at), client.post(at, {"reason": "What I typed."})
        if danger.opened:
            led = f"/accounts/reauthenticate/?next={at.replace('/', '%2F')}"
            assert opened.headers["Location"] == led, name
        else:
            assert "reauthenticate" not in opened.headers.get("Location", ""), name
        assert sent.status_code == 200, name
        page = sent.content.decode()
        assert "Confirm that it is you" in page, name
        assert '<input type="hidden" name="reason" value="What I typed.">' in page, name
        assert str(danger.does) in page, name


def test_each_of_the_table_goes_on_for_who_was_known_just_now(root: User, client: Client) -> None:
    sign_in(client, "root")
    for name in DANGEROUS:
        at = address(name)
        for answer in (client.get(at), client.post(at, {"reason": "What I typed."})):
            assert "Confirm that it is you" not in answer.content.decode(), name
            assert "reauthenticate" not in answer.headers.get("Location", ""), name


def test_the_table_names_what_there_is() -> None:
    assert set(DANGEROUS) <= {name for name, _route, _args in patterns()}
    assert set(CASE_ACTS) <= set(ACTS)


def test_an_act_that_is_not_dangerous_is_not_asked_about(at_work: Desk, client: Client) -> None:
    case = at_work.held_by("mia")
    sign_in(client, "mia")
    age(client, minutes=30)
    assert client.get(f"/admin/escalations/case/{case.pk}/act/note/").status_code == 200
    opened = client.get(f"/admin/escalations/case/{case.pk}/act/restrict/")
    assert opened.headers["Location"].startswith("/accounts/reauthenticate/")
    part = client.get(f"/admin/escalations/case/{case.pk}/act/restrict/", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"].startswith("/accounts/reauthenticate/")


class TestNothingTypedIsLost:
    def go_on(self, client: Client, page: str, **more: str) -> object:
        kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        kept.pop("csrfmiddlewaretoken", None)
        return client.post(GLASS, {name: html.unescape(value) for name, value in kept.items()} | more)

    def test_with_the_password_it_goes_on(self, at_work: Desk, client: Client) -> None:
        case = guarded(at_work)
        sign_in(client, "pia")
        age(client, minutes=16)
        typed = TYPED | {"reference": case.reference}
        page = client.post(GLASS, typed).content.decode()
        wrong = self.go_on(client, page, **{"confirm-password": "wrong"})
        assert "Confirm that it is you" in wrong.content.decode()  # type: ignore[attr-defined]
        assert not CaseGrant.objects.exists()
        self.go_on(client, wrong.content.decode(), **{"confirm-password": PASSWORD})  # type: ignore[attr-defined]
        assert CaseGrant.objects.get().reason == TYPED["reason"]
        kinds = list(AccessEntry.objects.filter(chain=at_work.user("pia").pk).values_list("kind", flat=True))
        assert {"proved", "sign_in_failed"} < set(kinds)

    def test_with_a_code_for_whoever_has_no_password(
        self, clock: time_machine.Coordinates, at_work: Desk, client: Client
    ) -> None:
        case, pia = guarded(at_work), at_work.user("pia")
        give_app(pia)
        sign_in_with_code(client, "pia")
        pia.set_unusable_password()
        pia.save()
        client.force_login(at_work.user("pia"))
        age(client, minutes=16)
        page = client.post(GLASS, TYPED | {"reference": case.reference}).content.decode()
        assert "The code that your app shows" in page
        again = self.go_on(client, page, **{"confirm-code": code()})
        assert "This is not right" in again.content.decode(), "a code serves once"  # type: ignore[attr-defined]
        clock.shift(60)
        self.go_on(client, page, **{"confirm-code": code()})
        assert CaseGrant.objects.get().reason == TYPED["reason"]

    def test_what_the_page_between_was_sent_is_not_read_from_there_later(self, at_work: Desk, client: Client) -> None:
        """Nothing of it is kept: not in the session, where an erasure would have to look for it."""
        sign_in(client, "pia")
        age(client, minutes=16)
        client.post(GLASS, TYPED)
        assert "burns" not in str(dict(client.session))


def test_the_form_is_there_after_showing_who_one_is(at_work: Desk, client: Client) -> None:
    sign_in(client, "pia")
    age(client, minutes=16)
    led = client.get(GLASS).headers["Location"]
    assert "Confirm that it is you" in client.get(led).content.decode()
    back = client.post(led, {"password": PASSWORD, "next": GLASS})
    assert back.headers["Location"] == GLASS
    assert client.get(GLASS).status_code == 200


def test_who_has_nothing_to_show_signs_in_again(at_work: Desk, client: Client) -> None:
    pia = at_work.user("pia")
    pia.set_unusable_password()
    pia.save()
    client.force_login(pia)
    age(client, minutes=16)
    assert client.get(GLASS).headers["Location"].startswith("/accounts/logout/?next=")
