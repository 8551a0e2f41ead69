"""Leases, in every world that has them."""

from __future__ import annotations

import pytest

from msa_lab.sdk import Context, ms
from msa_lab.sdk.failures import LockUnavailable
from tests.contract.conftest import Ports


def test_a_lease_is_held_by_one_and_definitely_refused_to_others(ports: Ports) -> None:
    async def work(ctx: Context) -> bool:
        await ctx.lock.acquire("till", ms(10))
        await ctx.lock.acquire("another", ms(10))
        with pytest.raises(LockUnavailable) as refused:
            await ctx.lock.acquire("till", ms(10))
        return refused.value.definite

    assert ports.run(work)


def test_a_lease_given_back_can_be_taken_at_once(ports: Ports) -> None:
    async def work(ctx: Context) -> int:
        token = await ctx.lock.acquire("till", ms(10))
        await ctx.lock.release("till", token)
        return len({token, await ctx.lock.acquire("till", ms(10))})

    assert ports.run(work) == 2


def test_a_lease_ends_by_itself(ports: Ports) -> None:
    async def work(ctx: Context) -> None:
        await ctx.lock.acquire("till", ms(10))
        await ctx.clock.sleep(ms(9))
        with pytest.raises(LockUnavailable):
            await ctx.lock.acquire("till", ms(10))
        await ctx.clock.sleep(ms(1))
        await ctx.lock.acquire("till", ms(10))

    ports.run(work)


def test_who_lost_a_lease_cannot_give_back_the_next_ones(ports: Ports) -> None:
    async def work(ctx: Context) -> None:
        lost = await ctx.lock.acquire("till", ms(10))
        await ctx.clock.sleep(ms(10))
        await ctx.lock.acquire("till", ms(10))
        await ctx.lock.release("till", lost)
        with pytest.raises(LockUnavailable):
            await ctx.lock.acquire("till", ms(10))

    ports.run(work)


def test_fencing_tokens_rise(ports: Ports) -> None:
    async def work(ctx: Context) -> list[str]:
        tokens = []
        for _ in range(12):
            tokens.append(await ctx.lock.acquire("till", ms(1)))
            await ctx.clock.sleep(ms(1))
        return tokens

    tokens = ports.run(work)
    assert tokens == sorted(tokens)
    assert len(set(tokens)) == 12
