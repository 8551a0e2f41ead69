"""A service's database: what it keeps beside records, and how it holds against a model in memory."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.hosting import ANSWERS, INBOX, Answered, Inboxed
from msa_lab.runtime.process.backend import Backend
from msa_lab.runtime.process.database import FORGOTTEN_AT_ONCE, Database
from msa_lab.runtime.process.journal import Told
from msa_lab.runtime.process.sqlite import SqliteFile
from msa_lab.sdk import Conflict, Duplicate
from msa_lab.sdk.failures import StoreUnavailable
from msa_lab.sdk.memory import Change, MemoryDatabase, MemoryTransaction, Row
from msa_lab.sdk.testing import run
from msa_lab.sdk.values import Instant
from tests.builders import COUNTERS, DEEDS, SHELF, SHOP, Counter, Deed, Got


def told_at(t: int, number: int) -> Told:
    return [number, t, "note", "shelf", "shelf-1", "", 0, 0, 0, 1, {}]


def test_who_commits_tells_first_of_what_another_process_committed_and_did_not_tell(
    backends: Callable[[], Backend],
) -> None:
    async def committed(database: Database, number: int, value: int) -> list[Told]:
        tx, earlier = database.begin(), list[Told]()
        tx.put(COUNTERS, Counter("a", value))
        events = [told_at(value, value)]
        await database.commit(tx, lambda _changes: (f"shelf-{number}", events, ()), earlier.extend)
        return earlier

    async def played() -> list[list[int]]:
        one, two, reborn = (Database(SHELF, backends(), versioned=True) for _ in "abc")
        for database in (one, two, reborn):
            await database.open()
        earlier = [await committed(one, 1, 1), await committed(one, 1, 2)]
        earlier += [await committed(two, 2, 3), await committed(two, 2, 4)]  # `one` died before it told
        earlier += [await reborn.unsent(), await committed(reborn, 1, 5), await two.untold()]
        for database in (one, two, reborn):
            await database.close()
        return [[event[0] for event in events] for events in earlier]

    assert asyncio.run(played()) == [[], [], [2], [], [2, 4], [], [5]]


def nothing_to_keep(_changes: Sequence[Change]) -> tuple[str, list[Told], list[bytes]]:
    return "shelf-1", [], []


Step = tuple[str, str, int, str | None]
KEYS = st.sampled_from("abc")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("get", "put", "insert", "delete")), KEYS, st.integers(0, 9),
        st.sampled_from(("x", "y", None)),
    ),
    max_size=4,
)  # fmt: skip


async def worked(tx: MemoryTransaction, steps: Sequence[Step]) -> list[object]:
    """Do the steps; give what was read, and the refusal if one came at once."""
    seen: list[object] = []
    for what, key, value, label in steps:
        try:
            if what == "get":
                read: Counter | None = await tx.get(COUNTERS, key)
                seen.append(read)
            elif what == "delete":
                tx.delete(COUNTERS, key)
            elif what == "put":
                tx.put(COUNTERS, Counter(key, value, label))
            else:
                tx.insert(COUNTERS, Counter(key, value, label))
        except Duplicate:
            seen.append("twice")
    return seen


class Model(MemoryDatabase):
    """What a commit may do, said in the simplest way: look at all rows as they would be."""

    def commit(self, tx: MemoryTransaction) -> list[Change]:
        table = self.table(COUNTERS)
        rows = dict(table.rows)
        for (name, key), after in tx.writes.items():
            before = rows.pop(key, None)
            version = before.version if before else 0
            if (name, key) in tx.inserts:
                if before:
                    raise Duplicate
            elif self._versioned and tx.seen.get((name, key), version) != version:
                raise Conflict
            if after is not None:
                rows[key] = Row(after, version + 1)
        labels = [row.record.label for row in rows.values() if row.record.label is not None]
        if len(labels) > len(set(labels)):
            raise Duplicate
        table.rows = rows
        return []


def side_by_side(pairs: Sequence[tuple[list[Step], list[Step]]], model: Model) -> list[object]:
    """Let two transactions read and write before the first, then the second, commits."""
    seen: list[object] = []
    for steps in pairs:
        opened = [model.begin() for _ in steps]
        seen += [run(worked(tx, part)) for tx, part in zip(opened, steps, strict=True)]
        for tx in opened:
            try:
                model.commit(tx)
            except (Conflict, Duplicate):
                seen.append("refused")
    return seen


async def side_by_side_in(
    pairs: Sequence[tuple[list[Step], list[Step]]], databases: Sequence[Database]
) -> list[object]:
    """Do the same in two processes' views of one database."""
    seen: list[object] = []
    for steps in pairs:
        opened = [database.begin() for database in databases]
        seen += [await worked(tx, part) for tx, part in zip(opened, steps, strict=True)]
        for database, tx in zip(databases, opened, strict=True):
            try:
                await database.commit(tx, nothing_to_keep, lambda _earlier: None)
            except (Conflict, Duplicate):
                seen.append("refused")
    return seen


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(STEPS, STEPS), max_size=4), versioned=st.booleans())
def test_two_who_write_at_once_get_what_the_model_gives(
    backends: Callable[[], Backend], pairs: list[tuple[list[Step], list[Step]]], *, versioned: bool
) -> None:
    model = Model((COUNTERS, DEEDS), versioned=versioned)

    async def played() -> tuple[list[object], list[object]]:
        databases = [Database(SHELF, backends(), versioned=versioned) for _ in range(2)]
        for database in databases:
            await database.open()
        try:
            clear = databases[0].begin()
            for key in "abc":
                clear.delete(COUNTERS, key)
            await databases[0].commit(clear, nothing_to_keep, lambda _earlier: None)
            seen = await side_by_side_in(pairs, databases)
            left: list[object] = [(await databases[1].get(COUNTERS, key))[0] for key in "abc"]
        finally:
            for database in databases:
                await database.close()
        return seen, left

    expected = side_by_side(pairs, model)
    rows = model.table(COUNTERS).rows
    kept: list[object] = [rows[key].record if key in rows else None for key in "abc"]
    assert asyncio.run(played()) == (expected, kept)


def test_a_database_of_other_records_is_refused_with_the_way_out(backends: Callable[[], Backend]) -> None:
    async def opened(spec: Any) -> None:  # noqa: ANN401 - a spec
        database = Database(spec, backends(), versioned=True)
        try:
            await database.open()
        finally:
            await database.close()

    asyncio.run(opened(SHELF))
    asyncio.run(opened(SHELF))
    with pytest.raises(
        EnvironmentTrouble, match=r"of diary was .* another version of its records\n.*msalab reset"
    ):
        asyncio.run(opened(next(spec for spec in SHOP if spec.name == "diary")))


def keeping(
    kept: tuple[str, list[Told], list[bytes]], _changes: object
) -> tuple[str, list[Told], list[bytes]]:
    return kept


def test_services_that_share_a_database_keep_records_journal_and_outbox_apart(
    backends: Callable[[], Backend],
) -> None:
    async def played() -> list[object]:
        databases = [
            Database(spec, backends(), versioned=True, shared=True) for spec in SHOP if DEEDS in spec.tables
        ]
        seen: list[object] = []
        for number, database in enumerate(databases):
            await database.open()
            tx = database.begin()
            tx.insert(DEEDS, Deed("one", f"piece {number}"))
            kept = "x-1", [told_at(number, number)], [b"message %d" % number]
            await database.commit(tx, partial(keeping, kept), lambda _earlier: None)
        for number, database in enumerate(databases):
            record, _ = await database.get(DEEDS, "one")
            again = Database(SHOP[number], backends(), versioned=True, shared=True)
            await again.open()
            journal = [event[0] for event in await again.unsent()]
            seen.append((record.piece, await database.waiting(9), journal))
            await again.close()
            await database.close()
        return seen

    assert asyncio.run(played()) == [
        (f"piece {number}", [(1, b"message %d" % number)], [number]) for number in range(len(SHOP))
    ]


async def marked(database: Database, *marks: Inboxed | Answered) -> None:
    tx = database.begin()
    for mark in marks:
        if isinstance(mark, Inboxed):
            tx.insert(INBOX, mark)
        else:
            tx.insert(ANSWERS, mark)
    await database.commit(tx, nothing_to_keep, lambda _earlier: None)


def test_marks_of_before_an_instant_are_forgotten_and_nothing_else_is(
    backends: Callable[[], Backend],
) -> None:
    async def played() -> list[object]:
        database, got = Database(SHELF, backends(), versioned=True), Got("1", "shelf-1")
        await database.open()
        tx = database.begin()
        tx.put(COUNTERS, Counter("a", 1))
        await database.commit(tx, nothing_to_keep, lambda _earlier: None)
        old = [Inboxed(f"{number}/shelf", number) for number in range(2 * FORGOTTEN_AT_ONCE + 1)]
        await marked(database, *old, Inboxed("new/shelf", 9_000_000), Inboxed("just/shelf", 5_000_000))
        await marked(database, Answered("shelf.take/1", got, 4), Answered("shelf.take/2", got, 5_000_001))
        seen: list[object] = [await database.forget(Instant(5_000_000)), await database.forget(Instant(0))]
        seen += [await database.has_applied(f"{place}/shelf") for place in (0, 1000, "just", "new")]
        seen += [(await database.answered(key))[0] for key in ("shelf.take/1", "shelf.take/2")]
        seen.append((await database.get(COUNTERS, "a"))[0])
        await database.close()
        return seen

    gone = 2 * FORGOTTEN_AT_ONCE + 2
    assert asyncio.run(played()) == [gone, 0, False, False, True, True, False, True, Counter("a", 1)]


def test_a_file_locked_by_another_is_waited_for_while_the_loop_goes_on(tmp_path: Path) -> None:
    async def played() -> list[str]:
        file = tmp_path / "db"
        waiter = Database(SHELF, SqliteFile(file), versioned=True)
        await waiter.open()
        came: list[str] = []
        held = asyncio.Event()
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")

        async def commit() -> None:
            tx = waiter.begin()
            tx.put(COUNTERS, Counter("a", 1))
            held.set()
            await waiter.commit(tx, nothing_to_keep, lambda _earlier: came.append("kept"))

        going = asyncio.create_task(commit())
        await held.wait()
        for _ in range(3):
            await asyncio.sleep(0)
            came.append("loop")
        holder.execute("COMMIT")
        await going
        await waiter.close()
        holder.close()
        return came

    assert asyncio.run(played()) == ["loop", "loop", "loop", "kept"]


def test_a_closed_database_is_unavailable(tmp_path: Path) -> None:
    database = Database(SHELF, SqliteFile(tmp_path / "db"), versioned=True)

    with pytest.raises(StoreUnavailable):
        asyncio.run(database.get(COUNTERS, "a"))
