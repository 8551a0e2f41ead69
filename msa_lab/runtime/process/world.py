"""The process world: plays a plan on real processes in real time."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from msa_lab.runtime.process.admin import Admin, Door
from msa_lab.runtime.process.blueprint import Blueprint
from msa_lab.runtime.process.chaos import Chaos
from msa_lab.runtime.process.control import Control
from msa_lab.runtime.process.endpoints import broker_of, refuse_what_cannot_be
from msa_lab.runtime.process.holding import Holding
from msa_lab.runtime.process.hurting import Hurting, SharedCounts, spent
from msa_lab.runtime.process.launch import arrange, blueprint_of, fork_server
from msa_lab.runtime.process.ledger import Ledger
from msa_lab.runtime.process.ports import OuterDirectory, PlannedConfig
from msa_lab.runtime.process.records import operations_of
from msa_lab.runtime.process.refusing import told_in_a_sentence
from msa_lab.runtime.process.rest import KINDS as REST_KINDS
from msa_lab.runtime.process.rest import Rest
from msa_lab.runtime.process.servers import connection
from msa_lab.runtime.process.shoppers import CLIENT, SagaWatch, Shoppers
from msa_lab.runtime.process.site import Site
from msa_lab.runtime.process.verbs import Verbs
from msa_lab.sdk.values import Instant, seconds
from msa_lab.telemetry.log import EventLog
from msa_lab.usecases.ports import Plan, Played, Progress, SteadyProbe

LOOK_EVERY = 0.1
"""How often, in seconds, the run looks whether it is asked to stop and says how far it is."""

BY_HAND = 64
"""How many faults by hand may be in force at once."""

REST = seconds(1)
"""How long nothing must be under way for the shop to count as settled."""


class ProcessWorld:
    """Twelve services as real processes with real HTTP, a real broker and real databases."""

    name = "process"

    def __init__(self, door: Door | None = None) -> None:
        """Make the world; by a `door` hands can be laid on what is played."""
        self._door = door

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
            UserMistake: when a fault would hurt a server that was there before.
            EnvironmentTrouble: when the processes do not come up or the machine fails them.
        """
        refuse_what_cannot_be(plan.faults, plan.topology.servers)
        with (
            told_in_a_sentence(),
            tempfile.TemporaryDirectory(prefix="msalab-", ignore_cleanup_errors=True) as name,
        ):
            folder = Path(name)
            rest, sagas = Rest(plan.specs), SagaWatch()
            log.listen(REST_KINDS, rest.feed)
            log.listen(SagaWatch.KINDS, sagas.feed)
            blueprint = blueprint_of(plan, log, folder, self._counts(plan, folder))
            with fork_server(blueprint) as line:
                run = _Run(plan, log, blueprint, line, rest=rest, sagas=sagas, door=self._door)
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    return runner.run(run.play(steady, stop, progress))

    def _counts(self, plan: Plan, folder: Path) -> SharedCounts:
        return SharedCounts(plan.faults, folder / "counts", spare=0 if self._door is None else BY_HAND)


class _Run:
    """One run, from the first process to the last."""

    def __init__(
        self,
        plan: Plan,
        log: EventLog,
        blueprint: Blueprint,
        line: socket.socket,
        *,
        rest: Rest,
        sagas: SagaWatch,
        door: Door | None,
    ) -> None:
        self._plan = plan
        self._door = door
        self._log = log
        self._blueprint = blueprint
        self._line = line
        self._rest = rest
        self._sagas = sagas
        self._interrupted = False

    async def play(self, steady: SteadyProbe, stop: Callable[[], bool], progress: Progress) -> Played:
        """Start, play, heal, settle, end."""
        plan, scenario = self._plan, self._plan.scenario
        end = Instant(scenario.duration)
        self._latest = Instant(end + scenario.settle)
        self._stop, self._progress = stop, progress
        control = self._control = Control(self._blueprint, Ledger(self._log, plan.specs), self._line)
        site = self._site = self._client_site(control)
        control.on_registry = lambda: site.list_instances(control.listed)
        chaos = Chaos(control, plan.faults, end, site.hurting)
        self._log.listen(("event.recorded",), chaos.observe)
        door = next(spec for spec in plan.specs if spec.edge).operations[0].operation
        shoppers = Shoppers(site, scenario, door, self._sagas)
        holding = Holding(control)
        control.adopt(site.gate)
        admin = self._admin(Verbs(plan, control, chaos, holding, shoppers=True))
        stubborn: list[str] = []
        try:
            await control.open()
            self._say_begun()
            await arrange(control, plan.specs, scenario.given)
            control.begin()
            control.tasks.spawn(chaos.run())
            shoppers.open(end)
            if admin is not None and self._door is not None:
                await admin.open(self._door.place)
            ended, unsteady = await self._through(steady, end)
            holding.end()
            await chaos.heal()
            settled = ended == "done" and await self._settle(shoppers)
            if self._interrupted:
                ended = "interrupted"
            if not settled:
                await control.flush()
            now = control.end(settled)
        finally:
            if admin is not None:
                await admin.close()
            shoppers.close()
            stubborn = await control.close()
            await site.close()
        records = (*chaos.records, *holding.records)
        cpu = control.fleet.cpu
        return Played(now, ended, settled, records, unsteady, tuple(stubborn), chaos.by_hand, cpu)

    def _admin(self, verbs: Verbs) -> Admin | None:
        return None if self._door is None else Admin(self._door.token, verbs.verbs)

    def _say_begun(self) -> None:
        plan = self._plan
        detail = {
            "scenario": plan.scenario.id, "topology": plan.topology.id, "seed": plan.seed,
            "chaos": plan.profile,
        }  # fmt: skip
        self._control.note("run.started", detail)

    def _client_site(self, control: Control) -> Site:
        plan, blueprint = self._plan, self._blueprint

        def touched(fault: str, times: int) -> None:
            control.touched[fault] = control.touched.get(fault, 0) + times
            for used_up in spent(hurting):
                control.on_spent(used_up)

        own = [spec.name for spec in plan.specs if not spec.outside]
        faults = {fault.id: fault for fault in plan.faults}
        hurting = Hurting(own, faults, blueprint.counts, seed=plan.seed, name=CLIENT, tell=touched)
        operations = operations_of(plan.specs)
        return Site(
            CLIENT, 1, plan.seed, plan.topology, {spec.name: spec for spec in plan.specs}, operations,
            control.journal, hurting, broker_of(blueprint), connection(blueprint.cache),
            PlannedConfig(blueprint.config), OuterDirectory(operations), lambda *_words: None,
        )  # fmt: skip

    async def _through(self, steady: SteadyProbe, end: Instant) -> tuple[Any, str]:
        scenario = self._plan.scenario
        if scenario.steady is not None and not await self._until(scenario.steady.over):
            await self._control.flush()
            broken = steady()
            if broken is not None:
                self._control.note("steady.failed", {"check": broken})
                return "unsteady", broken
        await self._until(end)
        return "done", ""

    async def _until(self, end: int) -> bool:
        """Play to an instant; True when interrupted."""
        clock = self._control.clock
        while (left := end - clock.now()) > 0 and not self._interrupted:
            await asyncio.sleep(min(LOOK_EVERY, left / 1_000_000))
            self._control.tasks.raise_trouble()
            self._progress(clock.now(), self._latest)
            self._interrupted = self._stop()
        return self._interrupted

    async def _settle(self, shoppers: Shoppers) -> bool:
        """Play on until all work has come to rest, at the most until the latest end."""
        clock = self._control.clock
        since: int | None = None
        while clock.now() < self._latest and not self._interrupted:
            await self._until(min(self._latest, clock.now() + int(LOOK_EVERY * 1_000_000)))
            if shoppers.trouble is not None:
                raise shoppers.trouble
            if not (shoppers.gone and self._rest.quiet and self._control.fleet.whole):
                since = None
            elif since is None:
                since = clock.now()
            elif clock.now() - since >= REST:
                return True
        return False
