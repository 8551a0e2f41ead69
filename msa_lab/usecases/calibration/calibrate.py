"""Calibrate a topology against real processes, and check that both worlds then meet."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from msa_lab.errors import EnvironmentTrouble
from msa_lab.scenario.model import Call, Repeat
from msa_lab.sdk.values import Duration, seconds
from msa_lab.telemetry.events import LogEvent
from msa_lab.topology.loading import read_topology
from msa_lab.topology.model import MachineSettings, Topology
from msa_lab.usecases.calibration.deriving import Calibration, derived
from msa_lab.usecases.calibration.observing import KINDS as OBSERVED
from msa_lab.usecases.calibration.observing import Measured, Observer, Work
from msa_lab.usecases.calibration.regulars import FLOW, regulars
from msa_lab.usecases.calibration.speed import KINDS as TIMED
from msa_lab.usecases.calibration.speed import Compared, Speed, compared
from msa_lab.usecases.calibration.stalling import Watched
from msa_lab.usecases.calibration.topologyfile import MACHINE, topology_text
from msa_lab.usecases.ports import Plan

SCHEMA: Final = "msalab/calibration@1"
CUSTOMERS = 8
"""How many customers drive a shop to its capacity: enough that no core idles, few enough for timeouts."""

PAUSE = seconds(4)
"""How long customers stay away on average where a rate is wanted: far longer than a visit."""

QUIET_PAUSE = seconds(0.4)
LEVELS = (0.2, 0.5, 0.8)
WARM = seconds(2)
SIMULATED = 3
"""How many seeds the simulated shop is played with at each share: a tail of few samples wanders by itself."""

AIM = 0.25
TRIES = 6
NEAR = 0.03
"""How near the simulated capacity must come to the real one, as a share, before the looking ends."""

_FULL = "at capacity"

World = Literal["sim", "process"]
Listeners = Mapping[Callable[[LogEvent], object], tuple[str, ...]]


class Stage(Protocol):
    """Plays plans in either world."""

    def play(self, world: World, plan: Plan, listeners: Listeners, what: str) -> float:
        """Play a plan and give the CPU seconds it took, starting and ending included.

        `what` tells people which part of the calibration it is.

        Raises:
            EnvironmentTrouble: when the machine refuses.
        """
        ...


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The result. `cpu` is what a visit was seen to take, in seconds.

    Capacities are visits a second; `levels` compare both worlds at shares of the real one. `watched` is what
    was seen of the cores, `failed` how many requests and sagas of the real shop came to nothing.
    """

    topology: Topology
    text: str
    found: Calibration
    cpu: float
    capacity: float
    simulated_capacity: float
    levels: Mapping[float, tuple[Compared, ...]]
    watched: Watched = field(default_factory=Watched)
    failed: int = 0

    @property
    def used(self) -> float:
        """Which share of the cores the real shop used at its capacity."""
        return self.capacity * self.cpu / self.topology.machines[MACHINE].cores

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
        """Give the stable JSON object; durations are microseconds."""
        return {
            "schema": SCHEMA,
            "topology": self.topology.id,
            "capacity": {"process": self.capacity, "sim": self.simulated_capacity},
            "cpu_per_visit": {"seen": self.cpu, "fitted": self.found.demand, "calls": self.found.seen},
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
    """Measure the real shop, derive a topology, and play both worlds at shares of the capacity.

    Each measurement takes `length`. The shares are measured anew, twice each, and no cost is fitted to them.
    `watched` tells what was seen so far of the machine's stalls and slowdowns: at first for the fit, and at
    the end for the topology, because a host does as it likes while the shares are played, too.

    Raises:
        UserMistake: when the scenario cannot be repeated.
        EnvironmentTrouble: when the real shop did not serve.
    """
    requests = calls_of_a_visit(regulars(plan, 1, length))
    busy, at_capacity = _timed(regulars(plan, CUSTOMERS, length), stage, "process", _FULL, WARM)
    capacity = _rate(busy, requests, "process")
    quiet, alone, measured = _quiet(plan, stage, length)
    try:
        demand = _demand(at_capacity - alone, busy.every - quiet.every, requests)
        host = watched().machine(cores)
        fit = _Fit(plan, stage, measured, requests, length, name=name, note=note, machine=host)
        found, _, simulated = fit.meeting(capacity, demand)
    except ValueError as error:
        raise EnvironmentTrouble(f"the shop cannot be measured: {error}") from error
    real: dict[float, list[Speed]] = {share: [] for share in LEVELS}
    for again in ("", " again"):  # one after the other, so that a machine that changes its pace is found out
        for share in LEVELS:
            level, begin = _at(plan, share * capacity, length)
            real[share].append(_timed(level, stage, "process", f"at {share:.0%}{again}", begin)[0])
    failed = sum(
        speed.failed for speed in (busy, quiet, *(play for plays in real.values() for play in plays))
    )
    fit.machine = watched().machine(cores)
    twin = fit.twin(found)
    levels = {}
    for share, plays in real.items():
        level, begin = _at(twin, share * capacity, length)
        seeds = (dataclasses.replace(level, seed=level.seed + more) for more in range(SIMULATED))
        same = [_timed(played, stage, "sim", f"at {share:.0%}", begin)[0] for played in seeds]
        levels[share] = compared(plays, same)
    return Calibrated(twin.topology, fit.text, found, demand, capacity, simulated, levels, watched(), failed)


@dataclass(slots=True)
class _Fit:
    """Looks for the demand with which the simulated shop has the real one's capacity.

    CPU seconds miss what the kernel does for nobody in particular, and waiting for each other's locks takes
    none at all; but whatever bounds the real shop must bound its twin. Capacity goes with the inverse of
    demand, so each try corrects it by how far the capacity is off (simulated moments; McFadden, 1989).
    """

    plan: Plan
    stage: Stage
    measured: Measured
    requests: int
    length: Duration
    name: str
    note: str
    machine: MachineSettings
    text: str = ""

    def meeting(self, capacity: float, demand: float) -> tuple[Calibration, Plan, float]:
        """Give the calibration, the plan with its topology, and its capacity.

        Raises:
            ValueError: when too little was measured.
        """
        for attempt in range(1, TRIES + 1):
            found, twin = self._fitted(demand)
            busy = regulars(twin, CUSTOMERS, self.length)
            speed, _ = _timed(busy, self.stage, "sim", f"at capacity, try {attempt}", WARM)
            simulated = _rate(speed, self.requests, "sim")
            if abs(simulated / capacity - 1) <= NEAR:
                break
            if attempt < TRIES:
                demand *= simulated / capacity
        return found, twin, simulated

    def _fitted(self, demand: float) -> tuple[Calibration, Plan]:
        events = handled_events(self.plan)
        found = derived(
            self.measured, requests=self.requests, demand=demand, events=events, machine=self.machine
        )
        return found, self.twin(found)

    def twin(self, found: Calibration) -> Plan:
        """Give the plan with the topology of a calibration, and keep its text."""
        played = self.plan.topology
        self.text = topology_text(played, found, name=self.name, machine=self.machine, note=self.note)
        topology = read_topology(self.text, played.specs, f"{self.name}.yaml")
        return dataclasses.replace(self.plan, topology=topology)


def calls_of_a_visit(plan: Plan) -> int:
    """Give how many requests a regular customer makes in one visit."""
    (repeated,) = (step for step in plan.scenario.flows[FLOW] if isinstance(step, Repeat))
    return sum(isinstance(step, Call) for step in repeated.steps)


def handled_events(plan: Plan) -> frozenset[Work]:
    """Give all handling of events, as work."""
    return frozenset((spec.name, part.type.name) for spec in plan.specs for part in spec.subscriptions)


def _demand(cpu: float, requests: int, of_a_visit: int) -> float:
    """Give the CPU seconds of a visit from how much more a busy run took than a quiet one.

    Both start and end the same processes and are as long, so what does not depend on visits cancels out.
    Others who use the machine slow a run and do not change this.

    Raises:
        ValueError: when the busy run was not busier.
    """
    if cpu <= 0 or requests <= 0:
        raise ValueError("eight customers were served no more often than one")
    return cpu * of_a_visit / requests


def _rate(speed: Speed, requests: int, world: World) -> float:
    rate = speed.rate(requests)
    if not rate:
        raise EnvironmentTrouble(f"no customer was served in time ({world})")
    return rate


def _quiet(plan: Plan, stage: Stage, length: Duration) -> tuple[Speed, float, Measured]:
    observer, speed = Observer(int(WARM)), Speed(int(WARM), length)
    listeners: Listeners = {observer.feed: OBSERVED, speed.feed: TIMED}
    cpu = stage.play("process", regulars(plan, 1, length, pause=QUIET_PAUSE), listeners, "one customer")
    return speed, cpu, observer.measured()


def _at(plan: Plan, rate: float, length: Duration) -> tuple[Plan, int]:
    """Give a plan with that many visits a second, and when what it starts with is over."""
    customers = max(1, round(rate * PAUSE / 1_000_000))
    pause = Duration(round(customers / rate * 1_000_000))
    whole = Duration(length + pause)
    return regulars(plan, customers, whole, pause=pause), WARM + pause


def _timed(plan: Plan, stage: Stage, world: World, what: str, begin: int) -> tuple[Speed, float]:
    speed = Speed(begin, plan.scenario.duration)
    cpu = stage.play(world, plan, {speed.feed: TIMED}, what)
    return speed, cpu
