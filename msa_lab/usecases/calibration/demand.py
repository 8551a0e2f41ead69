"""What CPU time a visit takes, and in which processes: the service demand law (Denning and Buzen, 1978)."""

from __future__ import annotations

import math
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
    groups: dict[str, str] = {}
    for service, deployment in topology.deployments.items():
        group = topology.process_of(service)
        own = group == service
        names = [f"{service}-{number}" for number in range(1, deployment.replicas + 1)] if own else [group]
        groups |= dict.fromkeys(names, group)
    return groups


@dataclass(frozen=True, slots=True)
class Walls:
    """How long the work of a visit seems to take in a group of services, in any unit: by the clock."""

    calls: float
    events: float


def paces(walls: Mapping[str, Walls], used: Mapping[str, float]) -> Mapping[str, Walls]:
    """Give the CPU time that a group takes for each unit of time by the clock, for calls and for events.

    The clock counts waiting, too, and misses what a call or an event causes without being waited for; the two
    differ in that, much the same way everywhere. So their shares come from all groups together, by least
    squares, and each group's own sum is then as it was used.
    """
    calls, events = _shares(walls, used)
    found = {}
    for group, wall in walls.items():
        expected = calls * wall.calls + events * wall.events
        own = used.get(group, 0.0) / expected if expected else 0.0
        found[group] = Walls(calls * own, events * own)
    return found


def _shares(walls: Mapping[str, Walls], used: Mapping[str, float]) -> tuple[float, float]:
    rows = [(wall.calls, wall.events, used.get(group, 0.0)) for group, wall in walls.items()]
    cc, ce, ee = (
        math.fsum(a * b for a, b in pairs)
        for pairs in (
            [(c, c) for c, _, _ in rows],
            [(c, e) for c, e, _ in rows],
            [(e, e) for _, e, _ in rows],
        )
    )
    cu, eu = math.fsum(c * u for c, _, u in rows), math.fsum(e * u for _, e, u in rows)
    determinant = cc * ee - ce * ce
    if determinant > cc * ee / 1e6:
        calls, events = (cu * ee - eu * ce) / determinant, (eu * cc - cu * ce) / determinant
        if calls > 0 and events > 0:
            return calls, events
    whole = math.fsum(c + e for c, e, _ in rows)
    same = math.fsum(u for _, _, u in rows) / whole if whole else 0.0
    return same, same
