"""From what was measured to a topology's costs and timing.

Two things are known of a shop: how long each part takes while nobody waits, and how much CPU a visit takes in
each process. The first says where the time goes, the second how much of it is work; the rest is waiting. What
belongs to no service (the log, the broker, the customers) is work all the same; it is laid upon the handling
of events, for which no shopper waits.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from msa_lab.sdk.distributions import Constant, Distribution
from msa_lab.sdk.policy import Cost
from msa_lab.sdk.values import Duration, ms
from msa_lab.topology.model import MachineSettings
from msa_lab.usecases.calibration.demand import Demand, Split, paces
from msa_lab.usecases.calibration.fitting import fitted, quantile, typical
from msa_lab.usecases.calibration.observing import Measured, Timed, Work

WIRE = ms(0.1)
"""What a message takes one way on the loopback interface; the rest of a trip is work of both ends."""

STALL = ms(1)
"""By how much a stall makes anything longer at the least: shorter ones are not seen."""

LEAST = 20.0
"""The least demand of an operation, in microseconds."""

COMMIT: Final[Work] = ("", "commit")
LAG: Final[Work] = ("", "lag")

_HIGHEST = NormalDist().inv_cdf(0.99) / NormalDist().inv_cdf(0.9)

Waits = Mapping[Work, float]
"""How many microseconds each part waits for nothing that is simulated."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Costs by service and operation or event, and how long the world's parts take.

    `commit` is latency, `commit_cpu` work, and so is taking in a `reply`: None when that takes none to speak
    of. `demand` is the CPU time of a visit in seconds, `calls` how much of it somebody waits for.
    """

    costs: Mapping[Work, Cost]
    commit: Distribution
    commit_cpu: Distribution
    hop: Distribution
    client_hop: Distribution
    broker_hop: Distribution
    cache: Distribution
    demand: float
    calls: float
    reply: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a calibration starts from: a visit is so many `requests`.

    `events` says which work is the handling of events, `groups` which services share processes, by one name.
    """

    measured: Measured
    requests: int
    events: frozenset[Work]
    groups: Mapping[str, str]

    @property
    def visits(self) -> float:
        """How many visits were measured."""
        return self.measured.requests / self.requests

    def group(self, service: str) -> str:
        """Name the group of a service; without one it is its own."""
        return self.groups.get(service, service)


def derived(basis: Basis, demand: Demand, waits: Waits) -> Calibration:
    """Derive costs. `waits` are what the simulated quiet shop lacked with those derived before.

    Raises:
        ValueError: when too little was seen to derive anything.
    """
    measured, visits = basis.measured, basis.visits
    if visits < 1 or not measured.work.keys() - basis.events:
        raise ValueError("too few visits were made")
    replies = _replies(measured)
    commit, reply = typical(measured.commits), typical(replies)
    walls = _walls(basis, commit, reply)
    pace = paces(walls, {group: 1e6 * used for group, used in demand.groups.items()})
    whole = sum(wall.calls for wall in walls.values())
    usual = sum(pace[group].calls * wall.calls for group, wall in walls.items()) / whole if whole else 0.0
    commit_cpu = usual * commit
    over = 1e6 * (demand.rest + math.fsum(own for group, own in demand.groups.items() if group not in walls))
    costs: dict[Work, Cost] = {}
    handled: dict[Work, float] = {}
    calls = 0.0
    for work, timed in measured.work.items():
        group = basis.group(work[0])
        inside = timed.commits / len(timed.own) * commit_cpu
        times = len(timed.own) / visits
        if work in basis.events:
            handled[work] = max(LEAST, pace[group].events * typical(timed.own) - inside)
            continue
        cpu = max(LEAST, pace[group].calls * _wall(measured, work, reply) - inside)
        calls += times * (cpu + inside)
        shape = _shape(measured, work, commit, reply)
        costs[work] = Cost(fitted(shape, cpu), _waiting(waits.get(work, 0.0)))
    upon = math.fsum(len(measured.work[work].own) / visits * own for work, own in handled.items())
    for work, own in handled.items():
        costs[work] = Cost(fitted(measured.work[work].own, own * (1 + over / upon)))
    lag = 2 * WIRE + waits.get(LAG, 0.0)
    return Calibration(
        costs=costs,
        commit=_waiting(waits.get(COMMIT, 0.0)) or Constant(Duration(0)),
        commit_cpu=_part(measured.commits, commit_cpu),
        hop=Constant(WIRE),
        client_hop=Constant(WIRE),
        broker_hop=_part(measured.lags, lag / 2),
        cache=Constant(Duration(0)),
        demand=demand.whole,
        calls=calls / 1e6,
        reply=fitted(replies, usual * reply) if usual * reply >= LEAST else None,
    )


def lacking(basis: Basis, same: Measured, waits: Waits) -> Waits:
    """Tell anew how long each part must wait, from what it took in the simulated quiet shop with `waits`.

    What takes longer there than in the real one waits no more than not at all.
    """
    real = basis.measured
    gaps = {
        work: _took(real, work) - _took(same, work)
        for work in real.work
        if work not in basis.events and work in same.work
    }
    gaps[COMMIT] = typical(real.commits) - typical(same.commits)
    gaps[LAG] = typical(real.lags) - typical(same.lags)
    return {work: max(0.0, waits.get(work, 0.0) + gap) for work, gap in gaps.items()}


def untouched(measured: Measured, machine: MachineSettings) -> Measured:
    """Leave out samples that only a stall or a slowdown explains.

    Their lower half shows how they spread without one. What lies above the 99th percentile of a log-normal
    with that spread, and a millisecond above the median, met one.
    """
    if machine.stalls is None and machine.slowdowns is None:
        return measured

    def kept(samples: Sequence[int]) -> list[int]:
        if not samples:
            return []
        low, middle = (max(1.0, quantile(sorted(samples), share)) for share in (0.1, 0.5))
        bound = max(middle * (middle / low) ** _HIGHEST, middle + STALL)
        return [sample for sample in samples if sample <= bound]

    def rarer(timed: Timed) -> Timed:
        own = kept(timed.own)
        return Timed(own, timed.commits * len(own) / len(timed.own))

    return Measured(
        {work: rarer(timed) for work, timed in measured.work.items()},
        {operation: kept(trips) for operation, trips in measured.trips.items()},
        kept(measured.commits),
        kept(measured.lags),
        measured.requests,
        {service: kept(replies) for service, replies in measured.replies.items()},
        measured.committed,
    )


def _replies(measured: Measured) -> list[float]:
    """Give how long callers took to take in their replies."""
    return [max(0.0, back - WIRE) for some in measured.replies.values() for back in some]


def _wall(measured: Measured, work: Work, reply: float) -> float:
    """Give how long an operation takes with the work of the call, but not of its reply."""
    trips = measured.trips.get(work[1], ())
    trip = max(0.0, typical(trips) - 2 * WIRE - reply) if trips else 0.0
    return typical(measured.work[work].own) + trip


def _took(measured: Measured, work: Work) -> float:
    """Give how long an operation takes with the whole way there and back."""
    return typical(measured.work[work].own) + typical(measured.trips.get(work[1], ()))


def _shape(measured: Measured, work: Work, commit: float, reply: float) -> list[float]:
    """Give samples that spread as an operation's own times do, without its transactions."""
    timed = measured.work[work]
    own = typical(timed.own)
    more = _wall(measured, work, reply) - own - timed.commits / len(timed.own) * commit
    return [max(LEAST, sample + more) for sample in timed.own]


def _walls(basis: Basis, commit: float, reply: float) -> dict[str, Split]:
    """Give what each group's work of a visit takes by the clock, in microseconds."""
    measured, visits = basis.measured, basis.visits
    calls, events, commits = (defaultdict[str, float](float) for _ in range(3))
    for work, timed in measured.work.items():
        group = basis.group(work[0])
        if work in basis.events:
            events[group] += len(timed.own) * typical(timed.own)
        else:
            calls[group] += len(timed.own) * _wall(measured, work, reply)
        commits[group] -= timed.commits  # they are in the work's own time
    for service, replies in measured.replies.items():
        calls[basis.group(service)] += len(replies) * reply
    for service, times in measured.committed.items():
        commits[basis.group(service)] += times
    for group, others in commits.items():
        calls[group] += max(0.0, others) * commit
    return {
        group: Split(calls[group] / visits, events[group] / visits) for group in sorted({*calls, *events})
    }


def _waiting(wait: float) -> Distribution | None:
    return Constant(Duration(round(wait))) if wait >= 1 else None


def _part(samples: Sequence[int], mean: float) -> Distribution:
    return fitted(samples, mean) if samples else Constant(Duration(0))
