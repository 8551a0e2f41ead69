"""The whole shopping journey, from registering to the end of the checkout's saga, against bare SimPy.

The scenario is the shipped `checkout` without chaos, with more shoppers a second. It is played three ways:
the engine alone (no log), with a log of key events, and as `msalab scenario` does it: every event judged,
counted, encoded and hashed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bare
from rounds import ratio, rounds, spread

import msa_lab.runtime.sim.shop as shops
from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for, simulated_world
from msa_lab.runtime.sim.kernel import Kernel
from msa_lab.sdk.values import seconds
from msa_lab.telemetry.log import EventLog
from msa_lab.usecases.ports import Plan

RATE = 20
SECONDS = 15
SEED = 42


class Kernels:
    """Notes the kernels that are made, so that their steps can be read afterwards."""

    def __init__(self) -> None:
        self.last: Kernel | None = None
        keep = self

        class Noted(Kernel):
            def __init__(self) -> None:
                super().__init__()
                keep.last = self

        vars(shops)["Kernel"] = Noted

    @property
    def steps(self) -> int:
        if self.last is None:
            raise RuntimeError("no kernel was made")
        return self.last.steps


def busy_plan(rate: float = RATE, length: int = SECONDS) -> Plan:
    """Plan the shipped checkout with one phase of `rate` shoppers a second."""
    workspace = Workspace(Path(__file__).parent.parent)
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    phase = dataclasses.replace(scenario.load[0], rate=float(rate), duration=seconds(length))
    # Enough goods for everybody, so that every journey goes through.
    given = dict(scenario.given)
    given["stock"] = dict.fromkeys(given["stock"], 1_000_000)
    scenario = dataclasses.replace(
        scenario, load=(phase,), duration=seconds(length), steady=None, expect=scenario.expect, given=given
    )
    return plan_for(workspace, specs, scenario, Wishes(seed=SEED))


def engine_alone(plan: Plan) -> None:
    """Play with a log that nobody reads."""
    simulated_world().play(plan, EventLog(), steady=_steady, stop=_go_on, progress=_silent)


def _steady() -> None:
    return None


def _go_on() -> bool:
    return False


def _silent(now: int, end: int) -> None: ...


def _ignore(lines: bytes) -> None: ...


def ways(plan: Plan) -> dict[str, Callable[[], Any]]:
    """Give the ways of playing, by name."""
    return {
        "engine alone": lambda: engine_alone(plan),
        "log key": lambda: play(plan, write=_ignore, level="key"),
        "log all": lambda: play(plan, write=_ignore),
    }


def main(count: int) -> None:
    kernels = Kernels()
    plan = busy_plan()
    done = play(plan).sagas["completed"]
    steps = kernels.steps
    print(
        f"journeys: {done} of {RATE}/s over {SECONDS} s, {steps} kernel events, {steps / done:.1f} a journey"
    )
    pieces = {
        **ways(plan),
        "SimPy callbacks": lambda: bare.callbacks(steps),
        "SimPy processes": lambda: bare.processes(steps),
        "our timers": lambda: bare.timers(steps),
    }
    taken = rounds(pieces, count)
    for name in ways(plan):
        per_second = spread([done / value for value in taken[name]])
        events = steps / done * per_second.middle
        print(f"  {name:16} {per_second.middle:8.0f} journeys/s  {events:9.0f} events/s")
    for name in ("SimPy callbacks", "SimPy processes", "our timers"):
        print(f"  {name:16} {steps / spread(taken[name]).middle:31.0f} events/s")
    print("  ratio to bare SimPy for the same number of kernel events (aim 0.5)")
    for name in ways(plan):
        for base in ("SimPy callbacks", "SimPy processes"):
            print(f"    {name:14} / {base:16} {ratio(taken[base], taken[name])}")


if __name__ == "__main__":
    main(5)
