"""The main program of a process of the shop: serves its instances until the control plane is gone."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import pickle
import signal
import socket
from dataclasses import dataclass
from typing import Any

import uvloop

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.blame import told, words_of
from msa_lab.runtime.patience import Patience
from msa_lab.runtime.process.blueprint import Blueprint, Placed
from msa_lab.runtime.process.context import Desk, ProcessContext
from msa_lab.runtime.process.doors import bound
from msa_lab.runtime.process.endpoints import broker_of, database_of
from msa_lab.runtime.process.host import Host
from msa_lab.runtime.process.hurting import Hurting, spent
from msa_lab.runtime.process.journal import Journal, RunClock, Told
from msa_lab.runtime.process.limits import LIMITS
from msa_lab.runtime.process.listener import Listener
from msa_lab.runtime.process.outbox import Relay
from msa_lab.runtime.process.ports import (
    FLEETING_COST,
    PASSWORD_COST,
    OuterDirectory,
    PlannedConfig,
    Scrypt,
    ValkeyCache,
    ValkeyLock,
)
from msa_lab.runtime.process.records import operations_of
from msa_lab.runtime.process.servers import connection
from msa_lab.runtime.process.site import Site
from msa_lab.runtime.process.stamping import say
from msa_lab.runtime.process.store import Kept, Work
from msa_lab.runtime.process.tasks import Background, shown
from msa_lab.runtime.process.web import Web
from msa_lab.runtime.process.wire import frame, frames
from msa_lab.sdk.failures import PortFailure
from msa_lab.sdk.saga import SagaRecord
from msa_lab.sdk.values import CurrencyMismatch, Instant

ORPHANED = 3
"""The exit code of a process whose control plane is gone."""

BEAT_SHARE = 20
"""Between two beats passes this part of the time that code of a service may keep control."""


class Process:
    """One process: its site, its hosts, its line to the control plane."""

    def __init__(self, blueprint: Blueprint, place: Placed, origin: int, incarnation: int) -> None:
        """Build what needs no loop."""
        self._blueprint = blueprint
        self._place = place
        self._incarnation = incarnation
        self._line: socket.socket | None = None
        self._servers: list[Listener] = []
        self._background = Background()
        self._relays: list[Relay] = []
        self.hosts: dict[str, Host] = {}
        self.beats: int | None = None
        plan = blueprint
        operations = operations_of(plan.specs)
        own = [spec.name for spec in plan.specs if not spec.outside]
        hurting = Hurting(
            own, {fault.id: fault for fault in plan.faults}, plan.counts, seed=plan.seed,
            name=f"{place.process}.{incarnation}", tell=self._touched,
            one_store=plan.topology.shares_database,
        )  # fmt: skip
        self.site = Site(
            place.process, origin, plan.seed, plan.topology, {spec.name: spec for spec in plan.specs},
            operations, Journal(origin, RunClock(), plan.wanted, self._log), hurting,
            broker_of(plan), connection(plan.cache),
            PlannedConfig({**plan.topology.config, **plan.config}), OuterDirectory(operations), self._crash,
            passwords=Scrypt(PASSWORD_COST if plan.lasting else FLEETING_COST), failed=self._failed,
        )  # fmt: skip
        self.site.gate.tell = self._tell

    # -- to the control plane -----------------------------------------------------------------------------

    def _tell(self, message: list[Any]) -> None:
        """Tell the control plane, at once: what was told is with the kernel before anything else leaves.

        A control plane that does not keep up holds its processes back.
        """
        if self._line is not None:
            try:
                self._line.sendall(frame(message))
            except OSError:
                os._exit(ORPHANED)

    def refuse(self, trouble: EnvironmentTrouble) -> None:
        """Say why the machine does not let this process live."""
        self._tell(["refused", str(trouble)])
        say(f"error: {trouble}")

    def _failed(self, instance: str, error: BaseException) -> None:
        """Say that code of a service failed, here and to the control plane."""
        if not isinstance(error, CurrencyMismatch):  # perhaps its caller's mistake, and answered as such
            shown(error)
        self._tell(["failed", *told(instance, error)])

    def _log(self, events: list[Told]) -> None:
        if events:
            self._tell(["log", events])

    def _touched(self, fault: str, times: int) -> None:
        self._tell(["touched", fault, times])
        for used_up in spent(self.site.hurting):
            self._tell(["spent", used_up])

    def _crash(self, restart_after: int, fault: str, cause: int) -> None:
        self._tell(["crash", restart_after, fault, cause])
        os.kill(os.getpid(), signal.SIGKILL)

    # -- life ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until the control plane says stop or is gone."""
        control = str(self._blueprint.control)
        reader, writer = await asyncio.open_unix_connection(control)
        writer.write(frame(["line", self._place.process]))
        orders = frames(reader)
        await anext(orders)  # its welcome: from now on it can reach us
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._line.connect(control)
        self._tell(["hello", self._place.process, self._incarnation])
        sockets = [self._bind(name) for name, _ in self._place.instances]
        await self.build()
        serving = []
        for (name, _), listening in zip(self._place.instances, sockets, strict=True):
            server = Listener(Web(self.hosts[name]), LIMITS)
            self._servers.append(server)
            serving.append(asyncio.create_task(server.serve([listening])))
        for host in self.hosts.values():
            host.listen()
            host.ready = True
        ports = [
            [name, service, listening.getsockname()[1]]
            for (name, service), listening in zip(self._place.instances, sockets, strict=True)
        ]
        self._tell(["ready", ports])
        for name, _, port in ports:
            say(f"{name}, incarnation {self._incarnation}, serves at port {port}")
        if self.site.clock.runs:
            self._begin()
        self._background.spawn(self._beat())
        stopped = False
        async for message in orders:
            if message[0] == "stop":
                stopped = True
                break
            self._obey(message)
        if not stopped:
            os._exit(ORPHANED)
        await self.close(serving)
        writer.close()

    async def _beat(self) -> None:
        """Count turns of the loop, for whoever looks on from beside."""
        every = self._blueprint.patience / BEAT_SHARE
        while every < math.inf:
            self.beats = (self.beats or 0) + 1
            await asyncio.sleep(every)

    def _bind(self, instance: str) -> socket.socket:
        port = self._blueprint.ports.get(instance)
        return bound() if port is None else bound(self._blueprint.host, port)

    async def build(self) -> None:
        """Open the databases and make the hosts; there must be a loop."""
        kept: dict[str, Kept] = {}
        site, plan = self.site, self._blueprint
        for name, service in self._place.instances:
            spec = site.specs[service]
            first = service not in kept
            if first:
                database = database_of(plan, spec)
                await database.open()
                relay = Relay(site, service, database, plan.folder / f"{service}.relay")
                kept[service] = Kept(site, service, database, relay, self._drive)
            desk = Desk(
                site, service, name, self._incarnation, kept[service],
                ValkeyCache(
                    site.cache, service, enabled=site.patterns["cache"] != "none", prefix=plan.cache.prefix
                ),
                ValkeyLock(site.cache, service, prefix=plan.cache.prefix),
            )  # fmt: skip
            self.hosts[name] = Host(site, spec, desk, first=first)
        for one in kept.values():
            self._log(await one.database.unsent())
            if site.specs[one.service].publishes:
                self._relays.append(one.relay)
                self._background.spawn(one.relay.run())

    def _drive(self, instance: str, record: SagaRecord, cause: int) -> None:
        self.hosts[instance].drive(record, cause)

    def _obey(self, message: list[Any]) -> None:
        match message:
            case ["registry", listed]:
                self.site.list_instances(listed)
                for relay in self._relays:
                    relay.wake()
            case ["begin", start]:
                self.site.clock.begin(start)
                self._begin()
            case ["hold" | "release" | "pass", *_]:
                self._hold(message)
            case ["forget marks", until]:
                self._background.spawn(self._forget(Instant(until)))
            case ["arrange", instance, word]:
                self._background.spawn(self._arrange(instance, word))
            case _:
                self._hurt(message)

    def _hurt(self, message: list[Any]) -> None:
        """Take note of what concerns faults."""
        match message:
            case ["faults", faults]:
                self.site.hurting.match(faults)
            case ["know", spec, place]:
                self.know(spec, place)
            case ["forget", fault]:
                self.site.hurting.forget(fault)
            case ["fault", fault]:
                self.site.hurting.start(fault)
            case ["heal", fault]:
                self.site.hurting.stop(fault)

    def _hold(self, message: list[Any]) -> None:
        """Hold the messages of this process, or let them go on."""
        match message:
            case ["hold", hold]:
                self.site.gate.close(hold)
            case ["release"]:
                self.site.gate.open()
            case ["pass", number]:
                self.site.gate.let(number)

    def know(self, spec: bytes, place: int) -> None:
        """Take note of a fault that was not planned."""
        self.site.hurting.know(pickle.loads(spec), place)  # noqa: S301 - our own supervisor's

    def _begin(self) -> None:
        for host in self.hosts.values():
            host.begin()

    async def _forget(self, until: Instant) -> None:
        """Forget what was done before an instant; of each service, its first instance does it for all."""
        for name, service in self._place.instances:
            if name == f"{service}-1":
                with contextlib.suppress(PortFailure):  # there is a next time
                    await self.hosts[name].desk.kept.database.forget(until)

    async def _arrange(self, instance: str, word: str) -> None:
        """Put a value of the scenario's `given` into a service."""
        host = self.hosts[instance]
        handler = next(fixture.handler for fixture in host.spec.fixtures if fixture.name == word)
        trouble, failure = "", []
        try:
            await host.honest(
                handler(ProcessContext(host.desk, Work(host.story())), self._blueprint.given[word])
            )
        except PortFailure as error:
            trouble = words_of(error)
        except Exception as error:  # noqa: BLE001 - told to the control plane, which ends the run
            failure = told(instance, error)
        self._tell(["arranged", word, trouble, failure])

    async def close(self, serving: list[asyncio.Task[None]]) -> None:
        """End all work and close what is open."""
        for host in self.hosts.values():
            host.stop()
        self._background.cancel()
        for server in self._servers:
            server.stop()
        await asyncio.gather(*serving, return_exceptions=True)
        for host in self.hosts.values():
            await host.desk.kept.database.close()
        await self.site.close()
        if self._line is not None:
            self._line.close()


@dataclass(frozen=True, slots=True)
class Birth:
    """What a process is told at its birth.

    `origin` numbers it in the run, `start` is the run's on the monotonic clock (0 before it has begun),
    `faults` are in force, `unplanned` those known only since, and `registry` says who listens where.
    """

    process: str
    origin: int
    incarnation: int
    start: int
    faults: list[str]
    registry: dict[str, list[tuple[str, int]]]
    unplanned: list[tuple[bytes, int]]


def main(blueprint: Blueprint, birth: Birth) -> None:
    """Run a process of the shop; called in the child after the fork."""
    place = next(place for place in blueprint.processes if place.process == birth.process)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        running = Process(blueprint, place, birth.origin, birth.incarnation)
        if birth.start:
            running.site.clock.begin(birth.start)
        for spec, at in birth.unplanned:
            running.know(spec, at)
        for fault in birth.faults:
            running.site.hurting.start(fault)
        running.site.list_instances(birth.registry)
        try:
            with Patience(blueprint.patience, lambda: running.beats):
                runner.run(running.run())
        except EnvironmentTrouble as trouble:
            running.refuse(trouble)
            os._exit(trouble.exit_code)
