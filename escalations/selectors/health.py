"""Is the desk able to do its work? One value, for the home page, `doctor` and whoever watches from outside."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from escalations.models import Delivery, Outbox
from escalations.selectors.engine import CAP, GRACE, Engine, engine


@dataclass(frozen=True, slots=True)
class Post:
    """How messages stand: intents whose recipients are not worked out, deliveries that are long due, given up."""

    unexpanded: int
    overdue: int
    dead: int

    @property
    def fine(self) -> bool:
        """Whether nothing is stuck. What is merely tried again later is not stuck."""
        return not (self.unexpanded or self.overdue or self.dead)


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the desk at one moment. Without a database the rest is not known."""

    database: bool
    pending_migrations: tuple[str, ...] = ()
    engine: Engine | None = None
    post: Post | None = None

    @property
    def fine(self) -> bool:
        """Whether everything is as it should be."""
        return bool(
            self.database
            and not self.pending_migrations
            and self.engine is not None
            and self.engine.fine
            and self.post is not None
            and self.post.fine
        )


def pending_migrations() -> tuple[str, ...]:
    """Migrations on disk that the database does not have, in order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return tuple(f"{migration.app_label}.{migration.name}" for migration, _backwards in plan)


def post(now: dt.datetime) -> Post:
    """How messages stand. Three queries, each on an index and capped."""
    late = now - GRACE
    due = Delivery.objects.filter(state__in=[Delivery.State.WAITING, Delivery.State.SENDING], next_at__lt=late)
    return Post(
        unexpanded=Outbox.objects.filter(expanded_at__isnull=True, at__lt=late)[:CAP].count(),
        overdue=due[:CAP].count(),
        dead=Delivery.objects.filter(state=Delivery.State.DEAD)[:CAP].count(),
    )


def health(now: dt.datetime) -> Health:
    """The state of the desk. Seven queries and those that read the applied migrations; never raises DatabaseError."""
    try:
        pending = pending_migrations()
        if pending:
            return Health(True, pending)
        return Health(True, (), engine(now), post(now))
    except DatabaseError:
        return Health(False)
