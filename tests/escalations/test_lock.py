"""Who waits for a case on PostgreSQL finds it afterwards, wherever it went meanwhile."""

from __future__ import annotations

from functools import partial

import pytest

from escalations.models import Team
from escalations.services import handoffs, replies
from tests.databases import Database
from tests.escalations.at_once import at_once, desk_on
from tests.factories.desk import NOW, broken


@pytest.mark.postgres
def test_an_act_that_waited_while_the_case_changed_its_team_is_done(postgres_database: Database) -> None:
    with desk_on(postgres_database) as desk:
        case = desk.held_by("mia")
        payments = Team.objects.get(key="payments")
        away = partial(
            handoffs.hand_off, case_id=case.pk, actor=desk.by("mia"), now=NOW, to_team_id=payments.pk, note="Yours."
        )
        notes = [partial(replies.note, case_id=case.pk, actor=desk.by("jon"), now=NOW, body=f"{n}") for n in range(4)]
        assert at_once(away, *notes) == {"done": 5}
        assert broken(case) is None
