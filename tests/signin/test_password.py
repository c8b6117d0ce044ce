"""Signing in with a password: by name or address, nobody makes an account, nobody learns whether there is one."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse

from escalations.models import AccessEntry, User
from tests.factories.desk import Desk
from tests.signin.people import LOGIN, PASSWORD, sign_in

RESET = "/accounts/password/reset/"


def newest(person: User) -> AccessEntry:
    return AccessEntry.objects.filter(chain=person.pk).order_by("-seq")[0]


def test_by_name_or_address(at_work: Desk) -> None:
    for name in ("mia", "MIA", "mia@desk.example"):
        client = Client()
        answer = sign_in(client, name)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/"), name
        assert client.get("/admin/").status_code == 200
        assert newest(at_work.user("mia")).data["by"] == ["password"]


def test_a_wrong_password_and_a_name_that_nobody_has_are_answered_alike(at_work: Desk, client: Client) -> None:
    for name in ("mia", "nobody", "nobody@example.org"):
        answer = sign_in(client, name, "wrong")
        assert answer.status_code == 200
        assert "The username or the password is wrong." in answer.content.decode(), name


class TestWhereItLeads:
    def test_the_admins_address_keeps_where_somebody_wanted_to_go(self, at_work: Desk, client: Client) -> None:
        wanted = "/admin/escalations/case/?status=open&q=a%20b"
        led = client.get(wanted)
        at = client.get(led.headers["Location"])
        assert at.headers["Location"].startswith(LOGIN)
        page = client.get(at.headers["Location"]).content.decode()
        assert re.search(r'name="next" value="([^"]+)"', page)[1] == wanted.replace("&", "&amp;")  # type: ignore[index]
        assert sign_in(client, "mia", next=wanted).headers["Location"] == wanted

    def test_nobody_is_led_elsewhere(self, at_work: Desk) -> None:
        for elsewhere in (
            "https://evil.example/", "//evil.example/x", "javascript:alert(1)", "/\\evil.example", "https:///x",
        ):  # fmt: skip
            client = Client()
            assert client.get("/admin/login/", {"next": elsewhere}).headers["Location"] == LOGIN
            assert sign_in(client, "mia", next=elsewhere).headers["Location"] == "/admin/", elsewhere
            assert client.get("/admin/login/", {"next": elsewhere}).headers["Location"] == "/admin/"

    def test_who_is_signed_in_and_may_not_come_in_is_told(self, at_work: Desk, client: Client) -> None:
        outside = User.objects.create_user("outside", password=PASSWORD)
        client.force_login(outside)
        answer = client.get("/admin/", follow=True)
        assert answer.redirect_chain[-1] == ("/admin/welcome/", 302)
        said = answer.content.decode()
        assert "You are signed in as outside" in said
        assert "has no role at this desk" in said


def test_an_account_that_is_switched_off_or_no_persons_is_not_let_in(at_work: Desk, client: Client) -> None:
    User.objects.filter(username="mia").update(is_active=False)
    User.objects.create_user("machine", password=PASSWORD)
    for name, why in (("mia", ""), ("machine", "?why=no-role")):
        answer = sign_in(client, name)
        assert answer.headers["Location"] == f"/accounts/inactive/{why}"
        assert client.get("/admin/").status_code == 302


def test_nobody_makes_an_account(at_work: Desk, client: Client) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("account_signup")
    people = User.objects.count()
    assert client.post("/accounts/signup/", {"username": "x", "password1": PASSWORD}).status_code == 404
    assert client.post("/accounts/oidc/signup/", {"username": "x", "email": "x@example.org"}).status_code == 403
    assert User.objects.count() == people


class TestReset:
    def ask(self, client: Client, address: str) -> tuple[int, str, str]:
        answer = client.post(RESET, {"email": address})
        page = client.get(answer.headers["Location"]).content.decode() if answer.status_code == 302 else ""
        return answer.status_code, answer.headers.get("Location", ""), re.sub(r'csrf\w+" value="\w+"', "", page)

    def test_it_says_the_same_whether_or_not_there_is_an_account(self, at_work: Desk, client: Client) -> None:
        User.objects.create_user("sso", "sso@desk.example", None, is_staff=True)
        User.objects.create_user("gone", "gone@desk.example", PASSWORD, is_active=False)
        answers = {
            self.ask(Client(), address)
            for address in ("mia@desk.example", "nobody@desk.example", "sso@desk.example", "gone@desk.example")
        }
        assert len(answers) == 1
        assert [sent.to for sent in mail.outbox] == [["mia@desk.example"]]

    def test_the_link_serves_once_and_ends_other_sessions(self, at_work: Desk, client: Client) -> None:
        elsewhere = Client()
        sign_in(elsewhere, "mia")
        self.ask(client, "mia@desk.example")
        link = re.search(r"https://desk\.example\.test(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
        assert link
        form = client.get(link[1], follow=True)
        new = "another long sentence 7"
        done = client.post(form.request["PATH_INFO"], {"password1": new, "password2": new}, follow=True)
        assert "Your password is changed" in done.content.decode()
        assert elsewhere.get("/admin/").status_code == 302
        assert "This link does not work" in Client().get(link[1], follow=True).content.decode()
        assert newest(at_work.user("mia")).kind == "password"
        assert sign_in(Client(), "mia", new).status_code == 302

    def test_asked_for_too_often_by_one_address(self, at_work: Desk, client: Client) -> None:
        statuses = [client.post(RESET, {"email": "mia@desk.example"}).status_code for _ in range(4)]
        assert statuses == [302, 302, 302, 429]


def test_a_changed_password_ends_other_sessions_not_this_one(at_work: Desk, client: Client) -> None:
    elsewhere, new = Client(), "another long sentence 7"
    for browser in (client, elsewhere):
        sign_in(browser, "mia")
    changed = client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}, follow=True
    )
    assert changed.status_code == 200
    assert client.get("/admin/").status_code == 200
    assert elsewhere.get("/admin/").status_code == 302
    assert [sent.subject for sent in mail.outbox] == ["How you sign in to the desk was changed"]


def test_deactivation_ends_sessions(at_work: Desk, client: Client) -> None:
    sign_in(client, "mia")
    User.objects.filter(username="mia").update(is_active=False)
    assert client.get("/admin/").status_code == 302


class TestTooManyTries:
    def test_an_account_rests_by_whichever_name_and_it_is_said_for_how_long(
        self, at_work: Desk, client: Client
    ) -> None:
        for name in ("mia", "MIA", "mia@desk.example", "mia", "mia"):
            sign_in(client, name, "wrong")
        for browser in (client, Client(REMOTE_ADDR="203.0.113.9")):
            answer = sign_in(browser, "mia")
            assert "Too many tries. Wait 5 minutes" in answer.content.decode()
        assert sign_in(Client(), "ana").status_code == 302
        entries = AccessEntry.objects.filter(chain=at_work.user("mia").pk).order_by("seq")
        assert [entry.kind for entry in entries] == ["sign_in_failed"] * 5 + ["locked_out"]

    def test_it_ends_by_itself(self, clock, at_work: Desk, client: Client) -> None:  # type: ignore[no-untyped-def]
        for _ in range(5):
            sign_in(client, "mia", "wrong")
        clock.shift(240)
        assert "Wait 1 minute," in sign_in(client, "mia").content.decode()
        clock.shift(61)
        assert sign_in(client, "mia").status_code == 302

    def test_one_address_rests_too(self, at_work: Desk) -> None:
        browser = Client(REMOTE_ADDR="203.0.113.9")
        for number in range(20):
            sign_in(browser, f"nobody-{number}", "wrong")
        assert "Too many tries" in sign_in(browser, "mia").content.decode()
        assert sign_in(Client(REMOTE_ADDR="203.0.113.10"), "mia").status_code == 302

    def test_a_header_that_anybody_can_send_is_not_believed(self, at_work: Desk, settings: object) -> None:
        for number in range(20):
            sign_in(Client(headers={"X-Forwarded-For": f"198.51.100.{number}"}), f"nobody-{number}", "wrong")
        refused = sign_in(Client(headers={"X-Forwarded-For": "198.51.100.99"}), "mia")
        assert "Too many tries" in refused.content.decode()
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1  # type: ignore[attr-defined]
        let_in = sign_in(Client(headers={"X-Forwarded-For": "1.2.3.4, 198.51.100.99"}), "mia")
        assert let_in.status_code == 302
