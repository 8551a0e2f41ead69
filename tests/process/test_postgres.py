"""Databases on a PostgreSQL that was there: a run leaves nothing in it; what will not do is told."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process.database import Database
from msa_lab.runtime.process.postgres import PostgresSchema, drop
from msa_lab.runtime.process.world import ProcessWorld
from msa_lab.scenario.findings import Verdict
from msa_lab.sdk.failures import StoreUnavailable
from msa_lab.topology import Servers
from tests.builders import COUNTERS, SHELF, Counter
from tests.process.postgres import PASSWORD
from tests.process.test_database import nothing_to_keep
from tests.process.test_endpoints import free_port, on
from tests.process.test_world import INVARIANTS, linux, played, verdicts


def schemas(url: str) -> list[str]:
    async def asked() -> list[str]:
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'msalab%'")
        finally:
            await connection.close()
        return [row["nspname"] for row in rows]

    return asyncio.run(asked())


@linux
def test_a_run_on_a_postgresql_that_was_there_leaves_nothing_in_it(database_url: str) -> None:
    report = played(
        on(Servers(database=database_url), "process.kill order-1 restart_after=500ms at 2s"), ProcessWorld()
    )

    assert verdicts(report) == dict.fromkeys(INVARIANTS, Verdict.HELD)
    assert report.played.settled
    assert report.sagas["completed"] >= 5
    assert schemas(database_url) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ((PASSWORD, "wrong"), "it refuses the user or the password"),
        (("/postgres", "/nowhere"), "it has no database of that name"),
        (("/postgres", "/postgres?sslmode=blue"), "the options of its URL are not understood"),
        ((":PORT", ""), "no PostgreSQL lets us in (ConnectionRefusedError)"),
    ],
)
def test_what_will_not_do_is_told_in_a_sentence_and_nothing_started(
    database_url: str, change: tuple[str, str], what: str
) -> None:
    url = database_url.replace(*change)
    if change[0] == ":PORT":
        url = f"postgresql://shop:{PASSWORD}@127.0.0.1:{free_port()}/postgres"

    with pytest.raises(EnvironmentTrouble) as told:
        played(on(Servers(database=url)), ProcessWorld())

    text = str(told.value)
    assert what in text
    assert "MSALAB_DATABASE_URL" in text
    assert PASSWORD not in text
    assert "wrong" not in text


def test_a_connection_that_broke_is_made_anew(database_url: str) -> None:
    async def played_() -> list[object]:
        database = Database(SHELF, PostgresSchema(database_url, "test_broken"), versioned=True)
        await database.open()
        other = await asyncpg.connect(database_url)
        seen: list[object] = []

        async def put(value: int) -> None:
            tx = database.begin()
            tx.put(COUNTERS, Counter("a", value))
            try:
                await database.commit(tx, nothing_to_keep, lambda _earlier: seen.append(value))
            except StoreUnavailable:
                seen.append("unavailable")

        await put(1)
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'msalab'"
        )
        await put(2)
        await put(3)
        seen.append((await database.get(COUNTERS, "a"))[0])
        await other.close()
        await database.close()
        await drop(database_url, ["test_broken"])
        return seen

    assert asyncio.run(played_()) == [1, "unavailable", 3, Counter("a", 3)]


def test_a_commit_goes_on_when_nobody_waits_for_it_any_more(database_url: str) -> None:
    async def played_() -> tuple[list[str], object]:
        database = Database(SHELF, PostgresSchema(database_url, "test_left"), versioned=True)
        await database.open()
        seen: list[str] = []
        tx = database.begin()
        tx.put(COUNTERS, Counter("a", 1))
        going = asyncio.create_task(
            database.commit(tx, nothing_to_keep, lambda _earlier: seen.append("kept"))
        )
        await asyncio.sleep(0)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        await database.close()
        again = Database(SHELF, PostgresSchema(database_url, "test_left"), versioned=True)
        await again.open()
        record = (await again.get(COUNTERS, "a"))[0]
        await again.close()
        await drop(database_url, ["test_left"])
        return seen, record

    assert asyncio.run(played_()) == (["kept"], Counter("a", 1))
