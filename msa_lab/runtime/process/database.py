"""A service's database in SQLite: records in typed tables, what the hosts keep, commits checked as a whole.

One writer connection and one reader a process; the instances of a service share the file (WAL). A commit is
checked inside `BEGIN IMMEDIATE`, so what it saw cannot change before it is written.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.hosting import ANSWERS, INBOX, OWN
from msa_lab.runtime.process.records import Records
from msa_lab.runtime.process.schema import VERSION, Mapped, mapped
from msa_lab.sdk.contract import Record, Table
from msa_lab.sdk.failures import Conflict, Duplicate, StoreUnavailable
from msa_lab.sdk.memory import Change, MemoryTransaction, matches
from msa_lab.sdk.saga import SagaRecord
from msa_lab.sdk.spec import ServiceSpec

BUSY = 10.0
"""How many seconds a commit waits for another process's."""

_TAKEN = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)")
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.decode


Following = Callable[[Sequence[Change]], tuple[str, Sequence[Any], Sequence[bytes]]]
"""Is told a commit's changes; gives what to keep with them: the instance, its log events, its messages."""


class Database:
    """The database of one service as one process sees it."""

    def __init__(self, spec: ServiceSpec, path: Path, *, versioned: bool) -> None:
        self.records = Records(spec, OWN)
        self._path = path
        self._versioned = versioned
        self._metadata = sql.MetaData()
        self._tables: dict[str, Mapped] = {
            table.name: mapped(table, self._metadata) for table in (*spec.tables, *OWN)
        }
        self.outbox = sql.Table(
            "_outbox", self._metadata,
            sql.Column("id", sql.Integer, primary_key=True, autoincrement=True),
            sql.Column("message", sql.LargeBinary, nullable=False),
            sqlite_autoincrement=True,  # else a number that was removed would come again
        )  # fmt: skip
        self._journal = sql.Table(
            "_journal", self._metadata,
            sql.Column("id", sql.Integer, primary_key=True, autoincrement=True),
            sql.Column("instance", sql.String, nullable=False, index=True),
            sql.Column("events", sql.LargeBinary, nullable=False),
            sqlite_autoincrement=True,
        )  # fmt: skip
        self._engine: AsyncEngine | None = None
        self._writer: AsyncConnection | None = None
        self._reader: AsyncConnection | None = None
        self._writing = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._sent: list[int] = []
        self._known: frozenset[int] = frozenset()

    def table(self, table: Table[Any]) -> Mapped:
        """Give the mapped form of a declared table.

        Raises:
            KeyError: when the spec does not list the table.
        """
        try:
            return self._tables[table.name]
        except KeyError:
            raise KeyError(f"table {table.name!r} is not listed in the service's spec") from None

    async def open(self) -> None:
        """Connect, and make the schema where there is none.

        Raises:
            EnvironmentTrouble: when the file cannot be opened or holds another schema.
        """
        try:
            engine = create_async_engine(
                f"sqlite+aiosqlite:///{self._path}",
                isolation_level="AUTOCOMMIT",
                connect_args={"timeout": BUSY},
            )
            self._engine = engine
            self._writer = await engine.connect()
            self._reader = await engine.connect()
            await self._writer.exec_driver_sql("PRAGMA journal_mode=WAL")
            for connection in (self._writer, self._reader):
                await connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
            await self._make()
        except OperationalError as error:
            raise EnvironmentTrouble(f"database {self._path}: {error.orig}") from error

    async def _make(self) -> None:
        writer = self._opened(self._writer)
        fingerprint = _fingerprint(self._metadata)
        await writer.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            found = (await writer.exec_driver_sql("PRAGMA user_version")).scalar_one()
            if found == 0:
                await writer.run_sync(self._metadata.create_all)
                await writer.exec_driver_sql(f"PRAGMA user_version={fingerprint}")
        finally:
            await writer.exec_driver_sql("COMMIT")
        if found not in (0, fingerprint):
            raise EnvironmentTrouble(
                f"database {self._path} has another schema than this version\n  remove it"
            )

    async def close(self) -> None:
        """Close the connections."""
        for connection in (self._reader, self._writer):
            if connection is not None:
                await connection.close()
        if self._engine is not None:
            await self._engine.dispose()

    def _opened(self, connection: AsyncConnection | None) -> AsyncConnection:
        if connection is None:
            raise StoreUnavailable
        return connection

    # -- reading ------------------------------------------------------------------------------------------

    async def _rows(self, query: sql.Select[Any]) -> Sequence[Mapping[str, Any]]:
        async with self._reading:
            try:
                result = await self._opened(self._reader).execute(query)
                return [dict(row) for row in result.mappings()]
            except OperationalError as error:
                raise StoreUnavailable(str(error.orig)) from error

    async def get(self, table: Table[Any], key: str) -> tuple[Any, int]:
        """Give a record and its version, (None, 0) when there is none."""
        where = self.table(table)
        rows = await self._rows(sql.select(where.table).where(where.key == key))
        return (self._record(where, rows[0]), rows[0][VERSION]) if rows else (None, 0)

    async def find(
        self, table: Table[Any], equals: Mapping[str, str | int], until: tuple[str, int] | None
    ) -> list[tuple[str, Any, int]]:
        """Give key, record and version of what matches, ordered by key.

        Raises:
            LookupError: when none of the fields is indexed.
        """
        where = self.table(table)
        if not any(name in table.indexes for name in equals):
            names = ", ".join(sorted(equals)) or "nothing"
            raise LookupError(f"table {table.name}: none of {names} is indexed")
        columns = where.table.c
        query = sql.select(where.table).order_by(where.key)
        for name, value in equals.items():
            query = query.where(columns[name] == value)
        if until is not None:
            query = query.where(columns[until[0]] <= until[1])
        rows = await self._rows(query)
        return [(row[table.key], self._record(where, row), row[VERSION]) for row in rows]

    def _record(self, where: Mapped, row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a record
        fields = where.read(row)
        if where.declared is ANSWERS:
            fields["reply"] = self.records.reply(fields["id"], fields["reply"])
        return self.records.read(where.declared.name, fields)

    async def has_applied(self, place: str) -> bool:
        """Tell whether the inbox knows a delivery."""
        return (await self.get(INBOX, place))[1] > 0

    async def answered(self, key: str) -> tuple[bool, Any]:
        """Tell whether a keyed operation was answered, and how."""
        record, version = await self.get(ANSWERS, key)
        return version > 0, None if record is None else record.reply

    async def open_sagas(self, table: Table[SagaRecord]) -> list[SagaRecord]:
        """Give the sagas that have not ended, ordered by key."""
        found = [
            *await self.find(table, {"state": "RUNNING"}, None),
            *await self.find(table, {"state": "COMPENSATING"}, None),
        ]
        return [record for _, record, _ in sorted(found, key=lambda entry: entry[0])]

    # -- writing ------------------------------------------------------------------------------------------

    def begin(self) -> SqlTransaction:
        """Open a transaction; it holds no lock before its commit."""
        return SqlTransaction(self)

    async def commit(self, tx: SqlTransaction, follow: Following) -> list[list[Any]]:
        """Check and write all of a transaction, or nothing.

        `follow` is told the changes once they are sure to fit, and gives what to keep with them. Gives the
        log events of commits before this one that other processes may not have told of yet: they come first.

        Raises:
            Conflict: when a record written had changed since it was read.
            Duplicate: when a key inserted or a unique value was taken.
            StoreUnavailable: when the database refused.
        """
        async with self._writing:
            writer = self._opened(self._writer)
            try:
                await writer.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                raise StoreUnavailable(str(error.orig)) from error
            try:
                changes = await self._write(writer, tx)
                others = (await writer.execute(self._others())).mappings().all()
                instance, events, messages = follow(changes)
                sent = list(self._sent)
                kept = await self._keep(writer, instance, events, messages, sent)
                await writer.exec_driver_sql("COMMIT")
                self._sent = [*self._sent[len(sent) :], *kept]
                return self._fresh(others)
            except IntegrityError as error:
                await writer.exec_driver_sql("ROLLBACK")
                raise _taken(error) from None
            except OperationalError as error:
                await writer.exec_driver_sql("ROLLBACK")
                raise StoreUnavailable(str(error.orig)) from error
            except BaseException:
                await writer.exec_driver_sql("ROLLBACK")
                raise

    async def _write(self, writer: AsyncConnection, tx: SqlTransaction) -> list[Change]:
        changes: list[Change] = []
        rows: list[tuple[Mapped, object, int]] = []
        for (name, key), after in tx.writes.items():
            where = self._tables[name]
            found = (await writer.execute(sql.select(where.table).where(where.key == key))).mappings().first()
            version = 0 if found is None else int(found[VERSION])
            if (name, key) in tx.inserts:
                if found is not None:
                    raise Duplicate(f"{name} {key} exists", table=name, fields=(where.declared.key,))
            elif self._versioned and tx.seen.get((name, key), version) != version:
                raise Conflict(f"{name} {key} changed since it was read")
            before = None if found is None else self._record(where, dict(found))
            if found is not None:
                await writer.execute(sql.delete(where.table).where(where.key == key))
            if after is not None:
                rows.append((where, after, version + 1))
            if found is not None or after is not None:
                changes.append(Change(where.declared, key, before, after))
        for (
            where,
            after,
            version,
        ) in rows:  # when all old rows are gone, so that unique values may change hands
            await writer.execute(sql.insert(where.table), where.row(after, version))
        return changes

    async def _keep(
        self,
        writer: AsyncConnection,
        instance: str,
        events: Sequence[Any],
        messages: Sequence[bytes],
        sent: Sequence[int],
    ) -> list[int]:
        """Write messages and log events, forget the events that were sent; give the number of the new row."""
        for message in messages:
            await writer.execute(sql.insert(self.outbox), {"message": message})
        if sent:
            await writer.execute(sql.delete(self._journal).where(self._journal.c.id.in_(sent)))
        if not events:
            return []
        row = {"instance": instance, "events": _encode(events)}
        kept = await writer.execute(sql.insert(self._journal), row)
        return [] if kept.inserted_primary_key is None else [int(kept.inserted_primary_key[0])]

    async def unsent(self, instance: str) -> list[list[Any]]:
        """Give the log events of commits that an earlier incarnation may not have sent, and forget them.

        Those of others come with them, in the order of the commits.
        """
        rows = await self._rows(sql.select(self._journal).order_by(self._journal.c.id))
        async with self._writing:
            self._sent.extend(row["id"] for row in rows if row["instance"] == instance)
        self._known = frozenset(row["id"] for row in rows)
        return [event for row in rows for event in _decode(row["events"])]

    async def untold(self) -> list[list[Any]]:
        """Give the log events of other processes' last commits, which those may not have sent.

        They are given once.
        """
        return self._fresh(await self._rows(self._others()))

    def _others(self) -> sql.Select[Any]:
        return (
            sql.select(self._journal)
            .where(self._journal.c.id.not_in(self._sent))
            .order_by(self._journal.c.id)
        )

    def _fresh(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """Give the events of the rows that were not there at the last look."""
        known, self._known = self._known, frozenset(row["id"] for row in rows)
        return [event for row in rows if row["id"] not in known for event in _decode(row["events"])]

    # -- the outbox ---------------------------------------------------------------------------------------

    async def waiting(self, limit: int) -> list[tuple[int, bytes]]:
        """Give the oldest messages of the outbox."""
        rows = await self._rows(sql.select(self.outbox).order_by(self.outbox.c.id).limit(limit))
        return [(int(row["id"]), bytes(row["message"])) for row in rows]

    async def depth(self) -> int:
        """Tell how many messages the outbox holds."""
        rows = await self._rows(sql.select(sql.func.count().label("depth")).select_from(self.outbox))
        return int(rows[0]["depth"])

    async def remove(self, ids: Sequence[int]) -> None:
        """Remove messages that the broker has confirmed."""
        async with self._writing:
            await self._opened(self._writer).execute(sql.delete(self.outbox).where(self.outbox.c.id.in_(ids)))


class SqlTransaction(MemoryTransaction):
    """Reads committed rows under its own writes; nothing is locked before the commit."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)  # type: ignore[arg-type] # only `table` is asked, to refuse unknown ones
        self._store = database

    async def get(self, table: Table[Record], key: str) -> Record | None:
        """Give the record with that key and remember the version seen."""
        place = (table.name, key)
        if place in self.writes:
            written: Record | None = self.writes[place]
            return written
        record, version = await self._store.get(table, key)
        self.seen.setdefault(place, version)
        read: Record | None = record
        return read

    async def find(
        self,
        table: Table[Record],
        *,
        until: tuple[str, int] | None = None,
        limit: int | None = None,
        **equals: str | int,
    ) -> Sequence[Record]:
        """Give matching records ordered by key."""
        found: dict[str, Record] = {}
        for key, record, version in await self._store.find(table, equals, until):
            self.seen.setdefault((table.name, key), version)
            found[key] = record
        for (name, key), written in self.writes.items():
            if name == table.name:
                found.pop(key, None)
                if written is not None and matches(written, equals, until):
                    found[key] = written
        return [found[key] for key in sorted(found)][:limit]


def _taken(error: IntegrityError) -> Duplicate:
    match = _TAKEN.search(str(error.orig))
    columns = [] if match is None else [part.strip().split(".") for part in match["columns"].split(",")]
    table = columns[0][0] if columns else ""
    fields = tuple(column[-1] for column in columns)
    return Duplicate(f"{table}: {', '.join(fields)} taken", table=table, fields=fields)


def _fingerprint(metadata: sql.MetaData) -> int:
    """Number a schema by its tables and columns; never 0."""
    text = "\n".join(
        f"{table.name}.{column.name}:{column.type}:{column.nullable}"
        for table in metadata.sorted_tables
        for column in table.columns
    )
    number = 0
    for byte in text.encode():
        number = (number * 31 + byte) % 2_147_483_647
    return number or 1
