"""A service's database: records in typed tables, what the hosts keep, commits checked as a whole.

All of a transaction is decided in one body of work that no other overlaps, so what it saw cannot change
before it is written. Reads between hold nothing; what they saw is checked by the records' versions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sql

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.hosting import ANSWERS, INBOX, OWN
from msa_lab.runtime.process.backend import Backend, Connection, Taken
from msa_lab.runtime.process.journal import Told
from msa_lab.runtime.process.layout import layout_of
from msa_lab.runtime.process.records import Records
from msa_lab.runtime.process.schema import KEY, SEEN, Mapped
from msa_lab.sdk.contract import Record, Table
from msa_lab.sdk.failures import Conflict, Duplicate
from msa_lab.sdk.memory import Change, MemoryTransaction, matches
from msa_lab.sdk.saga import SagaRecord
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.sdk.values import Instant

T = TypeVar("T")
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.decode

FORGOTTEN_AT_ONCE = 500
"""How many marks one transaction deletes at most: some 2 ms in which nothing else of the process goes on."""


Following = Callable[[Sequence[Change]], tuple[str, Sequence[Told], Sequence[bytes]]]
"""Is told a commit's changes; gives what to keep with them: the instance, its log events, its messages."""

_Noted = tuple[int, bytes]
"""A row of the journal: the number of a commit, its log events."""


def _nothing(_result: object) -> None:
    """Follow up nothing."""


def _deleted(statement: sql.Delete, until: Instant, connection: Connection) -> int:
    """Delete some rows of before an instant; give how many."""
    return int(connection.execute(statement, {"until": until, "most": FORGOTTEN_AT_ONCE}).rowcount)


class Database:
    """The database of one service as one process sees it; a `shared` one holds others' tables, too."""

    def __init__(self, spec: ServiceSpec, backend: Backend, *, versioned: bool, shared: bool = False) -> None:
        self.records = Records(spec, OWN)
        self._service = spec.name
        self._backend = backend
        self._versioned = versioned
        self.layout = layout_of(spec, shared=shared)
        self._known = 0

    def table(self, table: Table[Any]) -> Mapped:
        """Give the mapped form of a declared table.

        Raises:
            KeyError: when the spec does not list the table.
        """
        try:
            return self.layout.tables[table.name]
        except KeyError:
            raise KeyError(f"table {table.name!r} is not listed in the service's spec") from None

    async def open(self) -> None:
        """Connect, and make the schema where there is none.

        Raises:
            EnvironmentTrouble: when the database cannot be reached or holds another schema.
        """
        await self._backend.open(self._make)

    def _make(self, connection: sql.Connection) -> None:
        layout = self.layout
        if not sql.inspect(connection).has_table(layout.made.name):
            layout.metadata.create_all(connection, checkfirst=False)
            connection.execute(sql.insert(layout.made), {"fingerprint": layout.fingerprint})
        elif connection.execute(sql.select(layout.made.c.fingerprint)).scalar() != layout.fingerprint:
            raise EnvironmentTrouble(
                f"the database of {self._service} was made by another version of its records\n"
                "  empty it: msalab reset"
            )

    async def close(self) -> None:
        """Close the connections."""
        await self._backend.close()

    async def read(self, body: Callable[[Connection], T]) -> T:
        """Run a body that reads beside the records; see the backend."""
        return await self._backend.read(body)

    async def write(self, body: Callable[[Connection], T]) -> T:
        """Run a body that writes beside the records, as a transaction of its own; see the backend."""
        return await self._backend.write(body, _nothing)

    # -- reading ------------------------------------------------------------------------------------------

    async def get(self, table: Table[Any], key: str) -> tuple[Any, int]:
        """Give a record and its version, (None, 0) when there is none."""
        where = self.table(table)
        return await self._backend.read(lambda connection: self._row(connection, where, key))

    def _row(self, connection: Connection, where: Mapped, key: str) -> tuple[Any, int]:
        row = connection.execute(where.select, {KEY: key}).first()
        return (None, 0) if row is None else (self._record(where, row), int(row[-1]))

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
        query = where.find(tuple(equals), until[0] if until else "")
        values = {**equals, "_until": until[1]} if until else dict(equals)
        rows = await self._backend.read(lambda connection: connection.execute(query, values).all())
        records = [self._record(where, row) for row in rows]
        return [
            (getattr(record, table.key), record, int(row[-1]))
            for record, row in zip(records, rows, strict=True)
        ]

    def _record(self, where: Mapped, row: Sequence[Any]) -> Any:  # noqa: ANN401 - a record
        fields = where.read(row)
        if where.declared is ANSWERS:
            fields["reply"] = self.records.reply(fields["id"], fields["reply"])
        return self.records.read(where.declared.name, fields)

    async def has_applied(self, place: str) -> bool:
        """Tell whether the inbox knows a delivery."""
        query = self.table(INBOX).exists
        return (
            await self._backend.read(lambda connection: connection.execute(query, {KEY: place}).first())
            is not None
        )

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

    async def commit(
        self, tx: SqlTransaction, follow: Following, confirmed: Callable[[list[Told]], object]
    ) -> None:
        """Check and write all of a transaction, or nothing.

        `follow` is told the changes and gives what to keep with them; nothing of it counts unless the commit
        holds. `confirmed` is called when it does, before anything else of this process, with the log
        events of commits before this one that other processes may not have told of yet: they come first.

        Raises:
            Conflict: when a record written had changed since it was read.
            Duplicate: when a key inserted or a unique value was taken.
            StoreUnavailable: when the database refused.
            CommitUnknown: when the answer to the commit was lost.
        """

        def body(connection: Connection) -> tuple[list[_Noted], int]:
            changes = self._write(connection, tx)
            others = self._read_journal(connection)
            instance, events, messages = follow(changes)
            if messages:
                connection.execute(self.layout.offer, [{"message": message} for message in messages])
            return others, self._keep(connection, instance, _encode(events)) if events else 0

        def holds(kept: tuple[list[_Noted], int]) -> None:
            earlier = self._fresh(kept[0])
            self._known = max(self._known, kept[1])
            confirmed(earlier)

        try:
            await self._backend.write(body, holds)
        except Taken as taken:
            table = self.layout.declared.get(taken.table, taken.table)
            raise Duplicate(str(taken), table=table, fields=taken.columns) from None

    def _write(self, connection: Connection, tx: SqlTransaction) -> list[Change]:
        changes: list[Change] = []
        rows: list[tuple[Mapped, dict[str, Any]]] = []
        for place, after in tx.writes.items():
            where, key = self.layout.tables[place[0]], place[1]
            before, version = self._before(connection, tx, place)
            if before is None and after is None:
                continue
            changes.append(Change(where.declared, key, before, after))
            seen = {KEY: key, SEEN: version}
            if after is None:
                done = connection.execute(where.delete, seen)
            elif before is None:
                rows.append((where, where.row(after, 1)))
                continue
            elif where.keeps_uniques(before, after):
                done = connection.execute(where.update, {**seen, **where.row(after, version + 1)})
            else:
                done = connection.execute(where.delete, seen)
                rows.append((where, where.row(after, version + 1)))
            if done.rowcount != 1:
                raise Conflict(f"{place[0]} {key} changed since it was read")
        # When all old rows are gone, so that unique values may change hands.
        for where, row in rows:
            connection.execute(where.insert, row)
        return changes

    def _before(self, connection: Connection, tx: SqlTransaction, place: tuple[str, str]) -> tuple[Any, int]:
        """Give a record as it is before the commit, and its version.

        What the transaction inserts or has read is not read again: the statement that writes it finds out
        whether it is still so.
        """
        if place in tx.inserts:
            return None, 0
        if self._versioned and tx.seen.get(place):
            return tx.known[place], tx.seen[place]
        before, version = self._row(connection, self.layout.tables[place[0]], place[1])
        if self._versioned and tx.seen.get(place, version) != version:
            raise Conflict(f"{place[0]} {place[1]} changed since it was read")
        return before, version

    def _keep(self, connection: Connection, instance: str, events: bytes) -> int:
        """Keep log events in place of those of the instance's commit before; give this commit's number."""
        number = connection.execute(self.layout.renote, {KEY: instance, "events": events}).scalar()
        if number is None:
            number = connection.execute(
                self.layout.note, {"instance": instance, "events": events}
            ).scalar_one()
        return int(number)

    async def unsent(self) -> list[Told]:
        """Give the log events of the last commits, which the processes that made them may not have sent.

        It is asked as a transaction: a commit under way when its process died has ended before.
        """
        return self._fresh(await self._backend.write(self._read_journal, _nothing))

    async def untold(self) -> list[Told]:
        """Give the log events of other processes' last commits, which those may not have sent, once."""
        return self._fresh(await self._backend.read(self._read_journal))

    def _read_journal(self, connection: Connection) -> list[_Noted]:
        rows = connection.execute(self.layout.noted, {"known": self._known}).all()
        return [(int(number), bytes(events)) for number, events in rows]

    def _fresh(self, rows: list[_Noted]) -> list[Told]:
        """Give the log events in rows of the journal, in the order of the commits; remember how far."""
        if rows:
            self._known = max(self._known, rows[-1][0])
        return [event for _, events in rows for event in _decode(events)]

    async def forget(self, until: Instant) -> int:
        """Delete the marks of what was done before an instant, in pieces; give how many there were."""
        gone = 0
        for statement in self.layout.outlived:
            some = FORGOTTEN_AT_ONCE
            while some == FORGOTTEN_AT_ONCE:
                some = await self._backend.write(partial(_deleted, statement, until), _nothing)
                gone += some
                await asyncio.sleep(0)  # requests come between the pieces
        return gone

    # -- the outbox ---------------------------------------------------------------------------------------

    async def waiting(self, limit: int) -> list[tuple[int, bytes]]:
        """Give the oldest messages of the outbox."""
        rows = await self._backend.read(
            lambda connection: connection.execute(self.layout.waiting, {"most": limit}).all()
        )
        return [(int(number), bytes(message)) for number, message in rows]

    async def depth(self) -> int:
        """Tell how many messages the outbox holds."""
        count = self.layout.depth
        return int(await self._backend.read(lambda connection: connection.execute(count).scalar_one()))

    async def remove(self, ids: Sequence[int]) -> None:
        """Remove messages that the broker has confirmed."""
        rows = [{KEY: number} for number in ids]
        await self._backend.write(lambda connection: connection.execute(self.layout.remove, rows), _nothing)


class SqlTransaction(MemoryTransaction):
    """Reads committed rows under its own writes; nothing is locked before the commit.

    `known` has the records read, as they were at the version in `seen`.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)  # type: ignore[arg-type] # only `table` is asked, to refuse unknown ones
        self._store = database
        self.known: dict[tuple[str, str], Any] = {}

    async def get(self, table: Table[Record], key: str) -> Record | None:
        """Give the record with that key and remember the version seen."""
        place = (table.name, key)
        if place in self.writes:
            written: Record | None = self.writes[place]
            return written
        record, version = await self._store.get(table, key)
        self._see(place, record, version)
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
            self._see((table.name, key), record, version)
            found[key] = record
        for (name, key), written in self.writes.items():
            if name == table.name:
                found.pop(key, None)
                if written is not None and matches(written, equals, until):
                    found[key] = written
        return [found[key] for key in sorted(found)][:limit]

    def _see(self, place: tuple[str, str], record: object, version: int) -> None:
        if place not in self.seen:
            self.seen[place] = version
            self.known[place] = record
