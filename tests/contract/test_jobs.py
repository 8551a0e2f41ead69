"""Periodic jobs: on each instance, never overlapping, over crashes and failures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Coroutine
from typing import Any

from msa_lab.sdk import Context, Duration, Job, NotFound, ms, seconds
from msa_lab.sdk.failures import StoreUnavailable
from tests.builders import BANK, DIARY, SHELF, TILL, Stage


def with_job(run: Callable[[Context], Coroutine[Any, Any, None]], *settings: str) -> Stage:
    """Give a stage on which the diary does something every second."""
    diary = dataclasses.replace(DIARY, jobs=(Job("diary.tidy", seconds(1), run),))
    return Stage(settings, specs=(BANK, diary, SHELF, TILL))


def runs(stage: Stage) -> list[tuple[int, str]]:
    """Give when and where the job said something."""
    return [(event.t, event.instance) for event in stage.events("note")]


async def tidy(ctx: Context) -> None:
    ctx.log("tidied")


def test_a_job_runs_periodically_on_each_instance() -> None:
    stage = with_job(tidy, "services.diary.replicas=2")
    stage.play(seconds(2.5))

    assert runs(stage) == [
        (1_000_000, "diary-1"),
        (1_000_000, "diary-2"),
        (2_000_000, "diary-1"),
        (2_000_000, "diary-2"),
    ]


def test_a_job_that_takes_longer_than_its_period_never_overlaps_itself() -> None:
    async def slow(ctx: Context) -> None:
        ctx.log("began")
        await ctx.clock.sleep(Duration(2_500_000))

    stage = with_job(slow)
    stage.play(seconds(9))

    assert [t for t, _ in runs(stage)] == [1_000_000, 4_500_000, 8_000_000]


def test_a_job_that_fails_comes_again() -> None:
    async def failing(ctx: Context) -> None:
        ctx.log("began")
        raise StoreUnavailable if ctx.clock.now() < seconds(2) else NotFound

    stage = with_job(failing)
    stage.play(seconds(3.5))

    assert [t for t, _ in runs(stage)] == [1_000_000, 2_000_000, 3_000_000]


def test_a_job_dies_with_its_incarnation_and_the_next_one_starts_anew() -> None:
    async def slow(ctx: Context) -> None:
        ctx.log("began")
        await ctx.clock.sleep(ms(500))
        ctx.log("ended")

    stage = with_job(slow)
    stage.play(seconds(1.2))
    stage.kill("diary-1")
    stage.play(seconds(1))
    assert [t for t, _ in runs(stage)] == [1_000_000]

    stage.restart("diary-1")
    stage.play(seconds(1.6))
    assert [t for t, _ in runs(stage)] == [1_000_000, 3_200_000, 3_700_000]


def test_a_job_waits_while_its_instance_is_paused() -> None:
    stage = with_job(tidy)
    stage.pause("diary-1")
    stage.play(seconds(3.5))
    assert runs(stage) == []

    stage.resume("diary-1")
    stage.play(seconds(1.2))
    assert [t for t, _ in runs(stage)] == [3_500_000, 4_500_000]
