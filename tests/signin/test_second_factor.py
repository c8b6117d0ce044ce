"""Second factors, and what a session without one does not reach."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from guardian.shortcuts import assign_perm

from escalations import keys
from escalations.core.actor import Actor
from escalations.models import AccessEntry, Case, CaseGrant, Channel, User
from escalations.models.reach import Reach, without_second_factor
from escalations.selectors import caselist
from escalations.services.privacy import rotation
from tests.factories.desk import NOW, Desk
from tests.signin.people import SECRET, age, code, give_app, sign_in, sign_in_with_code

INDEX, SET_UP, HERE = "/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/authenticate/"


@pytest.fixture(autouse=True)
def _asked(settings: object) -> None:
    settings.THROUGHLINE_SECOND_FACTOR = "channels"  # type: ignore[attr-defined]


@pytest.fixture
def committing(django_capture_on_commit_callbacks: Any) -> Any:
    """What is done when a transaction commits, in a test that never does."""
    return django_capture_on_commit_callbacks


def kinds(person: User) -> list[str]:
    return list(AccessEntry.objects.filter(chain=person.pk).order_by("seq").values_list("kind", flat=True))


def fraud(desk: Desk) -> Case:
    case = desk.open(assign=False, summary="A ring of sellers")
    Case.objects.filter(pk=case.pk).update(channel=Channel.objects.get(key="fraud"))
    case.refresh_from_db()
    return case


def page_of(case: Case) -> str:
    return f"/admin/escalations/case/{case.pk}/change/"


# ------------------------------------------------------------------------------------------------------ setting one up


def test_an_app_is_set_up_used_and_removed(at_work: Desk, client: Client, committing: Any) -> None:
    tia = at_work.user("tia")
    sign_in(client, "tia")
    secret = client.get(SET_UP).context["form"].secret
    assert "not right" in client.post(SET_UP, {"code": "000000"}).content.decode()
    with committing(execute=True):
        done = client.post(SET_UP, {"code": code(secret)})
    assert done.headers["Location"] == "/accounts/2fa/recovery-codes/"
    codes = client.get(done.headers["Location"]).context["unused_codes"]
    assert len(codes) == 10
    assert "An app for codes was set up" in mail.outbox[-1].body
    assert secret not in str(tia.authenticator_set.get(type="totp").data), "it lies encrypted"

    again = Client()
    assert sign_in(again, "tia").headers["Location"] == HERE
    assert again.get("/admin/").status_code == 302, "half signed in is not signed in"
    assert again.post(HERE, {"code": codes[0]}).headers["Location"] == "/admin/"
    assert AccessEntry.objects.filter(chain=tia.pk).latest("seq").data["by"] == ["password", "recovery_codes"]
    third = Client()
    sign_in(third, "tia")
    assert third.post(HERE, {"code": codes[0]}).status_code == 200, "a recovery code serves once"

    client.post("/accounts/2fa/totp/deactivate/")
    assert not tia.authenticator_set.exists()
    assert (
        kinds(tia) == ["sign_in", "factor_added", "factor_added", "sign_in", "sign_in_failed"] + ["factor_removed"] * 2
    )


def test_wherever_one_came_from_is_kept_over_the_second_step(at_work: Desk, client: Client) -> None:
    give_app(at_work.user("tia"))
    sign_in(client, "tia", next="/admin/escalations/case/")
    assert client.post(HERE, {"code": code()}).headers["Location"] == "/admin/escalations/case/"


def test_codes_are_not_guessed(at_work: Desk, client: Client) -> None:
    give_app(at_work.user("tia"))
    sign_in(client, "tia")
    for number in range(5):
        client.post(HERE, {"code": f"00000{number}"})
    assert "Too many" in client.post(HERE, {"code": code()}).content.decode()


def test_setting_one_up_asks_who_it_is_after_a_while(at_work: Desk, client: Client) -> None:
    sign_in(client, "tia")
    assert client.get(SET_UP).status_code == 200
    age(client, minutes=16)
    assert client.get(SET_UP).headers["Location"].startswith("/accounts/reauthenticate/?next=")


def test_its_secrets_rotate_with_the_field_keys(at_work: Desk, settings: object) -> None:
    tia = at_work.user("tia")
    give_app(tia)
    old = settings.THROUGHLINE_KEYS  # type: ignore[attr-defined]
    settings.THROUGHLINE_KEYS = old | {"field": [("field-3", bytes([9]) * 32), *old["field"]]}  # type: ignore[attr-defined]
    assert rotation.rotate(dry_run=True).remaining["mfa.Authenticator"] == 2
    assert rotation.rotate().done["mfa.Authenticator"] == 2
    settings.THROUGHLINE_KEYS = old | {"field": [("field-3", bytes([9]) * 32)]}  # type: ignore[attr-defined]
    assert keys.decrypt(tia.authenticator_set.get(type="totp").data["secret"]) == SECRET
    assert rotation.rotate().done["mfa.Authenticator"] == 0


# ---------------------------------------------------------------------------------------------------- what it is about


def test_a_session_without_one_reaches_less(at_work: Desk, client: Client) -> None:
    case, tia = fraud(at_work), at_work.user("tia")
    give_app(tia)
    by_link = Client()
    by_link.force_login(tia)  # a session that has shown nothing
    assert by_link.get(page_of(case)).status_code == 404
    assert "A ring of sellers" not in by_link.get("/admin/escalations/case/?status=any").content.decode()
    assert (
        "Cases of Brand and Fraud are shown once you sign in with a second factor."
        in by_link.get("/admin/").content.decode()
    )
    sign_in_with_code(client, "tia")
    assert client.get(page_of(case)).status_code == 200
    assert "shown once you sign in" not in client.get("/admin/").content.decode()


def test_the_banner_is_for_those_alone_who_would_see_more(at_work: Desk, client: Client) -> None:
    sign_in(client, "pia")
    assert "second factor." not in client.get("/admin/").content.decode()


def test_a_session_is_widened_by_showing_one(at_work: Desk, client: Client) -> None:
    case, tia = fraud(at_work), at_work.user("tia")
    give_app(tia)
    client.force_login(tia)
    client.post("/accounts/2fa/reauthenticate/", {"code": code()})
    assert client.get(page_of(case)).status_code == 200
    assert kinds(tia)[-2:] == ["proved", "read"]


def test_it_narrows_single_cases_too_and_nobody_else(at_work: Desk) -> None:
    case, pia, max_ = fraud(at_work), at_work.user("pia"), at_work.user("max")
    CaseGrant.objects.create(
        case=case, channel=case.channel, user=pia, given_by=max_, reason="x", given_at=NOW,
        expires_at=NOW + timezone.timedelta(hours=1),
    )  # fmt: skip
    assert Case.objects.visible_to(pia).filter(pk=case.pk).exists()
    with without_second_factor(pia.pk):
        for narrowed in (User.objects.get(pk=pia.pk), at_work.user("pia")):
            assert not Case.objects.visible_to(narrowed).filter(pk=case.pk).exists()
            assert [channel.key for channel in Reach.of(narrowed).kept_back] == ["fraud"]
        assert Case.objects.visible_to(at_work.user("max")).filter(pk=case.pk).exists()
        mine = User.objects.get(pk=pia.pk)
        assert Reach.of(mine).channels("see_cases") == {Channel.objects.get(key="general").pk}
    assert Case.objects.visible_to(at_work.user("pia")).filter(pk=case.pk).exists()


def test_every_permission_is_narrowed(at_work: Desk) -> None:
    tia, channel = at_work.user("tia"), Channel.objects.get(key="fraud")
    for codename, _ in Channel._meta.permissions:
        assign_perm(codename, tia, channel)
        with without_second_factor(tia.pk):
            assert channel.pk not in Reach.of(at_work.user("tia")).channels(codename)
        assert channel.pk in Reach.of(at_work.user("tia")).channels(codename)


def test_a_page_of_a_list_is_the_one_of_the_verb(at_work: Desk) -> None:
    cases = [fraud(at_work), at_work.open(assign=False), fraud(at_work), at_work.open(assign=False)]
    asked = caselist.Filters.read({"status": "any"})
    for narrowed in (False, True):
        with without_second_factor(at_work.user("tia").pk if narrowed else 0):
            user = at_work.user("tia")
            found = {row.pk for row in caselist.page(asked, user, NOW, "newest", size=10).rows}
            assert found == set(Case.objects.visible_to(user).values_list("pk", flat=True))
            assert len(found) == (2 if narrowed else len(cases))


def test_what_a_policy_says_of_channels(at_work: Desk) -> None:
    from tests.core.policies import market_document

    assert set(Channel.objects.filter(second_factor=True)) == set(Channel.objects.filter(sensitive=True)) != set()
    document = market_document()
    document["central"]["channels"]["fraud"]["second_factor"] = False
    document["central"]["channels"]["general"]["second_factor"] = True
    at_work.install(document, now=NOW)
    assert not Channel.objects.get(key="fraud").second_factor
    assert Channel.objects.get(key="general").second_factor


class TestEverybody:
    @pytest.fixture(autouse=True)
    def _everybody(self, settings: object) -> None:
        settings.THROUGHLINE_SECOND_FACTOR = "everybody"  # type: ignore[attr-defined]

    def test_one_is_set_up_before_anything_else(self, at_work: Desk, client: Client) -> None:
        sign_in(client, "pia")
        led = client.get("/admin/escalations/case/")
        assert led.headers["Location"].startswith(f"{INDEX}?next=")
        assert "Everybody here signs in with a second factor" in client.get(INDEX).content.decode()
        secret = client.get(SET_UP).context["form"].secret
        client.post(SET_UP, {"code": code(secret)})
        client.post("/accounts/2fa/reauthenticate/", {"code": code(secret)})
        assert client.get("/admin/escalations/case/").status_code == 200

    def test_and_then_used(self, at_work: Desk, client: Client) -> None:
        give_app(at_work.user("pia"))
        sign_in_with_code(client, "pia")
        assert client.get("/admin/").status_code == 200


def test_off_asks_nobody(at_work: Desk, client: Client, settings: object) -> None:
    settings.THROUGHLINE_SECOND_FACTOR = "off"  # type: ignore[attr-defined]
    case = fraud(at_work)
    sign_in(client, "tia")
    assert client.get(page_of(case)).status_code == 200


def test_breaking_the_glass_takes_one(at_work: Desk, client: Client) -> None:
    case = fraud(at_work)
    sign_in(client, "pia")
    sent = client.post(
        "/admin/escalations/casegrant/break-glass/", {"reference": case.reference, "reason": "It burns."}
    )
    assert "A second factor first" in sent.content.decode()
    assert not CaseGrant.objects.exists()
    assert Actor.user(at_work.user("pia"))


def test_somebody_who_has_lost_theirs_is_helped_on_record(at_work: Desk, client: Client) -> None:
    tia = at_work.user("tia")
    give_app(tia)
    with pytest.raises(CommandError, match="no account"):
        call_command("forget_second_factor", "nobody")
    call_command("forget_second_factor", "tia", dry_run=True, stdout=StringIO())
    assert tia.authenticator_set.count() == 2
    call_command("forget_second_factor", "tia", stdout=StringIO())
    assert sign_in(client, "tia").headers["Location"] == "/admin/"
    entry = AccessEntry.objects.get(kind="factor_removed")
    assert (entry.chain, entry.data["of"], entry.data["what"]) == (0, tia.pk, ["recovery_codes", "totp"])
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("forget_second_factor", "tia")
