"""The cache, in every world that has one."""

from __future__ import annotations

from msa_lab.sdk import Context, ms
from tests.contract.conftest import Ports


def test_a_value_is_kept_until_its_time_is_over(ports: Ports) -> None:
    async def work(ctx: Context) -> list[str | None]:
        seen = [await ctx.cache.get("a")]
        await ctx.cache.set("a", "1", ms(10))
        seen.append(await ctx.cache.get("a"))
        await ctx.clock.sleep(ms(9))
        seen.append(await ctx.cache.get("a"))
        await ctx.clock.sleep(ms(1))
        seen.append(await ctx.cache.get("a"))
        return seen

    assert ports.run(work) == [None, "1", "1", None]


def test_setting_again_replaces_the_value_and_its_time(ports: Ports) -> None:
    async def work(ctx: Context) -> str | None:
        await ctx.cache.set("a", "1", ms(10))
        await ctx.clock.sleep(ms(8))
        await ctx.cache.set("a", "2", ms(10))
        await ctx.clock.sleep(ms(8))
        return await ctx.cache.get("a")

    assert ports.run(work) == "2"


def test_a_deleted_value_is_gone(ports: Ports) -> None:
    async def work(ctx: Context) -> str | None:
        await ctx.cache.set("a", "1", ms(10))
        await ctx.cache.delete("a")
        await ctx.cache.delete("never there")
        return await ctx.cache.get("a")

    assert ports.run(work) is None


def test_a_counter_counts_and_lives_as_long_as_its_first_step_said(ports: Ports) -> None:
    async def work(ctx: Context) -> list[int | str | None]:
        seen: list[int | str | None] = [await ctx.cache.increment("n", ms(10))]
        await ctx.clock.sleep(ms(6))
        seen.append(await ctx.cache.increment("n", ms(10)))
        seen.append(await ctx.cache.get("n"))
        await ctx.clock.sleep(ms(6))
        seen.append(await ctx.cache.increment("n", ms(10)))
        return seen

    assert ports.run(work) == [1, 2, "2", 1]


def test_what_one_request_kept_the_next_one_finds(ports: Ports) -> None:
    async def put(ctx: Context) -> None:
        await ctx.cache.set("a", "1", ms(1000))

    async def read(ctx: Context) -> str | None:
        return await ctx.cache.get("a")

    ports.run(put)
    assert ports.run(read) == "1"
