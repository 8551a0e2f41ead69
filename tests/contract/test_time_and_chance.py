"""Clock, dice, ids, settings and passwords, in every world that has them."""

from __future__ import annotations

from msa_lab.sdk import Context, Duration, ms
from tests.builders import PATIENCE
from tests.contract.conftest import Ports


def test_sleeping_takes_exactly_as_long_as_said(ports: Ports) -> None:
    async def work(ctx: Context) -> list[int]:
        began = ctx.clock.now()
        await ctx.clock.sleep(ms(7))
        after = ctx.clock.now()
        await ctx.clock.sleep(Duration(0))
        return [after - began, ctx.clock.now() - after]

    assert ports.run(work) == [7_000, 0]


def test_time_never_runs_backwards(ports: Ports) -> None:
    async def work(ctx: Context) -> int:
        await ctx.clock.sleep(ms(7))
        began = ctx.clock.now()
        await ctx.clock.sleep(Duration(-5_000))
        return ctx.clock.now() - began

    assert ports.run(work) == 0


def test_dice_stay_in_their_bounds(ports: Ports) -> None:
    async def work(ctx: Context) -> tuple[list[float], list[int]]:
        return [ctx.dice.random() for _ in range(200)], [ctx.dice.integer(2, 4) for _ in range(200)]

    floats, integers = ports.run(work)
    assert all(0 <= chance < 1 for chance in floats)
    assert all(2 <= number <= 4 for number in integers)


def test_ids_start_with_their_prefix_and_never_come_twice(ports: Ports) -> None:
    async def work(ctx: Context) -> list[str]:
        return [ctx.ids.new(prefix) for prefix in ("ord", "pay", "ord")]

    made = [*ports.run(work), *ports.run(work)]
    assert len(set(made)) == 6
    assert [one.partition("-")[0] for one in made] == ["ord", "pay", "ord", "ord", "pay", "ord"]


def test_a_setting_that_nobody_set_has_its_default(ports: Ports) -> None:
    async def work(ctx: Context) -> int:
        return ctx.config.get(PATIENCE)

    assert ports.run(work) == 250_000


def test_a_password_is_known_by_its_hash_and_not_kept(ports: Ports) -> None:
    async def work(ctx: Context) -> tuple[bool, bool, bool]:
        stored = await ctx.passwords.hash("open sesame")
        return (
            await ctx.passwords.verify("open sesame", stored),
            await ctx.passwords.verify("open says me", stored),
            "sesame" in stored,
        )

    assert ports.run(work) == (True, False, False)


def test_the_context_says_where_it_runs(ports: Ports) -> None:
    async def work(ctx: Context) -> tuple[str, str, int]:
        return ctx.service, ctx.instance, ctx.incarnation

    assert ports.run(work) == ("shelf", "shelf-1", 1)
