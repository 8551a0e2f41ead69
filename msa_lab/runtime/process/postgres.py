"""A service's database in a schema of its own on a PostgreSQL server.

Bodies of work run by `run_sync`: what waits for the server suspends, and the loop goes on. Commits of one
service take turns as in a file, by an advisory lock; so unique values may change hands, and the outbox keeps
their order.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg
import sqlalchemy as sql
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process.backend import PATIENCE, Connection, Taken
from msa_lab.sdk.failures import CommitUnknown, StoreUnavailable
from msa_lab.topology.servers import shown

T = TypeVar("T")

OLDEST_POSTGRES = 13
"""The oldest version that its makers still looked after when this was written."""

CONNECT_WITHIN = 5.0


class Lane:
    """One connection, for one body of work at a time; a broken one is made anew when it is next needed."""

    def __init__(self, engine: AsyncEngine, **options: str) -> None:
        self._engine = engine
        self._options = options
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    async def run(self, work: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        """Do something with the connection; whatever is not a broken constraint costs it."""
        async with self._turn:
            if self._connection is None:
                connection = await self._engine.connect()
                self._connection = await connection.execution_options(**self._options)
            try:
                return await work(self._connection)
            except BaseException as error:
                if isinstance(error, DBAPIError | OSError) and not isinstance(error, IntegrityError):
                    await self.close()
                raise

    async def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()


class PostgresSchema:
    """One schema on a server, by one connection that writes and one that reads."""

    def __init__(self, url: str, schema: str) -> None:
        self._url = url
        self._schema = schema
        self._engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=self._connect, poolclass=NullPool
        )
        self._writer = Lane(self._engine)
        self._reader = Lane(self._engine, isolation_level="AUTOCOMMIT")
        self._lock = sql.text("SELECT pg_advisory_xact_lock(:place)").bindparams(place=_place(schema))
        self._under_way: set[asyncio.Task[Any]] = set()

    async def _connect(self) -> Any:  # noqa: ANN401 - asyncpg has no types
        return await connected(self._url, search_path=f'"{self._schema}"', lock_timeout=f"{PATIENCE:g}s")

    async def open(self, make: Callable[[sql.Connection], None]) -> None:
        """Connect; see the port."""

        def make_all(connection: sql.Connection) -> None:
            connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
            make(connection)

        try:
            await self._transact(make_all, lambda _: None)
        except (DBAPIError, asyncpg.PostgresError, OSError) as error:
            what = str(getattr(error, "orig", error)).rpartition(">: ")[2] or type(error).__name__
            raise EnvironmentTrouble(f"the database at {shown(self._url)}: {what}") from None

    async def read(self, body: Callable[[Connection], T]) -> T:
        """Run a body; see the port."""

        async def reading(connection: AsyncConnection) -> T:
            return await connection.run_sync(body)

        return await self._shielded(self._refusing(self._reader.run(reading)))

    async def write(self, body: Callable[[Connection], T], confirmed: Callable[[T], object]) -> T:
        """Run a body as a transaction; see the port."""
        try:
            return await self._shielded(self._refusing(self._transact(body, confirmed)))
        except IntegrityError as error:
            raise _taken(error) from error

    async def _transact(self, body: Callable[[Any], T], confirmed: Callable[[T], object]) -> T:
        def whole(connection: sql.Connection) -> T:
            connection.execute(self._lock)
            return body(connection)

        async def transaction(connection: AsyncConnection) -> T:
            try:
                result = await connection.run_sync(whole)
            except BaseException as error:
                if not isinstance(error, DBAPIError | OSError) or isinstance(error, IntegrityError):
                    await connection.rollback()
                raise
            try:
                await connection.commit()
            except (DBAPIError, OSError) as error:
                await self._writer.close()
                raise CommitUnknown(type(error).__name__) from error
            confirmed(result)
            return result

        return await self._writer.run(transaction)

    async def _refusing(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await work
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise StoreUnavailable(type(error.orig).__name__) from error
        except (asyncpg.PostgresError, OSError) as error:  # while connecting anew
            raise StoreUnavailable(type(error).__name__) from error

    async def _shielded(self, work: Coroutine[Any, Any, T]) -> T:
        """Let work come to its end when nobody waits for it any more, too: its connection serves others."""
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # who still waits is told; else nobody asks for it

    async def close(self) -> None:
        """Close the connections, when what is under way has ended."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._writer.close()
        await self._reader.close()
        await self._engine.dispose()


def _taken(error: IntegrityError) -> Exception:
    """Read table and columns out of the server's answer; its detail is `Key (a, b)=(1, 2) already exists`."""
    told: Any = error.orig.__cause__ if error.orig is not None else None
    columns = (getattr(told, "detail", "") or "").partition("(")[2].partition(")")[0]
    if not columns:
        return error
    return Taken(told.table_name, tuple(column.strip(' "') for column in columns.split(",")))


def _place(schema: str) -> int:
    """Give the number of a schema's lock."""
    return zlib.crc32(schema.encode())


async def connected(url: str, **settings: str) -> Any:  # noqa: ANN401 - asyncpg has no types
    """Connect to a server.

    Raises:
        PostgresError, OSError, TimeoutError: as asyncpg does.
    """
    wanted = {"application_name": "msalab", "jit": "off", **settings}
    return await asyncpg.connect(url, timeout=CONNECT_WITHIN, server_settings=wanted)


_REFUSALS: tuple[tuple[type[Exception], str], ...] = (
    (asyncpg.InvalidPasswordError, "it refuses the user or the password"),
    (asyncpg.InvalidAuthorizationSpecificationError, "it refuses the user or the password"),
    (asyncpg.InvalidCatalogNameError, "it has no database of that name"),
    (asyncpg.InterfaceError, "the options of its URL are not understood"),
    (ValueError, "the options of its URL are not understood"),
)


async def why_not(url: str) -> str:
    """Say why a server cannot hold the databases, without a word of its URL; '' when it can."""
    try:
        connection = await connected(url)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        known = [what for kind, what in _REFUSALS if isinstance(error, kind)]
        return known[0] if known else f"no PostgreSQL lets us in ({type(error).__name__})"
    try:
        version = connection.get_server_version()
        if version.major < OLDEST_POSTGRES:
            return f"it is version {version.major}, {OLDEST_POSTGRES} is the oldest that will do"
        row = await connection.fetchrow(
            "SELECT has_database_privilege(current_database(), 'CREATE') AS may, "
            "current_setting('server_encoding') AS encoding"
        )
    finally:
        await connection.close(timeout=CONNECT_WITHIN)
    if row["encoding"] != "UTF8":
        return "its text is not in UTF8"
    return "" if row["may"] else "the user may not create schemas in it (GRANT CREATE ON DATABASE)"


async def existing(url: str, schemas: Sequence[str]) -> list[str]:
    """Give those of some schemas that there are."""
    connection = await connected(url)
    try:
        query = "SELECT nspname FROM pg_namespace WHERE nspname = ANY($1::text[])"
        rows = await connection.fetch(query, list(schemas))
    finally:
        await connection.close(timeout=CONNECT_WITHIN)
    return [row["nspname"] for row in rows]


async def drop(url: str, schemas: list[str]) -> None:
    """Remove schemas with all that is in them; a server that is away keeps them."""
    try:
        connection = await connected(url, client_min_messages="warning")
        try:
            for schema in schemas:
                await connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        finally:
            await connection.close(timeout=CONNECT_WITHIN)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return  # the run is over; there is nobody left to ask again
