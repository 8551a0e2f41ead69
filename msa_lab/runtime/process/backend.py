"""What a service's database stands on: bodies of work run over one connection, whichever database it is.

A body is a plain function of a SQLAlchemy connection, written once. A backend runs it where the loop is
(SQLite), or lets it wait for a server while the loop goes on (PostgreSQL).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError

T = TypeVar("T")

PATIENCE = 10.0
"""How many seconds a commit waits for its turn."""


class Backend(Protocol):
    """The database of one service as one process reaches it."""

    async def open(self, make: Callable[[sql.Connection], None]) -> None:
        """Connect, and let `make` find or make the schema in a transaction of its own.

        Raises:
            EnvironmentTrouble: when it cannot be reached or is not what this version can use.
        """
        ...

    async def read(self, body: Callable[[sql.Connection], T]) -> T:
        """Run a body that reads what is committed.

        Raises:
            StoreUnavailable: when the database refused.
        """
        ...

    async def write(self, body: Callable[[sql.Connection], T], confirmed: Callable[[T], object]) -> T:
        """Run a body as one transaction that no other overlaps, and commit.

        `confirmed` is called with the result as soon as the commit is known to hold, before any other work of
        this process, also when nobody waits for it any more. When the body raises, nothing is committed.

        Raises:
            IntegrityError: when a constraint refused.
            StoreUnavailable: when the database refused.
            CommitUnknown: when the answer to the commit was lost.
        """
        ...

    def taken(self, error: IntegrityError) -> tuple[str, tuple[str, ...]]:
        """Give the table and the columns whose values were taken."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
