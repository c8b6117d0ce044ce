"""Several people who act at the same moment, each on a connection of their own to one PostgreSQL."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from django.db import connection

from escalations.errors import DeskError
from tests.databases import Database
from tests.factories.desk import Desk
from tests.governance.publishing import trusting


@contextlib.contextmanager
def desk_on(database: Database) -> Iterator[Desk]:
    """The small desk on a database whose threads each have a connection."""
    with database.here(), trusting("test") as kept:
        yield Desk(kept)


def at_once(*works: Callable[[], object]) -> Counter[str]:
    """Let go of all at the same moment; how many were done, and the refusals by their name."""
    said: list[str] = []
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            ready.wait()
            work()
            said.append("done")
        except DeskError as error:
            said.append(type(error).__name__)
        except BaseException as error:  # anything else is told to the test, not lost in its thread
            said.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(said)
