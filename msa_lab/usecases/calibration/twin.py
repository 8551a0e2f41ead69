"""Looks for the simulated shop that does as the real one: as long for each part, and of the same capacity."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from msa_lab.errors import EnvironmentTrouble
from msa_lab.sdk.values import Duration, seconds
from msa_lab.telemetry.events import LogEvent
from msa_lab.topology.loading import read_topology
from msa_lab.topology.model import MachineSettings
from msa_lab.usecases.calibration.demand import Demand, Usage
from msa_lab.usecases.calibration.deriving import Basis, Calibration, Waits, derived, lacking, untouched
from msa_lab.usecases.calibration.observing import KINDS as OBSERVED
from msa_lab.usecases.calibration.observing import Measured, Observer
from msa_lab.usecases.calibration.regulars import regulars
from msa_lab.usecases.calibration.speed import KINDS as TIMED
from msa_lab.usecases.calibration.speed import Speed
from msa_lab.usecases.calibration.topologyfile import topology_text
from msa_lab.usecases.ports import Plan

CUSTOMERS = 8
"""How many customers drive a shop to its capacity: enough that no core idles, few enough for timeouts."""

QUIET_PAUSE = seconds(0.4)
WARM = seconds(2)
TRIES = 6
CORRECTIONS = 3
"""How often the simulated quiet shop is held against the real one, for each try."""

NEAR = 0.02
"""How near the simulated capacity must come to the real one, as a share, before the looking ends."""

World = Literal["sim", "process"]
Listeners = Mapping[Callable[[LogEvent], object], tuple[str, ...]]


class Stage(Protocol):
    """Plays plans in either world."""

    def play(self, world: World, plan: Plan, listeners: Listeners, what: str) -> Usage:
        """Play a plan and give the CPU seconds it took, starting and ending included.

        `what` tells people which part of the calibration it is.

        Raises:
            EnvironmentTrouble: when the machine refuses.
        """
        ...


def observed(
    stage: Stage, world: World, plan: Plan, length: Duration, what: str
) -> tuple[Measured, Speed, Usage]:
    """Play one customer who comes back again and again; tell how long each part takes, and the CPU used."""
    observer, speed = Observer(int(WARM)), Speed(int(WARM), length)
    quiet = regulars(plan, 1, length, pause=QUIET_PAUSE)
    used = stage.play(world, quiet, {observer.feed: OBSERVED, speed.feed: TIMED}, what)
    return observer.measured(), speed, used


def timed(stage: Stage, world: World, plan: Plan, what: str, begin: int) -> tuple[Speed, Usage]:
    """Play a plan; tell how fast it was from `begin` on."""
    speed = Speed(begin, plan.scenario.duration)
    used = stage.play(world, plan, {speed.feed: TIMED}, what)
    return speed, used


def visits_of(speed: Speed, requests: int, world: World) -> float:
    """Give the visits a second, of so many requests each.

    Raises:
        EnvironmentTrouble: when there were none.
    """
    rate = speed.rate(requests)
    if not rate:
        raise EnvironmentTrouble(f"no customer was served in time ({world})")
    return rate


@dataclass(frozen=True, slots=True)
class Fit:
    """Looks for the costs with which the simulated shop does as the real one (McFadden, 1989, on moments).

    In each try the simulated quiet shop is held against the real one, part by part: what takes less time
    there waits for the difference. Then its capacity is: the demand measured misses what the kernel does for
    nobody in particular, but whatever bounds the real shop must bound its twin.
    """

    plan: Plan
    stage: Stage
    basis: Basis
    length: Duration
    name: str
    note: str
    machine: MachineSettings

    def meeting(self, capacity: float, demand: Demand) -> tuple[Calibration, float]:
        """Give the calibration and its capacity.

        Raises:
            ValueError: when too little was measured.
            EnvironmentTrouble: when no simulated customer is served.
        """
        waits: Waits = {}
        for attempt in range(1, TRIES + 1):
            found, waits = self._quietly(demand, waits, attempt)
            busy = regulars(self.twin(found), CUSTOMERS, self.length)
            speed, _ = timed(self.stage, "sim", busy, f"at capacity, try {attempt}", WARM)
            simulated = visits_of(speed, self.basis.requests, "sim")
            if abs(simulated / capacity - 1) <= NEAR:
                break
            if attempt < TRIES:
                demand = demand.times(simulated / capacity)
        return found, simulated

    def _quietly(self, demand: Demand, waits: Waits, attempt: int) -> tuple[Calibration, Waits]:
        """Give the calibration with which the simulated quiet shop takes as long as the real one."""
        basis = self.basis
        found = derived(basis, demand, waits)
        for number in range(1, CORRECTIONS + 1):
            what = f"one customer, try {attempt}.{number}"
            same, _, _ = observed(self.stage, "sim", self.twin(found), self.length, what)
            waits = lacking(basis, untouched(same, self.machine), waits)
            found = derived(basis, demand, waits)
        return found, waits

    def twin(self, found: Calibration) -> Plan:
        """Give the plan with the topology of a calibration."""
        played = self.plan.topology
        text = topology_text(played, found, name=self.name, machine=self.machine, note=self.note)
        topology = read_topology(text, played.specs, f"{self.name}.yaml")
        return dataclasses.replace(self.plan, topology=topology)
