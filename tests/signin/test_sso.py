"""Single sign-on against a real provider: who is known, who is made, who is refused, and which roles they get."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.test import Client

from escalations.core import signing
from escalations.inbound.signin.sso import AGAIN
from escalations.models import AccessEntry, User
from escalations.services.roles import held_by
from tests.factories.desk import Desk
from tests.signin import provider as providers
from tests.signin.people import PASSWORD, age, sign_in
from tests.signin.provider import Provider

BEGIN = "/accounts/oidc/sso/login/"
NEW = {"sub": "s-1", "email": "nova@desk.example", "email_verified": True, "given_name": "Nova", "family_name": "Reed",
       "preferred_username": "nova", "groups": ["desk-agents"]}  # fmt: skip


@pytest.fixture(scope="module")
def _server() -> Iterator[Provider]:
    with providers.running() as provider:
        yield provider


@pytest.fixture
def idp(_server: Provider, settings: Any) -> Provider:
    """The provider, configured as from the environment."""
    _server.who, _server.broken, _server.published = dict(NEW), False, _server.key
    app = {
        "provider_id": signing.PROVIDER, "name": "Acme", "client_id": providers.CLIENT, "secret": providers.SECRET,
        "settings": {"server_url": _server.issuer, "scope": ["openid", "profile", "email"]},
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}
    settings.THROUGHLINE_OIDC_GROUPS = {"desk-agents": ("agent",), "desk-auditors": ("auditor",), "both": ("lead",)}
    return _server


def come(client: Client, idp: Provider, at: str = BEGIN, **query: str) -> Any:
    """Go to the provider and come back with what it says."""
    led = client.get(at, query)
    assert led.status_code == 302, led.content
    target = urlsplit(led.headers["Location"])
    assert f"{target.scheme}://{target.netloc}" == idp.issuer
    back = urlsplit(idp.authorize(dict(parse_qsl(target.query))))
    return client.get(back.path, dict(parse_qsl(back.query)))


def entries(person: User) -> list[AccessEntry]:
    return list(AccessEntry.objects.filter(chain=person.pk).order_by("seq"))


def test_there_is_none_where_none_is_configured(client: Client, db: None) -> None:
    assert client.get(BEGIN).status_code == 404
    assert "Sign in with Acme" not in client.get("/accounts/login/").content.decode()


def test_somebody_new_in_a_mapped_group_gets_an_account_and_its_roles(
    desk: Desk, client: Client, idp: Provider
) -> None:
    assert f'href="{BEGIN}?next=%2Fadmin%2Fescalations%2Fcase%2F"' in client.get(
        "/accounts/login/", {"next": "/admin/escalations/case/"}
    ).content.decode()  # fmt: skip
    answer = come(client, idp, next="/admin/escalations/case/")
    assert answer.headers["Location"] == "/admin/escalations/case/"
    nova = User.objects.get(username="nova")
    assert (nova.first_name, nova.email, nova.has_usable_password()) == ("Nova", "nova@desk.example", False)
    assert (held_by(nova), nova.is_staff, nova.is_superuser) == (("agent",), True, False)
    assert not nova.groups.filter(name__startswith="channel:").exists()
    assert client.get("/admin/").status_code == 200
    assert [entry.kind for entry in entries(nova)][-2:] == ["sso_linked", "sign_in"]
    assert entries(nova)[-1].data["by"] == ["socialaccount"]
    given = AccessEntry.objects.filter(kind="membership", data__added=[nova.pk]).latest("pk")
    assert given.data["surface"] == "roles by sso"


def test_somebody_new_without_a_mapped_group_is_refused_in_words(desk: Desk, idp: Provider) -> None:
    people = User.objects.count()
    for groups in (None, [], ["others"], "others", {"desk-agents": 1}, [["desk-agents"]]):
        idp.who["groups"] = groups
        client = Client()
        answer = come(client, idp)
        assert answer.status_code == 403, groups
        assert "none of your groups there belongs to this desk" in answer.content.decode()
        assert client.get("/admin/").status_code == 302
    assert User.objects.count() == people


def test_roles_follow_the_groups_at_every_sign_in(desk: Desk, idp: Provider) -> None:
    come(Client(), idp)
    idp.who["groups"] = ["both", "unknown"]
    come(Client(), idp)
    assert held_by(User.objects.get(username="nova")) == ("lead",)
    idp.who["groups"] = []
    gone = Client()
    assert come(gone, idp).headers["Location"] == "/accounts/inactive/?why=no-role"
    assert held_by(User.objects.get(username="nova")) == ()
    assert gone.get("/admin/").status_code == 302


def test_roles_that_nobody_holds_together_are_refused_and_leave_nothing(
    desk: Desk, client: Client, idp: Provider
) -> None:
    idp.who["groups"] = ["desk-agents", "desk-auditors"]
    answer = come(client, idp)
    assert answer.status_code == 403
    assert "An auditor works on no case" in answer.content.decode()
    assert not User.objects.filter(username="nova").exists()


class TestLinking:
    def test_a_verified_address_is_linked_once_and_on_record(self, desk: Desk, client: Client, idp: Provider) -> None:
        idp.who |= {"email": "MIA@desk.example", "sub": "mia-1"}
        come(client, idp)
        mia = desk.user("mia")
        assert SocialAccount.objects.get(user=mia).uid == "mia-1"
        linked = next(entry for entry in entries(mia) if entry.kind == "sso_linked")
        assert linked.data["by"] == "verified address"
        assert mia.has_usable_password(), "their password stays"
        assert held_by(mia) == ("agent",)

        idp.who["sub"] = "somebody-else"
        assert "cannot be linked" in come(Client(), idp).content.decode()
        idp.who |= {"sub": "mia-1", "email": "married@desk.example"}
        again = Client()
        come(again, idp)
        assert again.get("/admin/").wsgi_request.user == mia, "known by the subject, whatever the address says"

    def test_an_address_that_is_not_verified_is_nobodys(self, desk: Desk, client: Client, idp: Provider) -> None:
        idp.who |= {"email": "mia@desk.example", "email_verified": False}
        assert come(client, idp).status_code == 403
        assert not SocialAccount.objects.exists()

    def test_no_administrator_is_taken_or_made(self, desk: Desk, client: Client, idp: Provider) -> None:
        User.objects.create_superuser("root", "root@desk.example", PASSWORD)
        idp.who |= {"email": "root@desk.example", "is_superuser": True, "groups": ["desk-agents"]}
        assert come(client, idp).status_code == 403
        assert not SocialAccount.objects.exists()

    def test_an_account_that_is_switched_off_stays_so(self, desk: Desk, client: Client, idp: Provider) -> None:
        come(Client(), idp)
        User.objects.filter(username="nova").update(is_active=False)
        assert come(client, idp).headers["Location"] == "/accounts/inactive/"

    def test_a_person_cannot_link_another_identity_by_themselves(
        self, desk: Desk, client: Client, idp: Provider
    ) -> None:
        sign_in(client, "mia")
        assert come(client, idp, process="connect").status_code == 403
        assert not SocialAccount.objects.exists()

    def test_a_name_that_is_taken_gets_a_number(self, desk: Desk, client: Client, idp: Provider) -> None:
        idp.who |= {"preferred_username": "MIA", "email": "mia@elsewhere.example"}
        come(client, idp)
        assert User.objects.get(email="mia@elsewhere.example").username == "mia-2"


class TestWhatIsNotBelieved:
    def test_a_token_signed_by_another_key(self, desk: Desk, client: Client, idp: Provider) -> None:
        idp.published = generate_private_key(65537, 2048)
        assert come(client, idp).status_code == 401
        assert not User.objects.filter(username="nova").exists()

    def test_a_token_for_or_of_somebody_else_or_that_is_over(self, desk: Desk, idp: Provider) -> None:
        for claims in ({"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}):
            idp.who = NEW | claims
            assert come(Client(), idp).status_code == 401, claims
        assert not User.objects.filter(username="nova").exists()

    def test_an_answer_that_this_browser_did_not_ask_for(self, desk: Desk, client: Client, idp: Provider) -> None:
        led = urlsplit(client.get(BEGIN).headers["Location"])
        back = urlsplit(idp.authorize(dict(parse_qsl(led.query))))
        other = Client()
        assert other.get(back.path, dict(parse_qsl(back.query))).status_code == 401
        assert not User.objects.filter(username="nova").exists()

    def test_what_an_address_adds_to_what_the_provider_is_asked(
        self, desk: Desk, client: Client, idp: Provider
    ) -> None:
        come(client, idp, auth_params="redirect_uri=https://evil.example/&prompt=none", scope="everything")
        assert idp.asked["redirect_uri"] == "http://testserver/accounts/oidc/sso/login/callback/"
        assert set(idp.asked["scope"].split()) == {"openid", "profile", "email"}
        assert "prompt" not in idp.asked

    def test_where_it_leads_afterwards(self, desk: Desk, client: Client, idp: Provider) -> None:
        assert come(client, idp, next="https://evil.example/").headers["Location"] == "/admin/"

    def test_a_provider_that_does_not_answer_is_said(self, desk: Desk, client: Client, idp: Provider) -> None:
        idp.broken = True
        client.raise_request_exception = False
        answer = client.get(BEGIN)
        assert answer.status_code == 401
        assert "Single sign-on did not work" in answer.content.decode()


class TestSecondFactor:
    @pytest.fixture(autouse=True)
    def _everybody(self, settings: Any) -> None:
        settings.THROUGHLINE_SECOND_FACTOR = "everybody"

    def test_the_providers_word_counts_and_nothing_else(self, desk: Desk, idp: Provider) -> None:
        said: list[tuple[dict[str, Any], bool]] = [
            ({"amr": ["pwd", "mfa"]}, True),
            ({"acr": "mfa"}, True),
            ({}, False),
            ({"amr": ["pwd"]}, False),
            ({"acr": "0"}, False),
            ({"amr": "none"}, False),
        ]
        for claims, counts in said:
            idp.who, client = NEW | claims, Client()
            come(client, idp)
            answer = client.get("/admin/")
            assert answer.status_code == (200 if counts else 302), claims
            assert counts or answer.headers["Location"].startswith("/accounts/2fa/")


class TestShowingOnceMoreWhoOneIs:
    GLASS = "/admin/escalations/casegrant/break-glass/"

    def test_the_provider_asks_anew(self, desk: Desk, client: Client, idp: Provider) -> None:
        come(client, idp)
        nova = User.objects.get(username="nova")
        age(client, minutes=16)
        led = client.get(self.GLASS)
        assert led.headers["Location"].startswith(f"{BEGIN}?process=redirect&")
        idp.who["auth_time"] = int(time.time())
        at = urlsplit(led.headers["Location"])
        back = come(client, idp, at.path, **dict(parse_qsl(at.query)))
        assert (idp.asked["prompt"], idp.asked["max_age"]) == ("login", "0")
        assert back.headers["Location"] == self.GLASS
        assert client.get(self.GLASS).status_code == 200
        assert entries(nova)[-1].kind == "proved"

    def test_an_old_word_or_another_persons_does_not_serve(self, desk: Desk, client: Client, idp: Provider) -> None:
        come(client, idp)
        age(client, minutes=16)
        for said in ({}, {"auth_time": 1}, {"auth_time": "now"}, {"sub": "another", "auth_time": 9e9}):
            idp.who = NEW | said
            answer = come(client, idp, process="redirect", auth_params=AGAIN, next=self.GLASS)
            assert answer.status_code == 403, said
            assert client.get(self.GLASS).status_code == 302


def test_who_comes_by_it_alone_has_no_password_to_change(desk: Desk, client: Client, idp: Provider) -> None:
    come(client, idp)
    assert client.get("/accounts/password/change/").headers["Location"] == "/accounts/2fa/"
    page = client.get("/accounts/2fa/").content.decode()
    assert "You have no password here." in page
    assert "Linked with Acme." in page
