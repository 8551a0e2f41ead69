"""SQL tables of records: a typed column a field, the record's key, its version, indexes and unique values."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import sqlalchemy as sql

from msa_lab.runtime.process.records import plain
from msa_lab.sdk.contract import Table

VERSION = "_version"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A table and the names of the columns that hold JSON."""

    declared: Table[Any]
    table: sql.Table
    documents: frozenset[str]

    @property
    def key(self) -> sql.Column[Any]:
        """The column of the key."""
        return self.table.c[self.declared.key]

    def row(self, record: object, version: int) -> dict[str, Any]:
        """Give the columns of a record."""
        row: dict[str, Any] = {VERSION: version}
        for name in self.table.c.keys():  # noqa: SIM118 - a collection of columns, not a mapping
            if name in self.documents:
                row[name] = json.dumps(plain(getattr(record, name)))
            elif name != VERSION:
                row[name] = getattr(record, name)
        return row

    def read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Give the plain fields of a row."""
        return {
            name: json.loads(value) if name in self.documents else value
            for name, value in row.items()
            if name != VERSION
        }


def mapped(declared: Table[Any], metadata: sql.MetaData) -> Mapped:
    """Derive the SQL table of a declared one."""
    hints = get_type_hints(declared.record, include_extras=False)
    documents = []
    columns: list[sql.Column[Any]] = []
    for field in fields(declared.record):
        kind, optional = _column(hints[field.name])
        if kind is None:
            documents.append(field.name)
        columns.append(
            sql.Column(
                field.name,
                kind or sql.Text(),
                primary_key=field.name == declared.key,
                nullable=optional,
                index=field.name in declared.indexes,
            )
        )
    columns.append(sql.Column(VERSION, sql.Integer(), nullable=False))
    unique = [sql.UniqueConstraint(*names) for names in declared.unique]
    table = sql.Table(declared.name, metadata, *columns, *unique)
    return Mapped(declared, table, frozenset(documents))


_SCALARS: dict[Any, type[sql.types.TypeEngine[Any]]] = {
    str: sql.String, int: sql.BigInteger, bool: sql.Boolean, float: sql.Float,
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
    scalar = _SCALARS.get(hint)
    return (None if scalar is None else scalar()), False
