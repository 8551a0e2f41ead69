"""SimPy with nothing on top: what its queue costs."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy

from msa_lab.runtime.sim.kernel import Kernel

WIDTH = 100
"""How many chains of events are under way at once: about as many as in the shop."""


def callbacks(events: int) -> None:
    """Drive so many timeouts, each with one callback that makes the next."""
    env = simpy.Environment()
    draw = random.Random(1).random
    left = events

    def again(_event: simpy.Event) -> None:
        nonlocal left
        left -= 1
        if left >= WIDTH:
            env.timeout(draw()).callbacks.append(again)

    for _ in range(WIDTH):
        env.timeout(draw()).callbacks.append(again)
    env.run()
    assert left == 0  # noqa: S101 - else something else was timed


def processes(events: int) -> None:
    """Drive so many timeouts that processes wait for."""
    env = simpy.Environment()
    draw = random.Random(1).random

    def walk(count: int) -> Generator[simpy.Event, Any, None]:
        for _ in range(count):
            yield env.timeout(draw())

    for _ in range(WIDTH):
        env.process(walk(events // WIDTH))
    env.run()


def timers(events: int) -> None:
    """Drive so many of the lab's own timers on the same queue."""
    kernel = Kernel()
    draw = random.Random(1).random
    left = events

    def again(_nothing: object) -> None:
        nonlocal left
        left -= 1
        if left >= WIDTH:
            kernel.after(int(draw() * 1_000_000), again)

    for _ in range(WIDTH):
        kernel.after(int(draw() * 1_000_000), again)
    kernel.run_to(10**15)
    assert left == 0  # noqa: S101 - else something else was timed
