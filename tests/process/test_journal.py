"""What the log has gathered and not sent is not lost with the process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msa_lab.runtime.process.database import Database
from msa_lab.runtime.process.journal import Story, Told
from msa_lab.runtime.process.sqlite import SqliteFile
from msa_lab.sdk import Context, Transaction
from tests.builders import COUNTERS, SHELF, Counter
from tests.process.conftest import ProcessPorts


def test_what_has_gathered_goes_into_the_row_of_a_commit_for_the_next_incarnation(
    tmp_path: Path, valkey: Path
) -> None:
    file = tmp_path / "shelf.sqlite"
    ports = ProcessPorts(tmp_path, valkey, SqliteFile(file))
    journal = ports.site.journal
    journal.later = lambda _flush: None  # the loop has no time before the process is killed

    async def put(tx: Transaction, value: int) -> None:
        tx.put(COUNTERS, Counter("a", value))

    async def work(ctx: Context) -> None:
        journal.emit(Story("shelf", "shelf-1"), "note", {"message": "before"})
        await ctx.store.transact(lambda tx: put(tx, 1))
        await ctx.store.transact(lambda tx: put(tx, 2))

    async def reborn() -> list[Told]:
        database = Database(SHELF, SqliteFile(file), versioned=True)
        await database.open()
        try:
            return await database.unsent()
        finally:
            await database.close()

    ports.run(work)
    assert ports.told == []
    gathered = list(journal.unsent)
    ports.close()

    found = asyncio.run(reborn())
    assert [event[2] for event in found] == ["note", "commit", "commit"]
    assert [event[0] for event in found] == [event[0] for event in gathered]
