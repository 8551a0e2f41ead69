"""Keeps what was written long ago on disk, so that a long run's memory does not grow with its length.

A `Spill` is a private temporary SQLite database that vanishes with the process. Tables and mappings built on
it keep their most recently written entries in memory and behave the same, only slower for old entries.
"""

from __future__ import annotations

import itertools
import marshal
import pickle
import sqlite3
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

from msa_lab.sdk.contract import Table
from msa_lab.sdk.memory import Row, TableRows, unique_values

HOT = 2_000
"""How many entries of one table or mapping stay in memory; when there are more, a quarter of them leaves."""

_CACHE_KIB = 4096


class Spill:
    """The temporary database behind the tables and mappings of one run."""

    def __init__(self, hot: int = HOT) -> None:
        self.hot = hot
        # An empty name: SQLite makes a file of its own when memory does not suffice, and deletes it.
        self.database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in (
            "journal_mode=OFF",
            "synchronous=OFF",
            "locking_mode=EXCLUSIVE",
            f"cache_size=-{_CACHE_KIB}",
        ):
            self.database.execute(f"PRAGMA {pragma}")
        self._names = itertools.count(1)

    def close(self) -> None:
        """Let go of the file; nothing built on it can be used any more."""
        self.database.close()

    def rows(self, table: Table[Any]) -> SpillingRows:
        """Make the rows of one table."""
        return SpillingRows(table, self)

    def mapping(self, _purpose: str = "") -> SpillingMapping:
        """Make a mapping from text to lists of plain values."""
        return SpillingMapping(self)

    def create(self, columns: Sequence[str]) -> str:
        """Make a table of keys, the columns given (each with an index) and payloads; give its name."""
        name = f"t{next(self._names)}"
        listed = "".join(f", {column}" for column in columns)
        self.database.execute(
            f"CREATE TABLE {name} (key TEXT PRIMARY KEY{listed}, payload BLOB) WITHOUT ROWID"
        )
        for column in columns:
            # Partial: most old entries have nothing in a column that finds open ones.
            self.database.execute(
                f"CREATE INDEX {name}_{column} ON {name} ({column}) WHERE {column} IS NOT NULL"
            )
        return name


class _HotRows(dict[str, Row]):
    """The rows in memory, with the cold ones behind them."""

    def __init__(self, owner: SpillingRows) -> None:
        super().__init__()
        self._owner = owner

    def __missing__(self, key: str) -> Row:
        row = self._owner.fetch(key)
        if row is None:
            raise KeyError(key)
        return row

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - the signature of dict
        row = super().get(key)
        if row is None and self._owner.cold:
            row = self._owner.fetch(key)
        return default if row is None else row

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (bool(self._owner.cold) and self.get(str(key)) is not None)


class SpillingRows(TableRows):
    """The rows of one table of a service, old ones on disk with their lookups."""

    def __init__(self, table: Table[Any], spill: Spill) -> None:
        self.cold = 0
        super().__init__(table, _HotRows(self))
        self._hot = spill.hot
        self._database = spill.database
        self._lookups = [f"f_{name}" for name in table.indexes]
        self._uniques = [f"u_{number}" for number in range(len(table.unique))]
        columns = [*self._lookups, *self._uniques]
        self._name = spill.create(columns)
        marks = ", ".join("?" * (len(columns) + 2))
        self._insert = f"INSERT INTO {self._name} VALUES ({marks})"
        self._select = f"SELECT payload FROM {self._name} WHERE key = ?"
        self._delete = f"DELETE FROM {self._name} WHERE key = ?"

    def fetch(self, key: str) -> Row | None:
        """Give a cold row."""
        if not self.cold:
            return None
        found = self._database.execute(self._select, (key,)).fetchone()
        return None if found is None else Row(*pickle.loads(found[0]))  # noqa: S301 - our own bytes

    def keys_where(self, name: str, value: object) -> Sequence[str]:
        """Give the keys of the rows whose indexed field has that value."""
        hot = super().keys_where(name, value)
        if not self.cold:
            return hot
        found = self._database.execute(
            f"SELECT key FROM {self._name} WHERE f_{name} = ?",
            (value,),
        )
        return (*hot, *(key for (key,) in found))

    def holder(self, fields: tuple[str, ...], record: object) -> str | None:
        """Give the key of the row that holds the record's values of a unique constraint."""
        held = super().holder(fields, record)
        values = _unique(fields, record)
        if held is not None or not self.cold or values is None:
            return held
        column = self._uniques[self.table.unique.index(fields)]
        found = self._database.execute(
            f"SELECT key FROM {self._name} WHERE {column} = ?",
            (values,),
        ).fetchone()
        return None if found is None else found[0]

    def write(self, key: str, before: object, after: object, version: int) -> None:
        """Replace, add or remove a row; the oldest leave memory when there are too many."""
        rows: dict[str, Row] = self.rows  # type: ignore[assignment] # made in __init__
        if before is not None:
            if dict.__contains__(rows, key):
                row = rows.pop(key)
            else:
                row = Row(before, version)
                self._database.execute(self._delete, (key,))
                self.cold -= 1
                held = [(taken, unique_values(fields, before)) for fields, taken in self.uniques.items()]
                newer = [(taken, values, taken[values]) for taken, values in held if values in taken]
                super().write(key, None, before, version)
                for taken, values, holder in newer:  # who took it earlier in this commit keeps it
                    taken[values] = holder
            rows[key] = row  # written last: leaves last
        super().write(key, before, after, version)
        if len(rows) > self._hot:
            self._chill(list(itertools.islice(rows, max(1, self._hot // 4))))

    def _chill(self, keys: Sequence[str]) -> None:
        """Move rows to disk."""
        entries = []
        for key in keys:
            record, version = self.rows[key]
            lookups = [getattr(record, name) for name in self.table.indexes]
            uniques = [_unique(fields, record) for fields in self.table.unique]
            payload = pickle.dumps((record, version), pickle.HIGHEST_PROTOCOL)
            entries.append((key, *lookups, *uniques, payload))
            super().write(key, record, None, version)
        self._database.execute("BEGIN")
        self._database.executemany(self._insert, entries)
        self._database.execute("COMMIT")
        self.cold += len(entries)


def _unique(fields: tuple[str, ...], record: object) -> bytes | None:
    values = tuple([getattr(record, name) for name in fields])
    return None if None in values else marshal.dumps(values)


class SpillingMapping(MutableMapping[str, list[Any]]):
    """A mapping from text to lists of plain values, old entries on disk.

    An entry that was read from disk is a copy: put it back after changing it.
    """

    def __init__(self, spill: Spill) -> None:
        self._hot: dict[str, list[Any]] = {}
        self._most = spill.hot
        self._cold = 0
        self._database = spill.database
        self._name = spill.create(())
        self._select = f"SELECT payload FROM {self._name} WHERE key = ?"

    def __getitem__(self, key: str) -> list[Any]:
        entry = self._hot.get(key)
        if entry is None:
            entry = self._fetch(key)
            if entry is None:
                raise KeyError(key)
        return entry

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - the signature of Mapping
        """Give the entry, or the default."""
        entry = self._hot.get(key)
        if entry is None:
            entry = self._fetch(key)
        return default if entry is None else entry

    def _fetch(self, key: str) -> list[Any] | None:
        if not self._cold:
            return None
        found = self._database.execute(self._select, (key,)).fetchone()
        if found is None:
            return None
        entry: list[Any] = marshal.loads(found[0])  # noqa: S302 - our own bytes
        return entry

    def __setitem__(self, key: str, entry: list[Any]) -> None:
        if self._hot.pop(key, None) is None and self._cold:
            self._forget(key)
        self._hot[key] = entry
        if len(self._hot) > self._most:
            self._chill()

    def _chill(self) -> None:
        keys = list(itertools.islice(self._hot, max(1, self._most // 4)))
        self._database.execute("BEGIN")
        self._database.executemany(
            f"INSERT INTO {self._name} VALUES (?, ?)",
            [(key, marshal.dumps(self._hot.pop(key))) for key in keys],
        )
        self._database.execute("COMMIT")
        self._cold += len(keys)

    def _forget(self, key: str) -> bool:
        gone = self._database.execute(f"DELETE FROM {self._name} WHERE key = ?", (key,)).rowcount
        self._cold -= gone
        return bool(gone)

    def __delitem__(self, key: str) -> None:
        if self._hot.pop(key, None) is None and not self._forget(key):
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        for (key,) in self._database.execute(f"SELECT key FROM {self._name} ORDER BY key"):
            yield key
        yield from list(self._hot)

    def __len__(self) -> int:
        return len(self._hot) + self._cold
