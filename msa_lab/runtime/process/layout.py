"""The tables of a service's database: its records', and what hosts keep beside them; made once a process."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sql

from msa_lab.runtime.hosting import OWN
from msa_lab.runtime.process.schema import KEY, Mapped, fingerprint, mapped
from msa_lab.sdk.spec import ServiceSpec


class Layout:
    """Tables and their statements.

    `declared` gives a table's name in the spec for that in the database. `outlived` deletes the `most` first
    marks of what is done that were made before the instant `until`. `outbox` is a queue. `journal` has a
    row an instance: the log events of its last commit, and the commit's number; those of the commits before
    were sent before it. `documents` are in the order they came in, `indexed` in that of their changes; a
    document without fields was removed from the index.
    """

    def __init__(self, spec: ServiceSpec, prefix: str = "") -> None:
        """Derive the tables; all their names begin with `prefix`."""
        metadata = self.metadata = sql.MetaData()
        self.tables: dict[str, Mapped] = {
            table.name: mapped(table, metadata, prefix) for table in (*spec.tables, *OWN)
        }
        self.declared = {where.table.name: name for name, where in self.tables.items()}
        self.outbox = sql.Table(
            f"{prefix}_outbox", metadata,
            sql.Column("id", sql.Integer, primary_key=True, autoincrement=True),
            sql.Column("message", sql.LargeBinary, nullable=False),
            sqlite_autoincrement=True,  # else a number that was removed would come again
        )  # fmt: skip
        journal = self.journal = sql.Table(
            f"{prefix}_journal", metadata,
            sql.Column("instance", sql.String, primary_key=True),
            sql.Column("number", sql.Integer, nullable=False),
            sql.Column("events", sql.LargeBinary, nullable=False),
        )  # fmt: skip
        self.documents = sql.Table(
            f"{prefix}_documents", metadata,
            sql.Column("id", sql.Integer, primary_key=True, autoincrement=True),
            sql.Column("collection", sql.String, nullable=False, index=True),
            sql.Column("body", sql.Text, nullable=False),
        )  # fmt: skip
        indexed = self.indexed = sql.Table(
            f"{prefix}_indexed", metadata,
            sql.Column("id", sql.String, primary_key=True),
            sql.Column("number", sql.Integer, nullable=False, index=True),
            sql.Column("fields", sql.Text),
        )  # fmt: skip
        self.made = sql.Table(
            f"{prefix}_schema", metadata, sql.Column("fingerprint", sql.Integer, primary_key=True)
        )
        self.fingerprint = fingerprint(metadata)
        self.outlived = [_before(self.tables[table.name].table) for table in OWN]
        self._outbox_statements(self.outbox)
        self._journal_statements(journal)
        self._index_statements(indexed)

    def _outbox_statements(self, outbox: sql.Table) -> None:
        self.waiting = sql.select(outbox).order_by(outbox.c.id).limit(sql.bindparam("most"))
        self.depth = sql.select(sql.func.count()).select_from(outbox)
        self.offer = sql.insert(outbox)
        self.remove = sql.delete(outbox).where(outbox.c.id == sql.bindparam(KEY))

    def _journal_statements(self, journal: sql.Table) -> None:
        here = journal.c.instance == sql.bindparam(KEY)
        self.note = sql.insert(journal).values(number=_next(journal)).returning(journal.c.number)
        self.renote = (
            sql.update(journal).where(here).values(number=_next(journal)).returning(journal.c.number)
        )
        self.noted = _changed(journal, journal.c.events)

    def _index_statements(self, indexed: sql.Table) -> None:
        here = indexed.c.id == sql.bindparam(KEY)
        self.index = sql.insert(indexed).values(number=_next(indexed))
        self.reindex = sql.update(indexed).where(here).values(number=_next(indexed))
        self.changed = _changed(indexed, indexed.c.id, indexed.c.fields)


def _before(marks: sql.Table) -> sql.Delete:
    """Delete old rows. No index leads to them: they stand first, and each mark would pay for it."""
    old = sql.select(marks.c.id).where(marks.c.at < sql.bindparam("until")).limit(sql.bindparam("most"))
    return sql.delete(marks).where(marks.c.id.in_(old))


def _next(table: sql.Table) -> Any:  # noqa: ANN401 - an expression
    """Number what is written by one more than all before."""
    return sql.select(sql.func.coalesce(sql.func.max(table.c.number), 0) + 1).scalar_subquery()


def _changed(table: sql.Table, *columns: sql.Column[Any]) -> sql.Select[Any]:
    """Query what was written after the number `known`, in order."""
    return (
        sql.select(table.c.number, *columns)
        .where(table.c.number > sql.bindparam("known"))
        .order_by(table.c.number)
    )


_LAYOUTS: dict[tuple[int, bool], tuple[ServiceSpec, Layout]] = {}


def layout_of(spec: ServiceSpec, *, shared: bool = False) -> Layout:
    """Give the layout of a spec, made once a process; a process forked later inherits it.

    In a `shared` database the tables are named after the service, too.
    """
    made = _LAYOUTS.get((id(spec), shared))
    if made is None:
        made = (spec, Layout(spec, f"{spec.name}__" if shared else ""))
        _LAYOUTS[id(spec), shared] = made
    return made[1]
