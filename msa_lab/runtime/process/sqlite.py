"""A service's database in a file of SQLite, used where the loop is: a commit takes less than a thread's turn.

The instances of a service share the file (WAL). Nothing here waits inside SQLite: who finds it locked by
another process sleeps and tries again, so that a paused or slow neighbour never stops this process's loop.

SQLAlchemy makes the schema and the text of statements; the driver itself runs them.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import StaticPool

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process.backend import PATIENCE, Connection, Taken
from msa_lab.sdk.failures import StoreUnavailable

T = TypeVar("T")

PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
FIRST_PAUSE, LONGEST_PAUSE = 0.0005, 0.02
"""How many seconds to sleep before the file is tried again; doubled each time."""

_TAKEN = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)")
_DIALECT = sqlite.dialect()


class Rows:
    """All that a statement gave, and how many rows it changed."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[tuple[Any, ...]], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def all(self) -> Sequence[tuple[Any, ...]]:
        """Give all rows."""
        return self._rows

    def first(self) -> tuple[Any, ...] | None:
        """Give the first row."""
        return self._rows[0] if self._rows else None

    def scalar(self) -> Any:  # noqa: ANN401 - a value of a column
        """Give the first value of the first row, None when there is none."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:  # noqa: ANN401 - a value of a column
        """Give the value of the only row."""
        ((value,),) = self._rows
        return value

    def scalars(self) -> list[Any]:
        """Give the first value of each row."""
        return [row[0] for row in self._rows]


class Driver:
    """Runs statements by the driver; their text is made once."""

    dialect = _DIALECT

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self._texts: dict[Any, tuple[str, tuple[str, ...], Mapping[str, Any]]] = {}

    def execute(self, statement: Any, parameters: Any = None) -> Rows:  # noqa: ANN401 - as the port has it
        """Execute a statement once, or once for each of a list of parameters."""
        many = isinstance(parameters, list)
        given = parameters[0] if many else parameters or {}
        made = self._texts.get(statement)
        if made is None:
            compiled = statement.compile(dialect=_DIALECT, column_keys=list(given))
            made = (str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params))
            self._texts[statement] = made
        text, names, fixed = made
        if many:
            cursor = self._raw.executemany(text, [_values(names, fixed, each) for each in parameters])
            return Rows((), cursor.rowcount)
        cursor = self._raw.execute(text, _values(names, fixed, given))
        return Rows(cursor.fetchall(), cursor.rowcount)  # all at once: nothing is left open


def _values(names: Sequence[str], fixed: Mapping[str, Any], given: Mapping[str, Any]) -> list[Any]:
    return [given[name] if name in given else fixed[name] for name in names]


class SqliteFile:
    """One connection to the file; it belongs to the thread that opened it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw: sqlite3.Connection | None = None
        self._driver: Driver | None = None

    async def open(self, make: Callable[[sql.Connection], None]) -> None:
        """Connect; see the port."""
        try:
            raw = sqlite3.connect(self._path, timeout=0, isolation_level=None, cached_statements=512)
            self._raw, self._driver = raw, Driver(raw)
            for pragma in PRAGMAS:
                await _patiently(partial(raw.execute, f"PRAGMA {pragma}"))
            await self._make(raw, make)
        except (sqlite3.DatabaseError, sql.exc.DatabaseError) as error:
            raise EnvironmentTrouble(
                f"database {self._path}: {getattr(error, 'orig', error)}\n"
                "  its folder must have room, and be one that can be written"
            ) from error

    async def _make(self, raw: sqlite3.Connection, make: Callable[[sql.Connection], None]) -> None:
        """Let SQLAlchemy find or make the schema over the driver's connection."""
        engine = sql.create_engine(
            "sqlite://", creator=lambda: raw, poolclass=StaticPool, isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:  # first: SQLAlchemy rolls back when it meets a connection
            await self._transact(raw, lambda: make(connection), lambda _: None)

    async def read(self, body: Callable[[Connection], T]) -> T:
        """Run a body; see the port."""
        _, driver = self._opened()
        try:
            return await _patiently(lambda: body(driver))
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(str(error)) from error

    async def write(self, body: Callable[[Connection], T], confirmed: Callable[[T], object]) -> T:
        """Run a body as a transaction; see the port."""
        raw, driver = self._opened()
        try:
            return await self._transact(raw, lambda: body(driver), confirmed)
        except sqlite3.IntegrityError as error:
            raise _taken(error) from error
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(str(error)) from error

    async def _transact(
        self, raw: sqlite3.Connection, work: Callable[[], T], confirmed: Callable[[T], object]
    ) -> T:
        await _patiently(lambda: raw.execute("BEGIN IMMEDIATE"))
        try:  # from here on nothing is awaited: no other work of this process can come between
            result = work()
            raw.execute("COMMIT")
        except BaseException:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            raise
        confirmed(result)
        return result

    async def close(self) -> None:
        """Close the connection."""
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.close()

    def _opened(self) -> tuple[sqlite3.Connection, Driver]:
        if self._raw is None or self._driver is None:
            raise StoreUnavailable
        return self._raw, self._driver


def _taken(error: sqlite3.IntegrityError) -> Exception:
    match = _TAKEN.search(str(error))
    if match is None:
        return error
    columns = [part.strip().split(".") for part in match["columns"].split(",")]
    return Taken(columns[0][0], tuple(column[-1] for column in columns))


async def _patiently(work: Callable[[], T]) -> T:
    """Do what another process's lock may hold up; try again until it is done or patience is over."""
    pause, until = FIRST_PAUSE, asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if not _busy(error) or asyncio.get_running_loop().time() >= until:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
