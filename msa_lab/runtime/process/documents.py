"""The documents port: JSON in the service's own database; it outlives its processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sql
from pydantic_core import from_json, to_json
from sqlalchemy.dialects.postgresql import JSONB

from msa_lab.runtime.process.backend import Connection
from msa_lab.runtime.process.database import Database


class StoredDocuments:
    """Documents of all instances of a service."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.layout.documents
        self._add = sql.insert(self._table).returning(self._table.c.id)
        self._queries: dict[tuple[str, ...], sql.Select[Any]] = {}
        # PostgreSQL compares all fields by containment, which tells numbers from texts.
        equals = sql.cast(sql.bindparam("equals", type_=sql.Text), JSONB)
        contains = sql.cast(self._table.c.body, JSONB).op("@>", is_comparison=True)
        self._containing = self._newest(contains(equals))

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
        names = tuple(equals)
        wanted = {"collection": collection, "most": limit, **{f"is_{name}": equals[name] for name in names}}
        contained = {"collection": collection, "most": limit, "equals": to_json(dict(equals)).decode()}

        def body(connection: Connection) -> list[Any]:
            server = connection.dialect.name == "postgresql"
            query = self._containing if server else self._extracting(names)
            return list(connection.execute(query, contained if server else wanted).scalars())

        return [from_json(found) for found in await self._database.read(body)]

    def _newest(self, *matching: sql.ColumnElement[bool]) -> sql.Select[Any]:
        columns = self._table.c
        return (
            sql.select(columns.body)
            .where(columns.collection == sql.bindparam("collection"), *matching)
            .order_by(columns.id.desc())
            .limit(sql.bindparam("most"))
        )

    def _extracting(self, names: tuple[str, ...]) -> sql.Select[Any]:
        """Compare field by field; in SQLite a number never equals a text."""
        query = self._queries.get(names)
        if query is None:
            paths = {name: '$."{}"'.format(name.replace('"', "")) for name in names}
            query = self._queries[names] = self._newest(
                *(
                    sql.func.json_extract(self._table.c.body, path) == sql.bindparam(f"is_{name}")
                    for name, path in paths.items()
                )
            )
        return query
