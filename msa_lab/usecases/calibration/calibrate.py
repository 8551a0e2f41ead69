"""Calibrate a topology against real processes, and check that both worlds then meet."""

from __future__ import annotations

import dataclasses
import functools
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msa_lab.errors import EnvironmentTrouble
from msa_lab.scenario.model import Call, Repeat
from msa_lab.sdk.values import Duration, seconds
from msa_lab.topology.model import Topology
from msa_lab.usecases.calibration.demand import Demand, Usage, demand_of, mean_of
from msa_lab.usecases.calibration.deriving import Basis, Calibration, untouched
from msa_lab.usecases.calibration.observing import Measured, Work
from msa_lab.usecases.calibration.regulars import FLOW, regulars
from msa_lab.usecases.calibration.speed import Compared, Speed, compared
from msa_lab.usecases.calibration.stalling import Watched
from msa_lab.usecases.calibration.topologyfile import MACHINE
from msa_lab.usecases.calibration.twin import CUSTOMERS, WARM, Fit, Stage, observed, timed, visits_of
from msa_lab.usecases.ports import Plan

SCHEMA: Final = "msalab/calibration@1"
PAUSE = seconds(4)
"""How long customers stay away on average where a rate is wanted: far longer than a visit."""

LEVELS = (0.2, 0.5, 0.8)
ROUNDS = 3
"""How often the real shop is measured: one play that the host disturbs must not decide."""

SIMULATED = 3
"""How many seeds the simulated shop is played with at each share: a tail of few samples wanders by itself."""

AIM = 0.25


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The result. `cpu` is what a visit was seen to take at capacity, `quiet` in a quiet shop: CPU seconds.

    Capacities are visits a second; `levels` compare both worlds at shares of the real one, `met` has what the
    shares were, for the capacity moves meanwhile. `watched` is what was seen of the cores, `failed` how many
    requests and sagas of the real shop came to nothing.
    """

    topology: Topology
    found: Calibration
    cpu: Demand
    quiet: float
    capacity: float
    simulated_capacity: float
    levels: Mapping[float, tuple[Compared, ...]]
    met: Mapping[float, float]
    watched: Watched = field(default_factory=Watched)
    failed: int = 0

    @property
    def used(self) -> float:
        """Which share of the cores the real shop used at its capacity."""
        return self.capacity * self.cpu.whole / self.topology.machines[MACHINE].cores

    @property
    def within_aim(self) -> bool:
        """Whether every quantile of the sagas is as close as it should be."""
        sagas = [row for rows in self.levels.values() for row in rows if row.what.startswith("saga")]
        return bool(sagas) and all(abs(row.gap) <= AIM for row in sagas)

    @property
    def apart(self) -> float:
        """How far the real shop's own plays of the sagas are apart at most; see `Compared.apart`."""
        sagas = (row for rows in self.levels.values() for row in rows if row.what.startswith("saga"))
        return max((row.apart for row in sagas), default=0.0)

    def summary(self) -> dict[str, Any]:
        """Give the stable JSON object; durations are microseconds, CPU is in seconds."""
        return {
            "schema": SCHEMA,
            "topology": self.topology.id,
            "capacity": {"process": self.capacity, "sim": self.simulated_capacity},
            "cpu_per_visit": {
                "seen": self.cpu.whole,
                "quiet": self.quiet,
                "fitted": self.found.demand,
                "calls": self.found.calls,
                "processes": dict(self.cpu.groups),
                "rest": self.cpu.rest,
            },
            "used_at_capacity": self.used,
            "aim": AIM,
            "within_aim": self.within_aim,
            "apart": self.apart,
            "failed": self.failed,
            "stood_still": self.watched.share if self.watched.time else None,
            "slow": self.watched.slow_share if self.watched.time else None,
            "levels": [
                {
                    "share": share,
                    "met": self.met[share],
                    "rows": [
                        {
                            "what": row.what,
                            "quantile": row.share,
                            "process": row.real,
                            "sim": row.simulated,
                            "gap": row.gap,
                            "samples": list(row.samples),
                            "plays": list(row.plays),
                        }
                        for row in rows
                    ],
                }
                for share, rows in self.levels.items()
            ],
        }


def calibrate(
    plan: Plan,
    stage: Stage,
    *,
    name: str,
    cores: int,
    note: str,
    length: Duration,
    watched: Callable[[], Watched] = Watched,
) -> Calibrated:
    """Measure the real shop, derive a topology, and play the simulated one at shares of the capacity, too.

    Each measurement takes `length`. No cost is fitted to what is measured at the shares.
    `watched` tells what was seen of the machine's stalls and slowdowns meanwhile.

    Raises:
        UserMistake: when the scenario cannot be repeated.
        EnvironmentTrouble: when the real shop did not serve.
    """
    requests = calls_of_a_visit(regulars(plan, 1, length))
    rounds = [_round(plan, stage, length, requests, f"round {number}") for number in range(1, ROUNDS + 1)]
    capacity = statistics.median(one.capacity for one in rounds)
    try:
        busy = [play for one in rounds for play in one.busy]
        visits = sum(play.every for play in busy) / requests
        idle = mean_of([one.idle for one in rounds])
        demand = demand_of([used for one in rounds for used in one.used], idle, visits, plan.topology)
        quiet = statistics.median(one.quietly(requests) for one in rounds)
        measured = functools.reduce(Measured.with_those_of, (one.measured for one in rounds))
        groups = {service: plan.topology.process_of(service) for service in plan.topology.deployments}
        host = watched().machine(cores)
        basis = Basis(untouched(measured, host), requests, handled_events(plan), groups)
        fit = Fit(plan, stage, basis, length, name=name, note=note, machine=host)
        found, simulated = fit.meeting(capacity, demand)
    except ValueError as error:
        raise EnvironmentTrouble(f"the shop cannot be measured: {error}") from error
    twin = fit.twin(found)
    levels = {}
    met = {share: statistics.median(one.shares[share] for one in rounds) for share in LEVELS}
    for share in LEVELS:
        level, begin = _at(twin, met[share] * capacity, length)
        seeds = (dataclasses.replace(level, seed=level.seed + more) for more in range(SIMULATED))
        same = [timed(stage, "sim", played, f"at {share:.0%}", begin)[0] for played in seeds]
        levels[share] = compared([one.levels[share] for one in rounds], same)
    failed = sum(play.failed for one in rounds for play in (*one.busy, one.quiet, *one.levels.values()))
    return Calibrated(
        twin.topology, found, demand, quiet, capacity, simulated, levels, met, watched(), failed
    )


@dataclass(frozen=True, slots=True)
class _Round:
    """All measurements of the real shop, one after the other: a machine's pace changes by the minute.

    `shares` says which part of the capacity each level was, as the plays before and after it tell.
    """

    busy: Sequence[Speed]
    used: Sequence[Usage]
    capacity: float
    levels: Mapping[float, Speed]
    shares: Mapping[float, float]
    measured: Measured
    quiet: Speed
    quiet_used: Usage
    idle: Usage

    def quietly(self, requests: int) -> float:
        """Give the CPU seconds of a visit of so many requests to the quiet shop.

        Raises:
            EnvironmentTrouble: when there was none.
        """
        visits_of(self.quiet, requests, "process")
        return (self.quiet_used.whole - self.idle.whole) / (self.quiet.every / requests)


def _round(plan: Plan, stage: Stage, length: Duration, requests: int, which: str) -> _Round:
    driven = regulars(plan, CUSTOMERS, length)

    def at_capacity(when: str) -> tuple[Speed, Usage, float]:
        speed, used = timed(stage, "process", driven, f"at capacity, {which}{when}", WARM)
        return speed, used, visits_of(speed, requests, "process")

    def loaded(share: float, capacity: float) -> Speed:
        level, begin = _at(plan, share * capacity, length)
        return timed(stage, "process", level, f"at {share:.0%}, {which}", begin)[0]

    # The nearer to the capacity, the more it matters that it is still the same.
    first, *others = sorted(LEVELS, reverse=True)
    busy, used, before = at_capacity("")
    levels = {first: loaded(first, before)}
    more, again, after = at_capacity(", again")
    levels |= {share: loaded(share, after) for share in others}
    measured, quiet, quiet_used = observed(stage, "process", plan, length, f"one customer, {which}")
    idle = stage.play("process", regulars(plan, 0, length), {}, f"no customer, {which}")
    capacity = (before + after) / 2
    shares = {first: first * before / capacity, **{share: share for share in others}}
    return _Round((busy, more), (used, again), capacity, levels, shares, measured, quiet, quiet_used, idle)


def calls_of_a_visit(plan: Plan) -> int:
    """Give how many requests a regular customer makes in one visit."""
    (repeated,) = (step for step in plan.scenario.flows[FLOW] if isinstance(step, Repeat))
    return sum(isinstance(step, Call) for step in repeated.steps)


def handled_events(plan: Plan) -> frozenset[Work]:
    """Give all handling of events, as work."""
    return frozenset((spec.name, part.type.name) for spec in plan.specs for part in spec.subscriptions)


def _at(plan: Plan, rate: float, length: Duration) -> tuple[Plan, int]:
    """Give a plan with that many visits a second, and when what it starts with is over."""
    customers = max(1, round(rate * PAUSE / 1_000_000))
    pause = Duration(round(customers / rate * 1_000_000))
    whole = Duration(length + pause)
    return regulars(plan, customers, whole, pause=pause), WARM + pause
