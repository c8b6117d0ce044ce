"""What workers run for governance: thin, without arguments, and safe to run twice."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from escalations.services.heartbeat import beat
from governance.services import proposals


def publish_due() -> dict[str, Any]:
    """Publish changes of words whose time to object is over."""
    now = timezone.now()
    detail = {"published": [proposal.pk for proposal in proposals.publish_due(now=now)]}
    beat(name="publishing", now=now, detail=detail)
    return detail
