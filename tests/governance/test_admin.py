"""Editions are shown to whoever works here, publications to roles that see them; nobody changes them on these pages."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from escalations.models import User
from escalations.services.roles import group_of
from governance.models import Publication
from playbook.models import Edition

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(client: Client) -> User:
    call_command("install_playbook", "--preset", "team", stdout=StringIO())
    person = User.objects.create_user("mia", password="x", is_staff=True)
    person.groups.add(group_of("council"))
    client.force_login(person)
    return person


def pages() -> list[str]:
    edition, publication = Edition.objects.get(), Publication.objects.get()
    return [
        reverse("admin:playbook_edition_changelist"),
        reverse("admin:playbook_edition_change", args=[edition.pk]),
        reverse("admin:governance_publication_changelist"),
        reverse("admin:governance_publication_change", args=[publication.pk]),
    ]


def test_pages_open_and_tell_what_was_approved(client: Client, mia: User) -> None:
    digest = Edition.objects.get().edition_digest
    shown = [client.get(page) for page in pages()]
    assert [page.status_code for page in shown] == [200] * 4
    assert digest in shown[1].content.decode()
    assert digest in shown[3].content.decode()
    assert "preset team" in shown[0].content.decode()


def test_restricted_rules_are_not_on_them(client: Client, mia: User) -> None:
    for page in pages():
        text = client.get(page).content.decode()
        assert "ring_indicator" not in text
        assert "hold-linked-to-ring" not in text


def test_nothing_can_be_changed_here(client: Client, mia: User) -> None:
    edition = Edition.objects.get()
    mia.is_superuser = True
    mia.save()
    for name in ("playbook_edition", "governance_publication"):
        assert client.get(reverse(f"admin:{name}_add")).status_code == 403
    for page in pages()[1::2]:
        assert client.post(page, {"title": "Mine", "reason": "Mine"}).status_code == 403
    assert client.post(reverse("admin:playbook_edition_delete", args=[edition.pk]), {"post": "yes"}).status_code == 403
    assert Edition.objects.get().title == edition.title


def test_pages_are_for_those_who_work_here(client: Client, mia: User) -> None:
    addresses = pages()
    client.logout()
    assert all(client.get(page).status_code == 302 for page in addresses)
