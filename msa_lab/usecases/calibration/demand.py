"""What CPU time a visit takes, and in which processes: the service demand law (Denning and Buzen, 1978)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msa_lab.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Usage:
    """The CPU seconds of one play: of the whole, and of it in each process of the shop."""

    whole: float
    processes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Demand:
    """The CPU seconds of a visit in each group of services that share processes, and in all else.

    All else is the broker, the cache, the log, the control plane and the customers.
    """

    groups: Mapping[str, float]
    rest: float

    @property
    def whole(self) -> float:
        """What a visit takes in all."""
        return math.fsum(self.groups.values()) + self.rest

    def times(self, factor: float) -> Demand:
        """Give so many times the demand, with the same shares."""
        return Demand({group: factor * own for group, own in self.groups.items()}, factor * self.rest)


def mean_of(plays: Sequence[Usage]) -> Usage:
    """Give what one of some plays used on average."""
    names = sorted({name for play in plays for name in play.processes})
    return Usage(
        statistics.fmean(play.whole for play in plays),
        {name: statistics.fmean(play.processes.get(name, 0.0) for play in plays) for name in names},
    )


def demand_of(busy: Sequence[Usage], idle: Usage, visits: float, topology: Topology) -> Demand:
    """Give the demand of a visit: how much more CPU a busy shop used than an idle one, over all its `visits`.

    All plays start and end the same processes and are as long, so what does not depend on visits cancels out.
    Others who use the machine slow a shop and do not change this.

    Raises:
        ValueError: when the busy shop used no more than the idle one.
    """
    more = math.fsum(play.whole - idle.whole for play in busy)
    if more <= 0 or visits <= 0:
        raise ValueError("a busy shop took no more of the cores than an idle one")
    groups: dict[str, float] = {}
    for process, group in _groups(topology).items():
        without = idle.processes.get(process, 0.0)
        own = math.fsum(play.processes.get(process, 0.0) - without for play in busy)
        groups[group] = groups.get(group, 0.0) + max(0.0, own) / visits
    return Demand(groups, max(0.0, more / visits - math.fsum(groups.values())))


def _groups(topology: Topology) -> dict[str, str]:
    """Tell of each process by which name its services share it."""
    return {
        topology.place_of(service, number): topology.process_of(service)
        for service, deployment in topology.deployments.items()
        for number in range(1, deployment.replicas + 1)
    }


@dataclass(frozen=True, slots=True)
class Split:
    """A figure for the calls that a group of services answers, and one for the events that it handles."""

    calls: float
    events: float


def paces(walls: Mapping[str, Split], used: Mapping[str, float]) -> Mapping[str, Split]:
    """Give how much CPU time a unit of time by the clock is, in each group, from what it took by either.

    The clock counts waiting, too, and misses what a call or an event causes without being waited for; the two
    differ in that, much the same way everywhere. So their shares come from all groups together, by least
    squares, and each group's own sum is then as it was used.
    """
    calls, events = _shares(walls, used)
    found = {}
    for group, wall in walls.items():
        expected = calls * wall.calls + events * wall.events
        own = used.get(group, 0.0) / expected if expected else 0.0
        found[group] = Split(calls * own, events * own)
    return found


def _shares(walls: Mapping[str, Split], used: Mapping[str, float]) -> tuple[float, float]:
    calls, events = [wall.calls for wall in walls.values()], [wall.events for wall in walls.values()]
    cpu = [used.get(group, 0.0) for group in walls]
    ours, both, theirs = _product(calls, calls), _product(calls, events), _product(events, events)
    determinant = ours * theirs - both * both
    if determinant > ours * theirs / 1e6:
        of_calls = (_product(calls, cpu) * theirs - _product(events, cpu) * both) / determinant
        of_events = (_product(events, cpu) * ours - _product(calls, cpu) * both) / determinant
        if of_calls > 0 and of_events > 0:
            return of_calls, of_events
    whole = math.fsum([*calls, *events])
    same = math.fsum(cpu) / whole if whole else 0.0
    return same, same


def _product(first: Sequence[float], second: Sequence[float]) -> float:
    return math.fsum(one * other for one, other in zip(first, second, strict=True))
