"""What the use cases need from outside: a world to play in, a place to keep runs, somebody to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from msa_lab.chaos.model import FaultSpec
from msa_lab.scenario.model import Scenario
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.sdk.values import Instant
from msa_lab.telemetry.log import EventLog
from msa_lab.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run depends on: the same plan gives the same log in the simulated world."""

    scenario: Scenario
    topology: Topology
    specs: tuple[ServiceSpec, ...]
    seed: int
    profile: str
    faults: tuple[FaultSpec, ...]
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outside(self) -> tuple[str, ...]:
        """Name the parties outside the shop, in order."""
        return tuple(sorted(spec.name for spec in self.specs if spec.outside))


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """What became of a planned fault; `t0` None: its trigger never came."""

    id: str
    kind: str
    target: str
    t0: Instant | None
    t1: Instant | None
    touched: int
    healed: bool


@dataclass(frozen=True, slots=True)
class ByHand:
    """What hands did to a plan's faults while it was played.

    `added` came, at their times and as long as they lasted; the planned ones of the ids `dropped` ended
    early, as `added` says, or never came.
    """

    added: tuple[FaultSpec, ...] = ()
    dropped: tuple[str, ...] = ()


End = Literal["done", "unsteady", "interrupted"]


@dataclass(frozen=True, slots=True)
class Played:
    """How a run ended in its world. `settled` tells whether all work came to rest before the end.

    `unhealed` names what could not be healed or stopped. `cpu` is how many CPU seconds each process used in
    all its incarnations, of a real shop also each server of its own; the world's own work is in none of them.
    """

    end: Instant
    ended: End
    settled: bool
    faults: tuple[FaultRecord, ...]
    unsteady: str = ""
    unhealed: tuple[str, ...] = ()
    by_hand: ByHand = ByHand()
    cpu: Mapping[str, float] = field(default_factory=dict)


class SteadyProbe(Protocol):
    """Tells whether the shop is in its steady state."""

    def __call__(self) -> str | None:
        """Give the check that does not hold, None when all do."""
        ...


class Progress(Protocol):
    """Is told how far a run is."""

    def __call__(self, now: Instant, end: Instant) -> None:
        """The run stands at `now` and goes on to about `end`."""
        ...


class World(Protocol):
    """Runs a shop and plays a scenario in it, writing the event log."""

    name: str

    def play(
        self,
        plan: Plan,
        log: EventLog,
        *,
        steady: SteadyProbe,
        stop: Callable[[], bool],
        progress: Progress,
    ) -> Played:
        """Play to the end, or until `stop()`; heal all faults in any case."""
        ...


class Artifacts(Protocol):
    """Where one run's files go."""

    @property
    def run(self) -> str:
        """The run's id."""
        ...

    def append(self, lines: bytes) -> None:
        """Add lines to the event log."""
        ...

    def finish(self, summary: Mapping[str, Any], files: Mapping[str, str]) -> Sequence[str]:
        """Keep the summary and further files; give what was written, as paths.

        Raises:
            EnvironmentTrouble: when the disk refuses.
        """
        ...
