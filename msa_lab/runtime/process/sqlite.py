"""A service's database in a file of SQLite, used where the loop is: a commit takes less than a thread's turn.

The instances of a service share the file (WAL). Nothing here waits inside SQLite: who finds it locked by
another process sleeps and tries again, so that a paused or slow neighbour never stops this process's loop.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sql
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process.backend import PATIENCE
from msa_lab.sdk.failures import StoreUnavailable

T = TypeVar("T")

PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
FIRST_PAUSE, LONGEST_PAUSE = 0.0005, 0.02
"""How many seconds to sleep before the file is tried again; doubled each time."""

_TAKEN = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)")


class SqliteFile:
    """One connection to the file; it belongs to the thread that opened it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: sql.Engine | None = None
        self._connection: sql.Connection | None = None

    async def open(self, make: Callable[[sql.Connection], None]) -> None:
        """Connect; see the port."""
        engine = self._engine = sql.create_engine(
            sql.URL.create("sqlite", database=str(self._path)),
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": 0, "cached_statements": 512},
        )
        try:
            connection = self._connection = engine.connect()
            for pragma in PRAGMAS:
                await _patiently(partial(connection.exec_driver_sql, f"PRAGMA {pragma}"))
            await self._transact(make, lambda _: None)
        except DatabaseError as error:
            raise EnvironmentTrouble(f"database {self._path}: {error.orig}") from error

    async def read(self, body: Callable[[sql.Connection], T]) -> T:
        """Run a body; see the port."""
        connection = self._opened()
        try:
            return await _patiently(lambda: body(connection))
        except OperationalError as error:
            raise StoreUnavailable(str(error.orig)) from error

    async def write(self, body: Callable[[sql.Connection], T], confirmed: Callable[[T], object]) -> T:
        """Run a body as a transaction; see the port."""
        try:
            return await self._transact(body, confirmed)
        except OperationalError as error:
            raise StoreUnavailable(str(error.orig)) from error

    async def _transact(self, body: Callable[[sql.Connection], T], confirmed: Callable[[T], object]) -> T:
        connection = self._opened()
        await _patiently(lambda: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        try:  # from here on nothing is awaited: no other work of this process can come between
            result = body(connection)
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        confirmed(result)
        return result

    def taken(self, error: IntegrityError) -> tuple[str, tuple[str, ...]]:
        """Read the table and the columns out of SQLite's message."""
        match = _TAKEN.search(str(error.orig))
        columns = [] if match is None else [part.strip().split(".") for part in match["columns"].split(",")]
        return (columns[0][0] if columns else ""), tuple(column[-1] for column in columns)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        if self._engine is not None:
            self._engine.dispose()

    def _opened(self) -> sql.Connection:
        if self._connection is None:
            raise StoreUnavailable
        return self._connection


async def _patiently(work: Callable[[], T]) -> T:
    """Do what another process's lock may hold up; try again until it is done or patience is over."""
    pause, until = FIRST_PAUSE, asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            return work()
        except OperationalError as error:
            if not _busy(error) or asyncio.get_running_loop().time() >= until:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _busy(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
