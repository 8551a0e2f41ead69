"""Documents and search in the service's database: they outlive a process, and others find them, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from msa_lab.runtime.process.backend import Backend
from msa_lab.runtime.process.database import Database
from msa_lab.runtime.process.documents import StoredDocuments
from msa_lab.runtime.process.search import TantivySearch
from msa_lab.runtime.process.sqlite import SqliteFile
from msa_lab.sdk.testing import FakeSearch, run
from tests.builders import SHELF

T = TypeVar("T")


async def opened(backend: Backend, work: Callable[[Database], Coroutine[None, None, T]]) -> T:
    database = Database(SHELF, backend, versioned=True)
    await database.open()
    try:
        return await work(database)
    finally:
        await database.close()


def test_what_was_indexed_and_stored_is_found_after_a_restart(backends: Callable[[], Backend]) -> None:
    async def fill(database: Database) -> None:
        search = TantivySearch(database)
        await search.index("cup", {"title": "Blue cup", "price": 5})
        await search.index("jug", {"title": "Blue jug", "price": 7})
        await search.remove("jug")
        await StoredDocuments(database).add("mail", {"to": "ann", "n": 1})

    async def look(database: Database) -> tuple[list[str], list[int]]:
        hits = await TantivySearch(database).query("blue")
        mail = await StoredDocuments(database).find("mail", to="ann")
        return [hit.id for hit in hits], [document["n"] for document in mail]

    asyncio.run(opened(backends(), fill))
    assert asyncio.run(opened(backends(), look)) == (["cup"], [1])


def test_another_process_finds_what_was_indexed_since_it_last_looked(backends: Callable[[], Backend]) -> None:
    async def found(search: TantivySearch) -> list[str]:
        return [hit.id for hit in await search.query("blue")]

    async def played(one: Database) -> list[list[str]]:
        async def beside(two: Database) -> list[list[str]]:
            here, there = TantivySearch(one), TantivySearch(two)
            await here.index("cup", {"title": "Blue cup"})
            looks = [await found(there)]
            await there.index("jug", {"title": "blue jug"})
            await here.index("cup", {"title": "Red cup"})
            return [*looks, await found(here), await found(there)]

        return await opened(backends(), beside)

    assert asyncio.run(opened(backends(), played)) == [["cup"], ["jug"], ["jug"]]


def test_a_number_in_a_document_is_no_text(backends: Callable[[], Backend]) -> None:
    async def played(database: Database) -> list[int]:
        documents = StoredDocuments(database)
        await documents.add("mail", {"code": 7})
        await documents.add("mail", {"code": "7"})
        await documents.add("mail", {"code": None})
        return [
            len(await documents.find("mail", code=7)), len(await documents.find("mail", code="7")),
            len(await documents.find("mail", missing="7")), len(await documents.find("mail")),
        ]  # fmt: skip

    assert asyncio.run(opened(backends(), played)) == [1, 1, 0, 3]


WORDS = st.lists(st.sampled_from(("blue", "Red", "cup", "jug", "straße", "ÀÉ")), max_size=4).map(" ".join)
PIECES = st.fixed_dictionaries({"title": WORDS, "price": st.integers(0, 9)})
CHANGES = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | PIECES), max_size=8)


@settings(max_examples=40, deadline=None)
@given(changes=CHANGES, text=WORDS, low=st.none() | st.integers(0, 9), limit=st.integers(1, 5))
def test_tantivy_ranks_as_the_fake_does(
    changes: list[tuple[str, Mapping[str, str | int] | None]], text: str, low: int | None, limit: int
) -> None:
    between = {} if low is None else {"price": (low, 9)}
    fake = FakeSearch()

    async def played(database: Database) -> list[object]:
        search = TantivySearch(database)
        for doc_id, fields in changes:
            await (search.remove(doc_id) if fields is None else search.index(doc_id, fields))
        return list(await search.query(text, between=between, limit=limit))

    for doc_id, fields in changes:
        run(fake.remove(doc_id) if fields is None else fake.index(doc_id, fields))
    with TemporaryDirectory() as folder:
        found = asyncio.run(opened(SqliteFile(Path(folder) / "db"), played))
    assert found == list(run(fake.query(text, between=between, limit=limit)))
