"""`gather` and `timeout`, in every world that has them."""

from __future__ import annotations

import pytest

from msa_lab.sdk import Context, Duration, NotFound, ms
from msa_lab.sdk.failures import Timeout
from tests.builders import Stage
from tests.contract.conftest import Ports


async def after(ctx: Context, pause: int, value: str, notes: list[str]) -> str:
    await ctx.clock.sleep(Duration(pause))
    notes.append(value)
    return value


async def fail(ctx: Context, pause: int, error: Exception) -> str:
    await ctx.clock.sleep(Duration(pause))
    raise error


def test_gather_gives_results_in_the_order_of_the_parts(ports: Ports) -> None:
    async def work(ctx: Context) -> tuple[str, ...]:
        return await ctx.gather(after(ctx, 9_000, "slow", []), after(ctx, 1_000, "quick", []))

    assert ports.run(work) == ("slow", "quick")


def test_gathering_nothing_gives_nothing(ports: Ports) -> None:
    async def work(ctx: Context) -> tuple[str, ...]:
        return await ctx.gather()

    assert ports.run(work) == ()


def test_gather_raises_the_first_parts_failure_when_all_have_ended(ports: Ports) -> None:
    notes: list[str] = []

    async def work(ctx: Context) -> None:
        await ctx.gather(
            fail(ctx, 2_000, NotFound("first")),
            fail(ctx, 1_000, NotFound("second")),
            after(ctx, 9_000, "done", notes),
        )

    with pytest.raises(NotFound, match="first"):
        ports.run(work)
    assert notes == ["done"]


def test_a_part_in_time_gives_its_result(ports: Ports) -> None:
    async def work(ctx: Context) -> str:
        return await ctx.timeout(ms(500), after(ctx, 4_000, "in time", []))

    assert ports.run(work) == "in time"


def test_a_part_that_fails_in_time_raises_its_own_failure(ports: Ports) -> None:
    async def work(ctx: Context) -> str:
        return await ctx.timeout(ms(500), fail(ctx, 4_000, NotFound("nothing")))

    with pytest.raises(NotFound, match="nothing"):
        ports.run(work)


def test_a_part_that_is_late_is_an_indefinite_timeout(ports: Ports) -> None:
    async def work(ctx: Context) -> str:
        return await ctx.timeout(ms(5), after(ctx, 6_000, "late", []))

    with pytest.raises(Timeout) as late:
        ports.run(work)
    assert not late.value.definite


def test_parts_run_at_the_same_time(stage: Stage) -> None:
    async def work(ctx: Context) -> int:
        began = ctx.clock.now()
        await ctx.gather(*(after(ctx, pause, "", []) for pause in (3_000, 9_000, 5_000)))
        return ctx.clock.now() - began

    assert stage.run("shelf-1", work) == 9_000


def test_time_up_is_told_at_once_and_closes_the_part(stage: Stage) -> None:
    notes: list[str] = []

    async def work(ctx: Context) -> int:
        began = ctx.clock.now()
        with pytest.raises(Timeout):
            await ctx.timeout(ms(5), after(ctx, 6_000, "late", notes))
        took = ctx.clock.now() - began
        await ctx.clock.sleep(ms(50))
        return took

    assert stage.run("shelf-1", work) == 5_000
    assert notes == []


def test_what_a_closed_part_had_begun_side_by_side_is_closed_too(stage: Stage) -> None:
    notes: list[str] = []

    async def several(ctx: Context) -> str:
        await ctx.gather(after(ctx, 6_000, "one", notes), after(ctx, 1_000, "two", notes))
        return "never"

    async def work(ctx: Context) -> None:
        with pytest.raises(Timeout):
            await ctx.timeout(ms(5), several(ctx))
        await ctx.clock.sleep(ms(50))

    stage.run("shelf-1", work)
    assert notes == ["two"]


def test_no_time_at_all_is_up_at_once(stage: Stage) -> None:
    async def work(ctx: Context) -> int:
        await ctx.clock.sleep(ms(10))
        began = ctx.clock.now()
        with pytest.raises(Timeout):
            await ctx.timeout(Duration(-3_000), after(ctx, 6_000, "late", []))
        return ctx.clock.now() - began

    assert stage.run("shelf-1", work) == 0
