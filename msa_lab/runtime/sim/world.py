"""The simulated world: plays a plan in virtual time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from msa_lab.runtime.patience import Endless, Patience
from msa_lab.runtime.sim.context import SimContext
from msa_lab.runtime.sim.kernel import Task
from msa_lab.runtime.sim.load import Shoppers
from msa_lab.runtime.sim.shop import RowsFactory, Shop
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.sdk.values import Instant, ms, seconds
from msa_lab.telemetry.log import EventLog
from msa_lab.usecases.ports import FaultRecord, Plan, Played, Progress, SteadyProbe

SLICE = ms(250)
"""How much virtual time is played between two looks at `stop` and `progress`."""

REST = seconds(1)
"""How long nothing must be under way for the shop to count as settled."""


class SimWorld:
    """Twelve services as nodes of one SimPy simulation."""

    name = "sim"

    def __init__(self, rows: RowsFactory | None = None, patience: float = math.inf) -> None:
        """Make a world; `rows` keeps the services' tables elsewhere than in memory.

        Code of a service may keep control for `patience` seconds; unless told, for ever.
        """
        self._rows = rows
        self._patience = patience

    def play(
        self,
        plan: Plan,
        log: EventLog,
        *,
        steady: SteadyProbe,
        stop: Callable[[], bool],
        progress: Progress,
    ) -> Played:
        """Play a plan to its end.

        Raises:
            HandlerFailed: when code of a service does not return.
        """
        scenario = plan.scenario
        shop = Shop(
            plan.specs,
            plan.topology,
            log,
            seed=plan.seed,
            config={**scenario.config, **plan.config},
            faults=plan.faults,
            end=Instant(scenario.duration),
            rows=self._rows,
        )
        kernel = shop.kernel
        with Patience(self._patience, lambda: (kernel.now, log.seq) if kernel.playing else None) as patience:
            shoppers = Shoppers(shop, scenario, _edge_operation(plan.specs))
            try:
                try:
                    return _played(shop, shoppers, plan, steady, stop, progress)
                finally:
                    _close(shop, shoppers)
            except Endless as endless:
                raise patience.failure(endless) from endless


def _played(
    shop: Shop,
    shoppers: Shoppers,
    plan: Plan,
    steady: SteadyProbe,
    stop: Callable[[], bool],
    progress: Progress,
) -> Played:
    scenario = plan.scenario
    end = Instant(scenario.duration)
    shop.note(
        "run.started",
        {
            "scenario": scenario.id,
            "topology": plan.topology.id,
            "seed": plan.seed,
            "chaos": plan.profile,
        },
    )
    _arrange(shop, plan)
    shop.open()
    shoppers.open(end)
    run = _Run(shop, stop, progress, Instant(end + scenario.settle))
    ended: Any = "done"
    unsteady = ""
    if scenario.steady is not None:
        interrupted = run.until(scenario.steady.over)
        broken = None if interrupted else steady()
        if broken is not None:
            ended, unsteady = "unsteady", broken
            shop.note("steady.failed", {"check": broken})
    if ended == "done":
        run.until(end)
    shop.faults.heal()
    settled = ended == "done" and run.settle(shoppers)
    if run.interrupted:
        ended = "interrupted"
    shop.note("run.ended", {"settled": settled})
    return Played(Instant(shop.kernel.now), ended, settled, _records(shop), unsteady, cpu=shop.cpu)


def _close(shop: Shop, shoppers: Shoppers) -> None:
    """End what is still under way, so that it does not end whenever garbage is collected."""
    shop.kernel.playing = True  # code of services runs, and may not return
    shoppers.node.crash()
    shop.close()
    shop.kernel.playing = False


class _Run:
    """Plays slice by slice."""

    def __init__(self, shop: Shop, stop: Callable[[], bool], progress: Progress, latest: Instant) -> None:
        self._shop = shop
        self._stop = stop
        self._progress = progress
        self._latest = latest
        self.interrupted = False

    def until(self, end: int) -> bool:
        """Play to `end`; True when interrupted."""
        kernel = self._shop.kernel
        while kernel.now < end and not self.interrupted:
            kernel.run_to(min(end, kernel.now + SLICE))
            self._progress(Instant(kernel.now), self._latest)
            self.interrupted = self._stop()
        return self.interrupted

    def settle(self, shoppers: Shoppers) -> bool:
        """Play on until all work has come to rest, at the most until the latest end."""
        kernel = self._shop.kernel
        rested = 0
        while kernel.now < self._latest and rested < REST and not self.interrupted:
            self.until(min(self._latest, kernel.now + SLICE))
            rested = rested + SLICE if shoppers.gone and self._shop.quiet else 0
        return rested >= REST


def _edge_operation(specs: tuple[ServiceSpec, ...]) -> Operation[Any, Any]:
    """Find the operation by which shoppers enter: the first one of the edge service."""
    edge = next(spec for spec in specs if spec.edge)
    return edge.operations[0].operation


def _arrange(shop: Shop, plan: Plan) -> None:
    """Put the scenario's `given` into the services before time begins to count."""
    for name, value in plan.scenario.given.items():
        spec, fixture = next(
            (spec, fixture) for spec in plan.specs for fixture in spec.fixtures if fixture.name == name
        )
        instance = shop.instances_of(spec.name)[0]
        shop.kernel.standing_still = shop.kernel.playing = True
        Task(instance.node, fixture.handler(SimContext(instance), value), _raise).step()
        shop.kernel.run_to(0)
        shop.kernel.standing_still = False


def _raise(_result: object, error: BaseException | None) -> None:
    if error is not None:
        raise error


def _records(shop: Shop) -> tuple[FaultRecord, ...]:
    ended = [
        FaultRecord(
            fault.id,
            fault.spec.kind,
            str(fault.spec.target),
            Instant(t0),
            Instant(t1),
            fault.touched,
            healed=True,
        )
        for fault, t0, t1 in shop.faults.finished
    ]
    never = [
        FaultRecord(spec.id, spec.kind, str(spec.target), None, None, 0, healed=True)
        for spec in shop.faults.never_started
    ]
    return (*ended, *never)
