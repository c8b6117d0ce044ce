"""From a case one comes to the pages that it goes by, in the version that it is pinned to."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.django_db


def links(page: str) -> list[str]:
    return re.findall(r'href="(/playbook/[0-9]+/[^"]+)"', page)


def test_the_panel_leads_to_the_version_of_the_case(desk: Desk, client: Client) -> None:
    case = desk.held_by("mia")
    number = case.policy_version.number
    changed = market_document()
    changed["title"] = "Another one"
    desk.install(changed, now=NOW)
    client.force_login(desk.user("mia"))
    found = links(client.get(case.get_absolute_url()).content.decode())
    assert f"/playbook/{number}/category/{case.category.key}/?region={case.region.key}" in found
    for link in found:
        assert client.get(link).status_code == 200, link
    page = client.get(found[0])
    assert page.status_code == 200
    assert f"Version {number}" in page.content.decode()
