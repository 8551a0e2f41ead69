"""The search port on tantivy: an index in memory over what the service's database keeps.

What is indexed is a change in the database, numbered as it comes; before it answers, every process takes over
the changes it has not seen. So the instances of a service find the same, and a new incarnation finds all. The
index tells who holds a word; the rank is that of every world: how many of the words a document holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import tantivy
from pydantic_core import from_json, to_json

from msa_lab.runtime.process.backend import Connection
from msa_lab.runtime.process.database import Database
from msa_lab.runtime.process.schema import KEY
from msa_lab.sdk.ports import Hit
from msa_lab.sdk.testing import ranked

Fields = dict[str, str | int]
Changed = tuple[int, str, Fields | None]
"""The number of a change, the document, its fields or None when it was removed."""

HEAP = 15_000_000
"""How many bytes tantivy may use for what it has not yet made searchable: the least it takes."""


class Words:
    """Which documents hold which words."""

    def __init__(self) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw")
        builder.add_text_field("words", tokenizer_name="words")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        # Words are made here, by the same rule in every world; the index only parts them again.
        between_blanks = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self._index.register_tokenizer("words", between_blanks)
        self._writer = self._index.writer(HEAP, 1)

    def apply(self, changes: Sequence[Changed]) -> None:
        """Take changes over; it takes milliseconds."""
        for _, doc_id, fields in changes:
            self._writer.delete_documents_by_term("id", doc_id)
            if fields is not None:
                held = [word for value in fields.values() if isinstance(value, str) for word in words(value)]
                self._writer.add_document(tantivy.Document(id=[doc_id], words=[" ".join(held)]))
        self._writer.commit()
        self._index.reload()

    def holding(self, wanted: Sequence[str]) -> list[str]:
        """Give the documents with any of the words."""
        searcher = self._index.searcher()
        query = tantivy.Query.boolean_query([
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "words", word)) for word in wanted
        ])  # fmt: skip
        found = searcher.search(query, limit=max(1, searcher.num_docs), count=False)
        return [str(searcher.doc(address)["id"][0]) for _, address in found.hits]


def words(text: str) -> list[str]:
    """Part a text into words."""
    return text.lower().split()


class TantivySearch:
    """The full-text index of a service as one process has it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._layout = database.layout
        self._documents: dict[str, Fields] = {}
        self._words: Words | None = None
        self._known = 0
        self._turn = asyncio.Lock()

    async def index(self, doc_id: str, fields: Mapping[str, str | int]) -> None:
        """Add or replace a document."""
        await self._change(doc_id, to_json(dict(fields)).decode())

    async def remove(self, doc_id: str) -> None:
        """Remove a document."""
        await self._change(doc_id, None)

    async def _change(self, doc_id: str, fields: str | None) -> None:
        layout = self._layout

        def body(connection: Connection) -> None:
            if not connection.execute(layout.reindex, {KEY: doc_id, "fields": fields}).rowcount:
                connection.execute(layout.index, {"id": doc_id, "fields": fields})

        await self._database.write(body)

    async def query(
        self,
        text: str,
        *,
        where: Mapping[str, str] | None = None,
        between: Mapping[str, tuple[int, int]] | None = None,
        limit: int = 20,
    ) -> Sequence[Hit]:
        """Count matching words as the score."""
        async with self._turn:
            await self._catch_up()
            wanted = words(text)
            found: Mapping[str, Fields] = self._documents
            if wanted:
                holding = self._words.holding(wanted) if self._words is not None else ()
                found = {doc_id: self._documents[doc_id] for doc_id in holding}
        return ranked(found, text, where or {}, between or {})[:limit]

    async def _catch_up(self) -> None:
        """Take over what was changed since the last look."""
        known = {"known": self._known}
        rows: Sequence[Any] = await self._database.read(
            lambda connection: connection.execute(self._layout.changed, known).all()
        )
        if not rows:
            return
        changes: list[Changed] = [
            (number, doc_id, None if fields is None else from_json(fields)) for number, doc_id, fields in rows
        ]
        if self._words is None:
            self._words = Words()
        await asyncio.to_thread(self._words.apply, changes)
        for number, doc_id, fields in changes:
            self._known = number
            if fields is None:
                self._documents.pop(doc_id, None)
            else:
                self._documents[doc_id] = fields
