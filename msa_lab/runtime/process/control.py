"""The control plane: hears from every process, orders the log, tells everybody who is there and of faults."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.blame import HandlerFailed
from msa_lab.runtime.process.blueprint import Blueprint
from msa_lab.runtime.process.burial import obituaries
from msa_lab.runtime.process.endpoints import broker_of, groups_of
from msa_lab.runtime.process.fleet import READY_WITHIN, Fleet, Running
from msa_lab.runtime.process.gate import Gate
from msa_lab.runtime.process.journal import Journal, RunClock, Story
from msa_lab.runtime.process.ledger import Ledger
from msa_lab.runtime.process.tasks import Tasks
from msa_lab.runtime.process.wire import frame, frames, send
from msa_lab.sdk.values import Instant

RELEASE_EVERY = 0.005

Unplanned = tuple[bytes, int]
"""A fault that came while the shop was running: it pickled, and its place among the shared counts."""


def nobody_watches(*_told: object) -> None:
    """Take progress that nobody watches."""


class Control:
    """What is said between the supervisor and the processes of one shop.

    `origins` numbers the processes that are ever born; no number may come twice for one set of databases.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        ledger: Ledger,
        line: socket.socket,
        origins: Callable[[], int] | None = None,
    ) -> None:
        self.blueprint = blueprint
        self.clock = RunClock()
        self.tasks = Tasks()
        self._origin = origins or itertools.count(1).__next__
        wanted = blueprint.wanted | {"run.ended"}  # the run ends there, whether or not anybody is told
        self.journal = Journal(self._origin(), self.clock, wanted, ledger.take)
        self.fleet = Fleet(
            blueprint, self.journal, line, self.tasks, birth=self._birth, on_listing=self._list
        )
        self.fleet.on_death = lambda running: self.tasks.spawn(self._speak_for(running))
        self._groups = groups_of(blueprint.specs)
        self.listed: dict[str, list[tuple[str, int]]] = {}
        self.faults: dict[str, bool] = {}  # those not healed yet; whether they still act
        self.touched: dict[str, int] = {}
        self.unplanned: dict[str, Unplanned] = {}
        self.held: dict[tuple[str, int], None] = {}
        self.on_registry: Callable[[], object] = lambda: None
        self.on_spent: Callable[[str], object] = lambda _fault: None
        self.on_failed: Callable[[HandlerFailed], object] = self.tasks.fail
        self._ledger = ledger
        self._start = 0
        self._hold = ""
        self._ever_held = 0
        self._gate: Gate | None = None
        self._arranged: dict[str, tuple[str, list[Any]]] = {}
        self._server: asyncio.Server | None = None

    # -- life ---------------------------------------------------------------------------------------------

    async def open(self, progress: Callable[[int, int], object] = nobody_watches) -> None:
        """Start everything; come back when every instance is ready. `progress`: how many of how many are.

        Raises:
            EnvironmentTrouble: when one of them does not come up.
        """
        self._server = await asyncio.start_unix_server(self._met, str(self.blueprint.control))
        self.tasks.spawn(self._release())
        await self.fleet.open(progress)

    def begin(self, start: int | None = None) -> None:
        """Let the run's time begin: now, or at an instant of the monotonic clock in nanoseconds."""
        self._start = time.monotonic_ns() if start is None else start
        self.clock.begin(self._start)
        self.tell_all(["begin", self._start])
        for running in self.fleet.running.values():
            self.fleet.say_started(running)

    async def close(self, progress: Callable[[Sequence[str], float], object] = nobody_watches) -> list[str]:
        """End all processes; give the names of those that had to be killed."""
        self.tell_all(["stop"])
        stubborn = await self.fleet.close(progress)
        await asyncio.sleep(2 * RELEASE_EVERY)
        await self.tasks.close()
        self._ledger.release(self.clock.now())
        if self._server is not None:
            self._server.close()
        self.fleet.hang_up()
        return stubborn

    # -- the log ------------------------------------------------------------------------------------------

    async def _release(self) -> None:
        while True:
            await self._ledger.some_wait.wait()
            until = self.clock.now()
            await asyncio.sleep(RELEASE_EVERY)
            self._ledger.release(until)

    async def _speak_for(self, dead: Running) -> None:
        """Tell of what a process has buried, which it may not have come to itself."""
        services = {service for _, service in dead.placed.instances}
        await self._tell_deaths([group for group in self._groups if group in services], self.clock.now())

    async def catch_up(self, logged: Instant) -> None:
        """Tell of what was buried after the log's last event: whoever should have told of it was killed."""
        await self._tell_deaths(list(self._groups), logged)

    async def _tell_deaths(self, groups: Sequence[str], now: Instant) -> None:
        if "event.dead" not in self.blueprint.wanted or not groups:
            return
        broker = broker_of(self.blueprint)
        try:
            self._ledger.take(await obituaries(broker, groups, now))
        finally:
            await broker.close()

    async def flush(self) -> None:
        """Come back when all that has happened so far is logged."""
        await asyncio.sleep(4 * RELEASE_EVERY)

    def end(self, settled: bool) -> Instant:  # noqa: FBT001 - as it is logged
        """Let the run end here: what the processes still do is no part of it. Give the instant."""
        self.journal.hold()
        self.note("run.ended", {"settled": settled})
        (last,) = self.journal.held()
        self._ledger.end(last)
        return Instant(last[1])

    def note(self, kind: str, detail: dict[str, Any], cause: int = 0) -> int:
        """Log an event of the shop as a whole."""
        return self.journal.emit(Story("", "", cause=cause), kind, detail)

    # -- to the processes ---------------------------------------------------------------------------------

    def _birth(self, running: Running) -> list[Any]:
        known = list(self.unplanned.values())
        return [self._origin(), running.incarnation, self._start, self.in_force, self.listed, known]

    def announce(self, fault: str, told: Unplanned) -> None:
        """Let everybody know a fault that was not planned."""
        self.unplanned[fault] = told
        self.tell_all(["know", *told])

    def forget(self, fault: str) -> None:
        """Let everybody forget it."""
        if self.unplanned.pop(fault, None) is not None:
            self.tell_all(["forget", fault])

    # -- holding the transport ----------------------------------------------------------------------------

    def adopt(self, gate: Gate) -> None:
        """Hold the gate of this process, too, where shoppers call from."""
        self._gate = gate
        gate.tell = lambda message: self._at_gate("", message)

    def hold(self, hold: str) -> None:
        """Let messages wait in every process from now on."""
        self._hold, self._ever_held = hold, 0
        self.tell_all(["hold", hold])
        if self._gate is not None:
            self._gate.close(hold)

    def let_one(self) -> None:
        """Let the message through that has waited longest, if there is one."""
        process, number = next(iter(self.held), ("", 0))
        if process:
            self.tell_one(self.fleet.running[process], ["pass", number])
        elif self._gate is not None:
            self._gate.let(number)
        self.held.pop((process, number), None)

    def release(self) -> int:
        """Let everything through; give how many messages had to wait."""
        self._hold = ""
        self.held.clear()
        self.tell_all(["release"])
        if self._gate is not None:
            self._gate.open()
        return self._ever_held

    def _at_gate(self, process: str, message: list[Any]) -> None:
        """Take note of a message that waits, or waits no longer."""
        match message:
            case ["held", number] if self._hold:
                self.held[process, number] = None
                self._ever_held += 1
            case ["passed", number]:
                self.held.pop((process, number), None)

    def _list(self) -> None:
        """Tell everybody who is there."""
        self.listed = {}
        for running in self.fleet.running.values():
            for instance, service, port in running.ports:
                self.listed.setdefault(service, []).append((instance, port))
        self.tell_all(["registry", self.listed])
        self.on_registry()

    @property
    def in_force(self) -> list[str]:
        """The faults that act now."""
        return [fault for fault, acts in self.faults.items() if acts]

    @property
    def whole(self) -> bool:
        """Whether everybody serves, no fault is in force or waits to heal, and no message is held."""
        paused = any(running.paused for running in self.fleet.running.values())
        return self.fleet.whole and not (paused or self.faults or self._hold)

    def tell_all(self, message: list[Any]) -> None:
        """Send a message to every process."""
        whole = frame(message)
        for running in self.fleet.running.values():
            if running.writer is not None:
                send(running.writer, whole)

    def tell_one(self, running: Running, message: list[Any]) -> None:
        """Send a message to one process."""
        if running.writer is not None:
            send(running.writer, frame(message))

    async def arrange(self, service: str, word: str) -> None:
        """Let the first instance of a service take a value of `given`.

        Raises:
            EnvironmentTrouble: when the machine does not let it.
            HandlerFailed: when its code failed.
        """
        self._arranged.pop(word, None)
        running = next(
            running for running in self.fleet.running.values()
            if any(name == service for _, name in running.placed.instances)
        )  # fmt: skip
        instance = next(name for name, owner in running.placed.instances if owner == service)
        asked = running.incarnation
        self.tell_one(running, ["arrange", instance, word])
        trouble = f"given {word}: {instance} did not take it in time"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_WITHIN):
                while word not in self._arranged:
                    self.tasks.raise_trouble()
                    if not running.ports or running.incarnation != asked:
                        trouble = f"given {word}: {instance} died while it took it"
                        break
                    await self.tasks.change()
        trouble, failure = self._arranged.get(word, (trouble, []))
        if failure:
            raise HandlerFailed(*failure)
        if trouble:
            raise EnvironmentTrouble(trouble)

    # -- from the processes -------------------------------------------------------------------------------

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one process's line."""
        silent = asyncio.Event()
        running: Running | None = None
        try:
            async for message in frames(reader):
                match message:
                    case ["line", process]:
                        self.fleet.running[process].writer = writer
                        send(writer, frame(["welcome"]))
                    case ["hello", process, _]:
                        running = self.fleet.running[process]
                        running.silent = silent
                    case _ if running is not None:
                        self._heard(running, message)
        except Exception as error:  # noqa: BLE001 - asyncio would only print it
            self.tasks.fail(error)
        finally:
            silent.set()
            for one in self.fleet.running.values():
                if one.writer is writer:
                    one.writer = None
            if running is not None:  # what waited there is gone with it
                name = running.placed.process
                self.held = {place: None for place in self.held if place[0] != name}
            writer.close()

    def _heard(self, running: Running, message: list[Any]) -> None:
        """Take what a process tells."""
        match message:
            case ["log", events]:
                self._ledger.take(events)
            case ["touched", fault, times]:
                self.touched[fault] = self.touched.get(fault, 0) + times
            case ["spent", fault]:
                self.on_spent(fault)
            case ["arranged", word, trouble, failure]:
                self._arranged[word] = (f"given {word}: {trouble}" if trouble else "", failure)
                self.tasks.changed()
            case ["ready", ports]:
                self._ready(running, ports)
            case ["held" | "passed", _]:
                self._at_gate(running.placed.process, message)
            case ["failed", instance, kind, words, places, trace]:
                self.on_failed(HandlerFailed(instance, kind, words, places, trace))
            case ["refused", trouble]:
                running.refused = trouble
            case ["crash", restart_after, fault, cause]:
                running.blame = (fault, cause)
                running.restart_after = restart_after / 1_000_000

    def _ready(self, running: Running, ports: Sequence[Any]) -> None:
        """Take note that a process serves, and tell it what it may have missed."""
        self.fleet.ready(running, [(name, service, port) for name, service, port in ports])
        for told in self.unplanned.values():
            self.tell_one(running, ["know", *told])
        self.tell_one(running, ["faults", self.in_force])
        if self._hold:
            self.tell_one(running, ["hold", self._hold])
