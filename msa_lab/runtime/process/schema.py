"""SQL tables of records: a typed column a field, the record's key, its version, indexes and unique values."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import sqlalchemy as sql
from pydantic_core import from_json, to_json
from sqlalchemy.dialects import postgresql

from msa_lab.sdk.contract import Table

VERSION = "_version"
KEY, SEEN = "_key", "_seen"
"""Parameters: the key of the row that is meant, the version that was read."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A table, the names of the columns that hold JSON, and its statements, made once."""

    declared: Table[Any]
    table: sql.Table
    documents: frozenset[str]
    names: tuple[str, ...] = field(init=False)
    flags: frozenset[str] = field(init=False)
    select: sql.Select[Any] = field(init=False)
    exists: sql.Select[Any] = field(init=False)
    insert: sql.Insert = field(init=False)
    update: sql.Update = field(init=False)
    delete: sql.Delete = field(init=False)
    _finds: dict[tuple[tuple[str, ...], str], sql.Select[Any]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        columns = self.table.c
        here = columns[self.declared.key] == sql.bindparam(KEY)
        unchanged = sql.and_(here, columns[VERSION] == sql.bindparam(SEEN))
        made = {
            "names": tuple(name for name in columns.keys() if name != VERSION),  # noqa: SIM118 - no mapping
            "flags": frozenset(column.name for column in columns if isinstance(column.type, sql.Boolean)),
            "select": sql.select(self.table).where(here),
            "exists": sql.select(sql.literal_column("1")).select_from(self.table).where(here),
            "insert": sql.insert(self.table),
            "update": sql.update(self.table).where(unchanged),
            "delete": sql.delete(self.table).where(unchanged),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def find(self, equals: Sequence[str], until: str) -> sql.Select[Any]:
        """Give the query for rows whose fields equal the parameters of the same names, ordered by key.

        `until` names a field that must not be above the parameter `_until`; '' is none.
        """
        place = (tuple(equals), until)
        found = self._finds.get(place)
        if found is None:
            columns = self.table.c
            found = sql.select(self.table).order_by(columns[self.declared.key])
            for name in equals:
                found = found.where(columns[name] == sql.bindparam(name))
            if until:
                found = found.where(columns[until] <= sql.bindparam("_until"))
            self._finds[place] = found
        return found

    def row(self, record: object, version: int) -> dict[str, Any]:
        """Give the columns of a record."""
        row: dict[str, Any] = {VERSION: version}
        documents = self.documents
        for name in self.names:
            value = getattr(record, name)
            row[name] = to_json(value).decode() if name in documents else value
        return row

    def read(self, row: Sequence[Any]) -> dict[str, Any]:
        """Give the plain fields of a row, whose columns stand in the table's order."""
        documents = self.documents
        found = {
            name: from_json(value) if name in documents else value
            for name, value in zip(self.names, row, strict=False)
        }
        for name in self.flags:  # numbers in SQLite
            if found[name] is not None:
                found[name] = bool(found[name])
        return found

    def keeps_uniques(self, before: object, after: object) -> bool:
        """Tell whether two records have the same values wherever those must be unique."""
        return all(
            getattr(before, name) == getattr(after, name) for names in self.declared.unique for name in names
        )


def mapped(declared: Table[Any], metadata: sql.MetaData, prefix: str = "") -> Mapped:
    """Derive the SQL table of a declared one; the version is its last column. Its name gets the prefix."""
    hints = get_type_hints(declared.record, include_extras=False)
    documents = []
    columns: list[sql.Column[Any]] = []
    for part in fields(declared.record):
        kind, optional = _column(hints[part.name])
        if kind is None:
            documents.append(part.name)
        columns.append(
            sql.Column(
                part.name,
                kind or sql.Text(),
                primary_key=part.name == declared.key,
                nullable=optional,
                index=part.name in declared.indexes,
            )
        )
    columns.append(sql.Column(VERSION, sql.Integer(), nullable=False))
    unique = [sql.UniqueConstraint(*names) for names in declared.unique]
    table = sql.Table(f"{prefix}{declared.name}", metadata, *columns, *unique)
    return Mapped(declared, table, frozenset(documents))


_TEXT = sql.String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")
"""Ordered by code point everywhere, as Python does it."""

_SCALARS: dict[Any, sql.types.TypeEngine[Any]] = {
    str: _TEXT, int: sql.BigInteger(), bool: sql.Boolean(), float: sql.Float(),
}  # fmt: skip


def _column(hint: Any) -> tuple[sql.types.TypeEngine[Any] | None, bool]:  # noqa: ANN401 - an annotation
    """Give the SQL type of an annotation, None for JSON, and whether it may be null."""
    while True:
        if isinstance(hint, NewType):
            hint = hint.__supertype__
        elif get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        else:
            break
    if get_origin(hint) is Literal:
        hint = type(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        others = [part for part in get_args(hint) if part is not types.NoneType]
        if len(others) == 1 and len(others) < len(get_args(hint)):
            kind, _ = _column(others[0])
            return kind, kind is not None
        return None, False
    return _SCALARS.get(hint), False


def fingerprint(metadata: sql.MetaData) -> int:
    """Number a schema by its tables, columns and constraints; never 0.

    Indexes have no part: they change no meaning.
    """
    lines = []
    for table in metadata.sorted_tables:
        lines += [f"{table.name}.{column.name}:{column.type}:{column.nullable}" for column in table.columns]
        lines += sorted(
            f"{table.name} {type(constraint).__name__} {','.join(constraint.columns.keys())}"
            for constraint in table.constraints
            if isinstance(constraint, sql.UniqueConstraint | sql.PrimaryKeyConstraint)
        )
    number = 0
    for byte in "\n".join(lines).encode():
        number = (number * 31 + byte) % 2_147_483_647
    return number or 1
