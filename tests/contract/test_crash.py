"""Crashes and pauses: what stops, what stays, what is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from msa_lab.sdk import Context, Transaction, ms, seconds
from msa_lab.sdk.failures import ConnectionLost, Unavailable
from tests.builders import (
    COUNTERS,
    SELL,
    SHAKE,
    TAKE,
    Ask,
    Counter,
    Got,
    Sale,
    Sold,
    Stage,
    announcing,
    asking,
)


def value(stage: Stage, key: str = "a") -> object:
    """Give the counter committed on the shelf."""
    row = stage.shop.deployed["shelf"].database.table(COUNTERS).rows.get(key)
    return None if row is None else row.record.value


async def put(ctx: Context, number: int) -> None:
    async def work(tx: Transaction) -> None:
        tx.put(COUNTERS, Counter("a", number))

    await ctx.store.transact(work)


def test_it_stops_between_two_awaits_and_what_was_committed_stays(stage: Stage) -> None:
    async def work(ctx: Context) -> None:
        await put(ctx, 1)
        await ctx.clock.sleep(ms(10))
        await put(ctx, 2)

    going = stage.start("shelf-1", work)
    stage.play(ms(5))
    stage.kill("shelf-1")
    stage.play(ms(100))
    stage.restart("shelf-1")
    stage.play(ms(100))

    assert not going.over
    assert value(stage) == 1


def test_a_commit_under_way_does_not_happen(stage: Stage) -> None:
    stage.start("shelf-1", lambda ctx: put(ctx, 1))
    stage.play(ms(0.5))
    stage.kill("shelf-1")
    stage.play(ms(100))

    assert value(stage) is None


async def commit(ctx: Context) -> None:
    await put(ctx, 9)


async def keep(ctx: Context) -> None:
    await ctx.cache.set("a", "9", seconds(99))


async def unlock(ctx: Context) -> None:
    await ctx.lock.release("lease", "000000000001")


async def index(ctx: Context) -> None:
    await ctx.search.index("a", {"title": "nine"})


async def add(ctx: Context) -> None:
    await ctx.documents.add("notes", {"n": 9})


async def call(ctx: Context) -> None:
    await ctx.call(SHAKE, Ask("cup"))


async def publish(ctx: Context) -> None:
    await ctx.publish(Sold("s"))


async def note(ctx: Context) -> None:
    ctx.log("still here")


async def sleep(ctx: Context) -> None:
    await ctx.clock.sleep(ms(1))
    ctx.log("still here")


LAST_WISHES: tuple[Callable[[Context], Any], ...] = (
    commit, keep, unlock, index, add, call, publish, note, sleep,
)  # fmt: skip


def traces(stage: Stage) -> tuple[object, ...]:
    """Give all that a last wish could have left."""

    async def look(ctx: Context) -> tuple[object, ...]:
        return (
            await ctx.store.get(COUNTERS, "a"),
            await ctx.cache.get("a"),
            await ctx.search.query("nine"),
            await ctx.documents.find("notes"),
        )

    return (
        *stage.run("shelf-1", look),
        stage.count("call.sent"),
        stage.count("event.recorded"),
        stage.count("note"),
    )


@pytest.mark.parametrize("wish", LAST_WISHES, ids=lambda wish: str(wish.__name__))
def test_a_dead_incarnation_can_do_nothing_in_finally(stage: Stage, wish: Callable[[Context], Any]) -> None:
    async def work(ctx: Context) -> None:
        await ctx.lock.acquire("lease", seconds(30))
        try:
            await ctx.clock.sleep(ms(10))
        finally:
            await wish(ctx)

    async def take_lease(ctx: Context) -> None:
        await ctx.lock.acquire("lease", seconds(30))

    stage.start("shelf-1", work)
    stage.play(ms(5))
    stage.kill("shelf-1")
    stage.play(seconds(1))
    stage.restart("shelf-1")

    assert traces(stage) == (None, None, [], [], 0, 0, 0)
    assert stage.try_("shelf-1", take_lease) == "LockUnavailable"


@pytest.mark.parametrize("wish", LAST_WISHES, ids=lambda wish: str(wish.__name__))
def test_a_crash_is_no_exception_that_a_service_can_catch(
    stage: Stage, wish: Callable[[Context], Any]
) -> None:
    async def work(ctx: Context) -> None:
        try:
            await ctx.clock.sleep(ms(10))
        except Exception:  # noqa: BLE001 - whatever it may be
            await wish(ctx)

    stage.start("shelf-1", work)
    stage.play(ms(5))
    stage.kill("shelf-1")
    stage.play(seconds(1))
    stage.restart("shelf-1")

    assert traces(stage) == (None, None, [], [], 0, 0, 0)


def test_memory_is_lost_and_the_incarnation_counts(stage: Stage) -> None:
    async def who(ctx: Context) -> int:
        return ctx.incarnation

    assert stage.run("shelf-1", who) == 1
    stage.kill("shelf-1")
    stage.restart("shelf-1")
    assert stage.run("shelf-1", who) == 2
    assert [(event.kind, event.detail["incarnation"]) for event in stage.log if event.service == "shelf"] == [
        ("instance.started", 1),
        ("instance.crashed", 1),
        ("instance.started", 2),
    ]


def test_callers_of_requests_under_way_find_their_connection_broken(stage: Stage) -> None:
    going = stage.start("till-1", asking(SHAKE, Ask("cup", pause=ms(20))))
    stage.play(ms(5))
    stage.kill("shelf-1")
    stage.play(ms(1))

    assert isinstance(going.error, ConnectionLost)
    assert going.at == 6_000
    assert stage.deeds("shelf") == []


def test_an_instance_that_is_down_refuses_at_once(stage: Stage) -> None:
    stage.kill("shelf-1")
    going = stage.start("till-1", asking(SHAKE, Ask("cup"), timeout=ms(50)))
    stage.play(ms(2))

    assert [event.detail["reason"] for event in stage.events("call.failed")] == [Unavailable.__name__]
    assert going.outcome == "under way"  # a definite failure: it tries again


def test_a_crash_by_its_own_commit_answers_nobody() -> None:
    """The fault strikes the instance in the middle of the handler that set it off."""
    stage = Stage(("patterns.retry=off",), faults=["process.kill shelf-1 after till.sold for 1s"])

    async def handle(ctx: Context) -> None:
        await announcing(Sold("s"))(ctx)

    going = stage.start("shelf-1", handle)
    stage.play(ms(3))

    assert not going.over
    assert not stage.instance("shelf-1").node.up
    assert stage.instance("shelf-1").node.in_progress == 0
    assert len(stage.deeds("shelf")) == 1


def test_a_caller_of_a_handler_that_dies_by_its_own_commit_cannot_know() -> None:
    stage = Stage(
        ("patterns.retry=off", "patterns.checkout=choreographed"),
        faults=["process.kill till-1 after till.sold for 1s"],
    )

    async def buy(ctx: Context) -> Got:
        return await ctx.call(SELL, Sale("s"))

    going = stage.start("bank-1", buy)
    stage.play(seconds(3))

    assert isinstance(going.error, ConnectionLost)
    assert stage.instance("till-1").node.in_progress == 0
    assert stage.instance("till-1").node.incarnation == 2
    assert stage.lines() == ["s"]


def test_the_queue_of_waiting_requests_dies_too() -> None:
    stage = Stage(("services.shelf.concurrency=1", "patterns.retry=off"))
    going = [stage.start("till-1", asking(SHAKE, Ask(f"{n}", pause=ms(20)))) for n in range(3)]
    stage.play(ms(5))
    stage.kill("shelf-1")
    stage.restart("shelf-1")
    stage.play(seconds(1))

    assert [one.outcome for one in going] == ["ConnectionLost"] * 3
    assert stage.deeds("shelf") == []
    assert stage.instance("shelf-1").node.in_progress == 0


def test_a_restarted_instance_takes_its_whole_load_again() -> None:
    stage = Stage(("services.shelf.concurrency=2", "patterns.retry=off", "patterns.breaker=off"))
    for n in range(2):
        stage.start("till-1", asking(SHAKE, Ask(f"{n}", pause=ms(20))))
    stage.play(ms(5))
    stage.kill("shelf-1")
    stage.restart("shelf-1")
    going = [stage.start("till-1", asking(SHAKE, Ask(f"{n}", pause=ms(20)))) for n in range(4)]
    stage.play(seconds(1))

    assert [(one.outcome, one.at) for one in going] == [
        ("ok", 29_000),
        ("ok", 30_000),
        ("ok", 51_000),
        ("ok", 52_000),
    ]


def test_nothing_happens_while_an_instance_is_paused(stage: Stage) -> None:
    async def work(ctx: Context) -> int:
        await ctx.clock.sleep(ms(10))
        await put(ctx, 1)
        return ctx.clock.now()

    going = stage.start("shelf-1", work)
    call_ = stage.start("till-1", asking(TAKE, Ask("cup"), key="k", timeout=ms(900)))
    stage.play(ms(1))
    stage.pause("shelf-1")
    stage.play(ms(500))
    assert (value(stage), call_.outcome, stage.count("call.received")) == (None, "under way", 0)

    stage.resume("shelf-1")
    stage.play(ms(100))
    assert (value(stage), going.result, call_.outcome) == (1, 502_000, "ok")


def test_what_comes_to_a_paused_instance_is_done_in_the_order_of_coming(stage: Stage) -> None:
    stage.pause("shelf-1")
    for number in range(4):
        stage.start("till-1", asking(SHAKE, Ask(f"{number}"), timeout=ms(900)))
        stage.play(ms(1))
    stage.resume("shelf-1")
    stage.play(ms(100))

    assert [deed.piece for deed in stage.deeds("shelf")] == ["0", "1", "2", "3"]


def test_a_crash_ends_a_pause(stage: Stage) -> None:
    stage.pause("shelf-1")
    stage.kill("shelf-1")
    stage.restart("shelf-1")

    assert stage.try_("till-1", asking(SHAKE, Ask("cup"))) == "ok"
