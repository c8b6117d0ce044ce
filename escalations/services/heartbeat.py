"""Signs of life of the engine's parts, by name: `worker`, `sweep`, `audit`, `delivery`, `assignment`."""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Mapping
from typing import Any

from escalations.models import Heartbeat


def beat(*, name: str, now: dt.datetime, detail: Mapping[str, Any] | None = None) -> None:
    """Write that the part `name` works at `now`, where, and what it did last. An older beat that comes late does not
    hide a newer one. Two statements at most."""
    written = {"host": socket.gethostname(), "pid": os.getpid(), **(detail or {})}
    if not Heartbeat.objects.filter(name=name, at__lte=now).update(at=now, detail=written):
        Heartbeat.objects.bulk_create([Heartbeat(name=name, at=now, detail=written)], ignore_conflicts=True)
