"""What the demo puts before its council."""

from __future__ import annotations

import pytest

from escalations.models import User
from escalations.services.roles import group_of
from governance.demo import loading
from governance.models import Proposal
from tests.playbook.shelves import NOW, compiled, put

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("preset", ["team", "global"])
def test_one_change_waits_for_the_others_and_only_once(preset: str) -> None:
    put(compiled(preset))
    assert loading.propose(now=NOW) is None, "a desk without the demo's people"
    for name in ("eleanor", "rafael"):
        User.objects.create_user(name).groups.add(group_of("council"))
    made = loading.propose(now=NOW)
    assert made is not None
    assert made.state == Proposal.State.OPEN
    assert "keep" in made.reason
    assert loading.propose(now=NOW) is None
    assert Proposal.objects.get() == made
