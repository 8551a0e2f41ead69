"""Tables in memory with the promises of a database: unique constraints, versions, atomic commits.

Pure bookkeeping without time: the public fake context and the simulated world both stand on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msa_lab.sdk.contract import Record, Table
from msa_lab.sdk.failures import Conflict, Duplicate


class Row(NamedTuple):
    """A committed record and its version; versions count from 1."""

    record: Any
    version: int


class Change:
    """What a commit did to one record; `before` is None for a new one, `after` for one removed.

    No dataclass, so that the log's encoder asks how to write it and secrets can be masked.
    """

    __slots__ = ("after", "before", "key", "table")

    def __init__(self, table: Table[Any], key: str, before: Any, after: Any) -> None:  # noqa: ANN401 - records
        self.table = table
        self.key = key
        self.before = before
        self.after = after


@dataclass(slots=True)
class TableRows:
    """The rows of one table with its lookups, all kept in the order of insertion.

    A None is in no lookup: an index on a field that is mostly None stays small.
    """

    table: Table[Any]
    rows: MutableMapping[str, Row] = field(default_factory=dict)
    lookups: dict[str, dict[Any, dict[str, None]]] = field(init=False)
    uniques: dict[tuple[str, ...], dict[Any, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.lookups = {name: {} for name in self.table.indexes}
        self.uniques = {fields: {} for fields in self.table.unique}

    def keys_where(self, name: str, value: object) -> Sequence[str]:
        """Give the keys of the rows whose indexed field has that value."""
        return tuple(self.lookups[name].get(value, ()))

    def holder(self, fields: tuple[str, ...], record: object) -> str | None:
        """Give the key of the row that holds the record's values of a unique constraint."""
        values = unique_values(fields, record)
        return None if values is None else self.uniques[fields].get(values)

    def write(self, key: str, before: object, after: object, version: int) -> None:
        """Replace, add (`before` None) or remove (`after` None) a row and keep the lookups right."""
        for name, lookup in self.lookups.items():
            old = None if before is None else getattr(before, name)
            new = None if after is None else getattr(after, name)
            if old is not None and old != new:
                entry = lookup[old]
                del entry[key]
                if not entry:
                    del lookup[old]
            if new is not None and old != new:
                lookup.setdefault(new, {})[key] = None
        for fields, taken in self.uniques.items():
            old_values = None if before is None else unique_values(fields, before)
            new_values = None if after is None else unique_values(fields, after)
            if old_values != new_values:
                # In one commit the new holder may have been written before the old one gave it up.
                if old_values is not None and taken.get(old_values) == key:
                    del taken[old_values]
                if new_values is not None:
                    taken[new_values] = key
        if after is None:
            del self.rows[key]
        else:
            self.rows[key] = Row(after, version)


def unique_values(fields: tuple[str, ...], record: object) -> Any:  # noqa: ANN401 - whatever the fields hold
    """Give a record's values of a unique constraint, None when one is missing: it then claims nothing."""
    values = tuple([getattr(record, name) for name in fields])
    return None if None in values else values


class MemoryDatabase:
    """The tables of one service (or several, where they share a database).

    `rows` makes the rows of a table, where they are not to be kept in memory whole.
    """

    def __init__(
        self,
        tables: Sequence[Table[Any]],
        *,
        versioned: bool = True,
        rows: Callable[[Table[Any]], TableRows] | None = None,
    ) -> None:
        make = rows or TableRows
        self._tables = {table.name: make(table) for table in tables}
        self._versioned = versioned

    def begin(self) -> MemoryTransaction:
        """Open a transaction."""
        return MemoryTransaction(self)

    def table(self, table: Table[Any]) -> TableRows:
        """Give the rows of a declared table.

        Raises:
            KeyError: when the spec does not list the table.
        """
        try:
            return self._tables[table.name]
        except KeyError:
            raise KeyError(f"table {table.name!r} is not listed in the service's spec") from None

    def commit(self, tx: MemoryTransaction) -> list[Change]:
        """Check and apply all writes of a transaction, or none.

        Raises:
            Conflict: when a record written had changed since it was read.
            Duplicate: when a key inserted or a unique constraint was taken.
        """
        changes = []
        for (name, key), after in tx.writes.items():
            rows = self._tables[name]
            row = rows.rows.get(key)
            self._check(tx, rows, key, row, after)
            if row is not None or after is not None:
                changes.append(Change(rows.table, key, None if row is None else row.record, after))
        _check_together(changes)
        for change in changes:
            rows = self._tables[change.table.name]
            version = 1 if change.before is None else rows.rows[change.key].version + 1
            rows.write(change.key, change.before, change.after, version)
        return changes

    def _check(
        self, tx: MemoryTransaction, rows: TableRows, key: str, row: Row | None, after: object
    ) -> None:
        name = rows.table.name
        if (name, key) in tx.inserts:
            if row is not None:
                raise Duplicate(f"{name} {key} exists", table=name, fields=(rows.table.key,))
        elif self._versioned and tx.seen.get((name, key), -1) not in (-1, 0 if row is None else row.version):
            raise Conflict(f"{name} {key} changed since it was read")
        if after is not None:
            for fields in rows.uniques:
                holder = rows.holder(fields, after)
                if holder not in (None, key) and (name, holder) not in tx.writes:
                    raise Duplicate(
                        f"{name}: {', '.join(fields)} taken by {holder}", table=name, fields=fields
                    )


def _check_together(changes: Sequence[Change]) -> None:
    """Refuse two records of one commit that claim the same unique values."""
    claimed: dict[tuple[str, tuple[str, ...], Any], str] = {}
    for change in changes:
        table, after = change.table, change.after
        for fields in table.unique if after is not None else ():
            values = unique_values(fields, after)
            if (
                values is not None
                and claimed.setdefault((table.name, fields, values), change.key) != change.key
            ):
                taken = f"{table.name}: {', '.join(fields)} twice in one commit"
                raise Duplicate(taken, table=table.name, fields=fields)


class MemoryTransaction:
    """Reads committed rows under its own writes; nothing shows outside before the commit."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self.seen: dict[tuple[str, str], int] = {}
        self.writes: dict[tuple[str, str], Any] = {}
        self.inserts: dict[tuple[str, str], None] = {}
        self.events: list[object] = []

    async def get(self, table: Table[Record], key: str) -> Record | None:
        """Give the record with that key and remember the version seen."""
        place = (table.name, key)
        if place in self.writes:
            written: Record | None = self.writes[place]
            return written
        row = self._database.table(table).rows.get(key)
        self.seen.setdefault(place, 0 if row is None else row.version)
        return None if row is None else row.record

    async def find(
        self,
        table: Table[Record],
        *,
        until: tuple[str, int] | None = None,
        limit: int | None = None,
        **equals: str | int,
    ) -> Sequence[Record]:
        """Give matching records ordered by key; see `Reader.find`."""
        rows = self._database.table(table)
        found: dict[str, Record] = {}
        for key in candidates(rows, equals):
            row = rows.rows[key]
            if matches(row.record, equals, until):
                self.seen.setdefault((table.name, key), row.version)
                found[key] = row.record
        for (name, key), record in self.writes.items():
            if name == table.name:
                found.pop(key, None)
                if record is not None and matches(record, equals, until):
                    found[key] = record
        return [found[key] for key in sorted(found)][:limit]

    def insert(self, table: Table[Record], record: Record) -> None:
        """Add a record."""
        key = getattr(record, table.key)
        self._database.table(table)
        if self.writes.get((table.name, key)) is not None:
            raise Duplicate(f"{table.name} {key} written twice", table=table.name, fields=(table.key,))
        self.writes[table.name, key] = record
        self.inserts[table.name, key] = None

    def put(self, table: Table[Record], record: Record) -> None:
        """Write a record."""
        self._database.table(table)
        self.writes[table.name, getattr(record, table.key)] = record

    def delete(self, table: Table[Record], key: str) -> None:
        """Remove a record."""
        self._database.table(table)
        self.writes[table.name, key] = None
        self.inserts.pop((table.name, key), None)

    def publish(self, event: object) -> None:
        """Publish with the commit."""
        self.events.append(event)


def candidates(rows: TableRows, equals: Mapping[str, str | int]) -> Sequence[str]:
    """Give the keys that an index says may match.

    Raises:
        LookupError: when none of the fields is indexed.
    """
    for name, value in equals.items():
        if name in rows.lookups:
            return rows.keys_where(name, value)
    raise LookupError(f"table {rows.table.name}: none of {', '.join(sorted(equals)) or 'nothing'} is indexed")


def matches(record: object, equals: Mapping[str, str | int], until: tuple[str, int] | None) -> bool:
    """Tell whether a record has the values, and the field of `until` is not above its bound."""
    if until is not None and getattr(record, until[0]) > until[1]:
        return False
    return all(getattr(record, name) == value for name, value in equals.items())
