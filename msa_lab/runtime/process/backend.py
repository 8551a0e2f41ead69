"""What a service's database stands on: bodies of work run over one connection, whichever database it is.

A body is a plain function of a connection, written once. A backend runs it where the loop is (SQLite), or
lets it wait for a server while the loop goes on (PostgreSQL).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import sqlalchemy as sql

T = TypeVar("T")

PATIENCE = 10.0
"""How many seconds a commit waits for its turn."""


class Connection(Protocol):
    """What bodies see of SQLAlchemy's connection.

    A statement given is kept compiled, so it is made once, with its values as parameters.
    """

    @property
    def dialect(self) -> Any:  # noqa: ANN401 - SQLAlchemy's; `name` tells the database
        """The database's kind of SQL."""
        ...

    def execute(self, statement: Any, parameters: Any = None) -> Any:  # noqa: ANN401 - SQLAlchemy's
        """Execute a statement once, or once for each of a list of parameters."""
        ...


class Taken(Exception):
    """A constraint refused: another row has these values."""

    def __init__(self, table: str, columns: tuple[str, ...]) -> None:
        super().__init__(f"{table}: {', '.join(columns)} taken")
        self.table = table
        self.columns = columns


class Backend(Protocol):
    """The database of one service as one process reaches it."""

    async def open(self, make: Callable[[sql.Connection], None]) -> None:
        """Connect, and let `make` find or make the schema in a transaction of its own.

        Raises:
            EnvironmentTrouble: when it cannot be reached or is not what this version can use.
        """
        ...

    async def read(self, body: Callable[[Connection], T]) -> T:
        """Run a body that reads what is committed.

        Raises:
            StoreUnavailable: when the database refused.
        """
        ...

    async def write(self, body: Callable[[Connection], T], confirmed: Callable[[T], object]) -> T:
        """Run a body as one transaction that no other overlaps, and commit.

        `confirmed` is called with the result as soon as the commit is known to hold, before any other work of
        this process, also when nobody waits for it any more. When the body raises, nothing is committed.

        Raises:
            Taken: when a constraint refused.
            StoreUnavailable: when the database refused.
            CommitUnknown: when the answer to the commit was lost.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
