"""The shop as real processes beside a bare chain with the same hops and the same SQLite transactions.

`python benchmarks/real_shop.py [rounds] [customers]`. Regular customers come back without a pause, so both
sides work at their capacity. What a checkout is made of is read from the event log of a real one: who calls
whom, who commits how often. Events of the broker have no counterpart in the bare chain; the transactions of
their consumers have.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bare_chain import Piece, Speed, chain, drive, speed_of
from rounds import spread

from msa_lab.bootstrap import Wishes, Workspace, plan_for, process_world, scenario_for
from msa_lab.sdk.values import seconds
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.log import EventLog
from msa_lab.usecases.calibration.regulars import regulars
from msa_lab.usecases.ports import Plan

WARM = 4.0
LENGTH = 14.0
CUSTOMERS = 8
_TREE = ("call.received", "call.sent", "commit", "event.applied", "event.delivered")


def shop() -> Plan:
    """Plan the shipped checkout."""
    workspace = Workspace(Path(__file__).parent.parent)
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    return plan_for(workspace, specs, scenario, Wishes(seed=1))


def played(plan: Plan) -> list[LogEvent]:
    """Play on real processes; give the log without saga events and faults."""
    log = EventLog()
    events: list[LogEvent] = []
    log.listen((*_TREE, "shopper.request", "saga.completed"), events.append)
    process_world().play(plan, log, steady=_steady, stop=_go_on, progress=_silent)
    return events


def _steady() -> None:
    return None


def _go_on() -> bool:
    return False


def _silent(now: int, end: int) -> None: ...


def visits(events: Sequence[LogEvent]) -> dict[int, list[int]]:
    """Give when each shopper began each visit: with the first request that is made again and again."""
    came: dict[str, list[tuple[int, int]]] = {}
    for event in events:
        if event.kind == "shopper.request":
            began = event.t - event.detail["took"]
            came.setdefault(event.detail["operation"], []).append((event.trace, began))
    first = next(found for found in came.values() if len(found) > len({shopper for shopper, _ in found}))
    begun: dict[int, list[int]] = {}
    for shopper, began in first:
        begun.setdefault(shopper, []).append(began)
    return begun


def checkouts(events: Sequence[LogEvent]) -> tuple[list[Piece], int]:
    """Give the requests of several visits of one shopper, with all that goes on meanwhile, and their number.

    Parcels travel for seconds, so what belongs to a visit goes on after it: the first visits are left out,
    and what they left behind stands for what the last ones leave.
    """
    (begun,) = visits(events).values()
    first, last = begun[len(begun) // 3], begun[-1]
    found = pieces([event for event in events if first <= event.t < last])
    return found, sum(first <= began < last for began in begun)


def pieces(events: Sequence[LogEvent]) -> list[Piece]:
    """Build the tree of calls; what sagas and deliveries do is done by the last request of their service."""
    roots: list[Piece] = []
    by_call: dict[int, Piece] = {}
    latest: dict[str, Piece] = {}
    parents: dict[int, tuple[int, str]] = {}
    known = {event.seq: event for event in events}

    def at(event: LogEvent) -> Piece:
        found = by_call.get(event.span) or latest.get(event.service)
        return found or roots[-1]

    for event in events:
        if event.kind == "call.sent":
            parents[event.detail["call"]] = (event.span, event.service)
        elif event.kind == "call.received":
            call = event.detail["call"]
            piece = by_call[call] = latest[event.service] = Piece(event.service)
            span, caller = parents.get(call, (0, ""))
            above = by_call.get(span) or latest.get(caller)
            (roots if above is None else above.calls).append(piece)
        elif event.kind == "commit" or (event.kind == "event.applied" and not _committed(event, known)):
            at(event).commits += 1
    return roots


def _committed(applied: LogEvent, known: Mapping[int, LogEvent]) -> bool:
    """Tell whether a consumer's transaction is logged as a commit as well."""
    event: LogEvent | None = applied
    while event is not None and event.kind != "event.delivered":
        if event.kind == "commit":
            return True
        event = known.get(event.cause)
    return False


def real(plan: Plan, customers: int) -> Speed:
    """Measure the shop."""
    events = played(regulars(plan, customers, seconds(LENGTH)))
    ends = [
        (after / 1e6, (after - before) / 1e6)
        for begun in visits(events).values()
        for before, after in itertools.pairwise(begun)
    ]
    return speed_of(ends, WARM, LENGTH)


def bare(plan: Plan, requests: Sequence[Sequence[Piece]], customers: int) -> Speed:
    """Measure the bare chain, with as many processes of each service."""
    replicas = {name: deployed.replicas for name, deployed in plan.topology.deployments.items()}
    with tempfile.TemporaryDirectory() as folder, chain(replicas, Path(folder)) as ports:
        return asyncio.run(drive(ports, requests, customers, WARM, LENGTH))


def main(count: int, customers: int) -> None:
    plan = shop()
    found, times = checkouts(played(regulars(plan, 1, seconds(14), pause=seconds(0.7))))
    every = [piece for root in found for piece in root.walk()]
    commits = sum(piece.commits for piece in every)
    size = len(found) // times
    requests = [found[start : start + size] for start in range(0, len(found), size)]
    print(f"real shop on {plan.topology.id}, {customers} regular customers")
    hops = len(every) / times
    print(f"  a checkout: {size} requests, {hops:.1f} hops, {commits / times:.1f} SQLite transactions")
    shops: list[Speed] = []
    chains: list[Speed] = []
    for _ in range(count):
        shops.append(real(plan, customers))
        chains.append(bare(plan, requests, customers))
    for name, speeds in (("real shop", shops), ("bare chain", chains)):
        print(f"  {name:12} checkouts/s {spread([it.rate for it in speeds])}")
        print(f"  {'':12} p95, ms     {spread([1000 * it.tail for it in speeds])}")
    rates = [one.rate / other.rate for one, other in zip(shops, chains, strict=True)]
    tails = [one.tail / other.tail for one, other in zip(shops, chains, strict=True)]
    print(f"  ratio of checkouts/s (aim 0.5)  {spread(rates)}")
    print(f"  ratio of p95                    {spread(tails)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, int(sys.argv[2]) if len(sys.argv) > 2 else CUSTOMERS)
