"""The documents port: JSON in the service's own database; it outlives its processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sql
from pydantic_core import from_json, to_json
from sqlalchemy.dialects.postgresql import JSONB

from msa_lab.runtime.process.database import Database


class StoredDocuments:
    """Documents of all instances of a service."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.layout.documents
        self._add = sql.insert(self._table).returning(self._table.c.id)

    async def add(self, collection: str, document: Mapping[str, Any]) -> str:
        """Store a document; its id is `collection-number`."""
        row = {"collection": collection, "body": to_json(dict(document)).decode()}
        number = await self._database.write(
            lambda connection: connection.execute(self._add, row).scalar_one()
        )
        return f"{collection}-{number}"

    async def find(
        self, collection: str, *, limit: int = 100, **equals: str | int
    ) -> Sequence[dict[str, Any]]:
        """Give matching documents, newest first."""
        table = self._table

        def body(connection: sql.Connection) -> list[Any]:
            server = connection.dialect.name == "postgresql"
            matching = (_contains if server else _extracts)(table.c.body, equals)
            query = (
                sql.select(table.c.body)
                .where(table.c.collection == collection, *matching)
                .order_by(table.c.id.desc())
                .limit(limit)
            )
            return list(connection.execute(query).scalars())

        return [from_json(found) for found in await self._database.read(body)]


def _extracts(column: sql.Column[Any], equals: Mapping[str, str | int]) -> list[sql.ColumnElement[bool]]:
    """Compare field by field; in SQLite a number never equals a text."""
    return [
        sql.func.json_extract(column, '$."{}"'.format(name.replace('"', ""))) == value
        for name, value in equals.items()
    ]


def _contains(column: sql.Column[Any], equals: Mapping[str, str | int]) -> list[sql.ColumnElement[bool]]:
    """Compare all fields by containment, which in PostgreSQL tells numbers from texts."""
    wanted = sql.cast(sql.literal(to_json(dict(equals)).decode(), sql.Text), JSONB)
    return [sql.cast(column, JSONB).op("@>", is_comparison=True)(wanted)] if equals else []
