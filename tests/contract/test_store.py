"""The store, in every world that has one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from msa_lab.sdk import Conflict, Context, Duplicate, Transaction
from tests.builders import COUNTERS, DEEDS, Counter, Deed, Sold
from tests.contract.conftest import Ports


async def keep(ctx: Context, *counters: Counter) -> None:
    async def work(tx: Transaction) -> None:
        for counter in counters:
            tx.put(COUNTERS, counter)

    await ctx.store.transact(work)


def kept(ports: Ports, key: str) -> Counter | None:
    async def work(ctx: Context) -> Counter | None:
        return await ctx.store.get(COUNTERS, key)

    return ports.run(work)


def test_what_was_committed_is_read_afterwards(ports: Ports) -> None:
    ports.run(lambda ctx: keep(ctx, Counter("a", 1)))

    assert kept(ports, "a") == Counter("a", 1)
    assert kept(ports, "b") is None


def test_a_transaction_reads_its_own_writes_and_nobody_else_does(ports: Ports) -> None:
    async def work(ctx: Context) -> tuple[object, ...]:
        async def write(tx: Transaction) -> tuple[object, ...]:
            tx.put(COUNTERS, Counter("a", 1, "x"))
            tx.delete(COUNTERS, "gone")
            return (
                await tx.get(COUNTERS, "a"),
                await tx.find(COUNTERS, label="x"),
                await tx.get(COUNTERS, "gone"),
                await ctx.store.get(COUNTERS, "a"),
                await ctx.store.get(COUNTERS, "gone"),
            )

        return await ctx.store.transact(write)

    ports.run(lambda ctx: keep(ctx, Counter("gone", 9)))

    assert ports.run(work) == (Counter("a", 1, "x"), [Counter("a", 1, "x")], None, None, Counter("gone", 9))
    assert kept(ports, "gone") is None


def test_an_error_in_the_work_commits_nothing(ports: Ports) -> None:
    async def work(ctx: Context) -> None:
        async def write(tx: Transaction) -> None:
            tx.put(COUNTERS, Counter("a", 1))
            tx.publish(Sold("s"))
            raise LookupError

        await ctx.store.transact(write)

    with pytest.raises(LookupError):
        ports.run(work)
    assert kept(ports, "a") is None
    assert ports.published() == []


def test_records_of_two_tables_and_events_take_effect_together(ports: Ports) -> None:
    async def work(ctx: Context) -> None:
        async def write(tx: Transaction) -> None:
            tx.put(COUNTERS, Counter("a", 1))
            tx.insert(DEEDS, Deed("d", "cup"))
            tx.publish(Sold("s"))
            tx.publish(Sold("t"))

        await ctx.store.transact(write)

    async def deed(ctx: Context) -> Deed | None:
        return await ctx.store.get(DEEDS, "d")

    ports.run(work)

    assert (kept(ports, "a"), ports.run(deed), ports.published()) == (
        Counter("a", 1),
        Deed("d", "cup"),
        ["s", "t"],
    )


def test_a_refused_commit_keeps_nothing_and_publishes_nothing(ports: Ports) -> None:
    async def work(ctx: Context) -> None:
        async def write(tx: Transaction) -> None:
            tx.put(COUNTERS, Counter("b", 2))
            tx.publish(Sold("s"))
            tx.insert(COUNTERS, Counter("a", 7))

        await ctx.store.transact(write)

    ports.run(lambda ctx: keep(ctx, Counter("a", 1)))

    with pytest.raises(Duplicate) as refused:
        ports.run(work)
    assert (refused.value.table, refused.value.fields, refused.value.definite) == ("counters", ("id",), True)
    assert (kept(ports, "a"), kept(ports, "b"), ports.published()) == (Counter("a", 1), None, [])


def test_a_unique_value_is_taken_once_and_free_again_when_given_up(ports: Ports) -> None:
    ports.run(lambda ctx: keep(ctx, Counter("a", 1, "first")))

    with pytest.raises(Duplicate) as refused:
        ports.run(lambda ctx: keep(ctx, Counter("b", 1, "first")))
    ports.run(lambda ctx: keep(ctx, Counter("a", 1, "other")))
    ports.run(lambda ctx: keep(ctx, Counter("b", 1, "first")))

    assert (refused.value.table, refused.value.fields) == ("counters", ("label",))
    assert kept(ports, "b") == Counter("b", 1, "first")


def test_a_unique_value_may_move_from_one_record_to_another_in_one_commit(ports: Ports) -> None:
    ports.run(lambda ctx: keep(ctx, Counter("a", 1, "x"), Counter("b", 2, "y")))
    ports.run(lambda ctx: keep(ctx, Counter("a", 1, "y"), Counter("b", 2, "x")))

    assert (kept(ports, "a"), kept(ports, "b")) == (Counter("a", 1, "y"), Counter("b", 2, "x"))


def moves(ports: Ports, *written: Counter) -> None:
    """The value x goes from a to b in one commit; who holds it then, and who does not?"""
    ports.run(lambda ctx: keep(ctx, Counter("a", 1, "x"), Counter("b", 1)))
    ports.run(lambda ctx: keep(ctx, *written))

    with pytest.raises(Duplicate):
        ports.run(lambda ctx: keep(ctx, Counter("c", 1, "x")))
    ports.run(lambda ctx: keep(ctx, Counter("b", 3)))
    ports.run(lambda ctx: keep(ctx, Counter("c", 1, "x")))

    assert kept(ports, "c") == Counter("c", 1, "x")


def test_a_unique_value_given_up_and_taken_in_one_commit_has_its_new_holder(ports: Ports) -> None:
    moves(ports, Counter("a", 2), Counter("b", 2, "x"))


def test_a_unique_value_taken_before_it_is_given_up_in_one_commit_has_its_new_holder(ports: Ports) -> None:
    moves(ports, Counter("b", 2, "x"), Counter("a", 2))


def test_one_commit_cannot_claim_a_unique_value_twice(ports: Ports) -> None:
    with pytest.raises(Duplicate):
        ports.run(lambda ctx: keep(ctx, Counter("a", 1, "x"), Counter("b", 2, "x")))
    assert (kept(ports, "a"), kept(ports, "b")) == (None, None)


def test_missing_values_are_never_duplicates(ports: Ports) -> None:
    ports.run(lambda ctx: keep(ctx, Counter("a"), Counter("b")))

    assert kept(ports, "b") == Counter("b")


def overtaken(times: int, attempts: int, runs: list[int]) -> object:
    """Give work whose first `times` runs are overtaken by another commit between read and write."""

    async def work(ctx: Context) -> int:
        async def other(tx: Transaction) -> None:
            counter = await tx.get(COUNTERS, "a")
            assert counter is not None
            tx.put(COUNTERS, Counter("a", counter.value + 10))

        async def add(tx: Transaction) -> int:
            counter = await tx.get(COUNTERS, "a")
            assert counter is not None
            runs.append(counter.value)
            if len(runs) <= times:
                await ctx.store.transact(other)
            tx.put(COUNTERS, Counter("a", counter.value + 1))
            return counter.value + 1

        return await ctx.store.transact(add, attempts=attempts)

    return work


def test_an_overtaken_transaction_runs_again_on_what_is_now_there(ports: Ports) -> None:
    runs: list[int] = []
    ports.run(lambda ctx: keep(ctx, Counter("a", 0)))

    assert ports.run(overtaken(2, 8, runs)) == 21  # type: ignore[arg-type] # a function of the context
    assert runs == [0, 10, 20]
    assert kept(ports, "a") == Counter("a", 21)


def test_a_transaction_that_is_always_overtaken_is_a_conflict(ports: Ports) -> None:
    runs: list[int] = []
    ports.run(lambda ctx: keep(ctx, Counter("a", 0)))

    with pytest.raises(Conflict) as refused:
        ports.run(overtaken(99, 3, runs))  # type: ignore[arg-type] # a function of the context
    assert refused.value.definite
    assert runs == [0, 10, 20]
    assert kept(ports, "a") == Counter("a", 30)


def test_finding_gives_the_order_of_keys_up_to_a_bound_and_a_limit(ports: Ports) -> None:
    deeds = [Deed("c", "cup", "3"), Deed("a", "cup", "1"), Deed("d", "jug", "1"), Deed("b", "cup", "2")]

    async def arrange(ctx: Context) -> None:
        async def work(tx: Transaction) -> None:
            for deed in deeds:
                tx.insert(DEEDS, deed)

        await ctx.store.transact(work)

    async def find(ctx: Context) -> tuple[list[str], ...]:
        def keys(found: Sequence[Deed]) -> list[str]:
            return [deed.id for deed in found]

        return (
            keys(await ctx.store.find(DEEDS, piece="cup")),
            keys(await ctx.store.find(DEEDS, piece="cup", limit=2)),
            keys(await ctx.store.find(DEEDS, piece="cup", what="2")),
            keys(await ctx.store.find(DEEDS, piece="pot")),
        )

    ports.run(arrange)
    assert ports.run(find) == (["a", "b", "c"], ["a", "b"], ["b"], [])


def test_finding_keeps_what_is_not_above_the_bound(ports: Ports) -> None:
    async def arrange(ctx: Context) -> None:
        async def work(tx: Transaction) -> None:
            for number in range(4):
                tx.insert(DEEDS, Deed(f"d{number}", "cup"))
                tx.insert(COUNTERS, Counter(f"c{number}", number))

        await ctx.store.transact(work)

    async def find(ctx: Context) -> list[str]:
        found = await ctx.store.find(DEEDS, until=("id", "d1"), piece="cup")  # type: ignore[arg-type] # any order
        return [deed.id for deed in found]

    ports.run(arrange)
    assert ports.run(find) == ["d0", "d1"]


def test_finding_needs_an_index(ports: Ports) -> None:
    async def find(ctx: Context) -> object:
        return await ctx.store.find(DEEDS, what="done")

    with pytest.raises(LookupError, match="none of what is indexed"):
        ports.run(find)


def test_a_deleted_record_is_gone_and_may_be_inserted_again(ports: Ports) -> None:
    async def remove(ctx: Context) -> None:
        async def work(tx: Transaction) -> None:
            tx.delete(COUNTERS, "a")

        await ctx.store.transact(work)

    async def insert(ctx: Context) -> None:
        async def work(tx: Transaction) -> None:
            tx.insert(COUNTERS, Counter("a", 2))

        await ctx.store.transact(work)

    ports.run(lambda ctx: keep(ctx, Counter("a", 1)))
    ports.run(remove)
    assert kept(ports, "a") is None
    ports.run(insert)
    assert kept(ports, "a") == Counter("a", 2)
