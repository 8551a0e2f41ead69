"""From what was measured to a topology's costs and timing.

Two things are known of a shop: how long each part takes while nobody waits, and how much CPU a visit takes in
all. The first gives the length of a visit, the second what the machine can bear: cores over demand visits a
second (Denning and Buzen, 1978). What no call accounts for (the log, the broker, consumers, the customers
themselves) is demand all the same; it is laid upon the handling of events, for which no shopper waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from msa_lab.sdk.distributions import Constant, Distribution
from msa_lab.sdk.policy import Cost
from msa_lab.sdk.values import Duration, ms
from msa_lab.topology.model import MachineSettings
from msa_lab.usecases.calibration.fitting import fitted, quantile, typical
from msa_lab.usecases.calibration.observing import Measured, Timed, Work

WIRE = ms(0.1)
"""What a message takes one way on the loopback interface; the rest of a trip is work of both ends."""

STALL = ms(1)
"""By how much a stall makes anything longer at the least: shorter ones are not seen."""

_HIGHEST = NormalDist().inv_cdf(0.99) / NormalDist().inv_cdf(0.9)

LEAST = 20.0
"""The least demand of an operation, in microseconds."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Costs by service and operation or event, and how long the world's parts take.

    Commits are work, and so is taking in a `reply`: None when that takes none to speak of.
    `demand` is the CPU time of a visit in seconds, `seen` how much of it calls account for.
    """

    costs: Mapping[Work, Cost]
    commit: Distribution
    hop: Distribution
    client_hop: Distribution
    broker_hop: Distribution
    cache: Distribution
    demand: float
    seen: float
    reply: Distribution | None = None


def derived(
    measured: Measured,
    *,
    requests: int,
    demand: float,
    events: frozenset[Work],
    machine: MachineSettings | None = None,
) -> Calibration:
    """Derive costs. A visit is so many `requests` and takes `demand` seconds of CPU.

    `events` says which work is the handling of events. What stalls and slowdowns of the `machine` made longer
    is left out: that is the machine's time, not the work's.

    Raises:
        ValueError: when too little was seen to derive anything.
    """
    visits = measured.requests / requests
    calls = {work: timed for work, timed in measured.work.items() if work not in events}
    if visits < 1 or not calls:
        raise ValueError("too few visits were made")
    measured = untouched(measured, machine)
    commit = typical(measured.commits)
    replies = [max(0.0, back - WIRE) for back in measured.replies]
    reply = typical(replies)
    samples = {
        work: _demands(timed, measured.trips.get(work[1], ()), commit, reply)
        for work, timed in measured.work.items()
        if work in calls
    }
    between = measured.every_commit * commit + len(replies) * reply
    seen = (sum(len(found) * typical(found) for found in samples.values()) + between) / visits / 1e6
    share = min(1.0, demand / seen)
    costs = {work: _cost(found, share) for work, found in samples.items()}
    handled = {work: timed for work, timed in measured.work.items() if work in events}
    weight = sum(sum(timed.own) for timed in handled.values()) / visits / 1e6
    rest = max(0.0, demand - seen) / weight if weight else 0.0
    for work, timed in handled.items():
        costs[work] = Cost(fitted(timed.own, max(LEAST, typical(timed.own) * rest)))
    return Calibration(
        costs=costs,
        commit=_part(measured.commits, 1),
        hop=Constant(WIRE),
        client_hop=_part(measured.client_trips, 2),
        broker_hop=_part(measured.lags, 2),
        cache=Constant(Duration(0)),
        demand=demand,
        seen=seen,
        reply=fitted(replies) if reply >= LEAST else None,
    )


def untouched(measured: Measured, machine: MachineSettings | None) -> Measured:
    """Leave out samples that only a stall or a slowdown explains.

    Their lower half shows how they spread without one. What lies above the 99th percentile of a log-normal
    with that spread, and a millisecond above the median, met one.
    """
    if machine is None or (machine.stalls is None and machine.slowdowns is None):
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
        kept(measured.client_trips),
        kept(measured.commits),
        kept(measured.lags),
        measured.requests,
        kept(measured.replies),
        measured.every_commit,
    )


def _demands(timed: Timed, trips: Sequence[int], commit: float, reply: float) -> list[float]:
    """Give an operation's own times with the work of the call, but not of its reply nor its transactions."""
    transactions = timed.commits / len(timed.own) * commit
    trip = max(0.0, typical(trips) - 2 * WIRE - reply) if trips else 0.0
    return [max(LEAST, own - transactions + trip) for own in timed.own]


def _cost(samples: list[float], share: float) -> Cost:
    """Part times into work and waiting."""
    if share == 1:
        return Cost(fitted(samples))
    whole = typical(samples)
    return Cost(fitted(samples, whole * share), fitted(samples, whole * (1 - share)))


def _part(samples: Sequence[int], parts: int) -> Distribution:
    if not samples:
        return Constant(Duration(0))
    return fitted([sample / parts for sample in samples])
