"""Second factors that somebody has lost: taken from their account by who keeps the desk running."""

from __future__ import annotations

import datetime as dt

from allauth.mfa.models import Authenticator
from django.db import transaction

from escalations.core import watching
from escalations.models import User
from escalations.services import noting


def held(*, user_id: int) -> list[str]:
    """The types of an account's second factors, recovery codes among them. One query."""
    return sorted(Authenticator.objects.filter(user_id=user_id).values_list("type", flat=True))


@transaction.atomic
def forget(*, user_id: int, now: dt.datetime) -> list[str]:
    """Remove every second factor of an account, recovery codes too; return what there was, by type. On the access log
    as done by nobody who was signed in, so an auditor looks at it. Three queries, and those of the note."""
    user = User.objects.select_for_update().get(pk=user_id)
    gone = held(user_id=user.pk)
    if gone:
        Authenticator.objects.filter(user=user).delete()
        noting.note(kind=watching.FACTOR_REMOVED, now=now, data={"of": user.pk, "what": gone})
    return gone
