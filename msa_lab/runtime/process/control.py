"""The control plane: starts processes, knows who is up, orders the log, tells everybody of faults."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import struct
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process.blueprint import Blueprint, Placed
from msa_lab.runtime.process.journal import Journal, RunClock, Story, Told
from msa_lab.runtime.process.ledger import Ledger
from msa_lab.runtime.process.servers import command, connection
from msa_lab.runtime.process.wire import frame, frames

READY_WITHIN = 30.0
"""How many seconds the processes have to come up."""

STOP_WITHIN = 3.0
"""How many seconds they have to end by themselves."""

LAST_WORDS_WITHIN = 1.0
RELEASE_EVERY = 0.005
RESTART_PAUSE = 0.5
"""How long a process that died by itself is left alone, in seconds."""

BROKER, CACHE = "broker", "cache"
_LENGTH = struct.Struct(">I")


@dataclass(slots=True)
class Running:
    """A process: its present incarnation and what holds it."""

    placed: Placed
    incarnation: int = 0
    pid: int = 0
    writer: asyncio.StreamWriter | None = None
    ports: list[tuple[str, str, int]] = field(default_factory=list)
    holders: dict[str, None] = field(default_factory=dict)
    blame: tuple[str, int] = ("", 0)
    restart_after: float | None = None
    silent: asyncio.Event | None = None


class Control:
    """Everything about the processes of one run."""

    def __init__(self, blueprint: Blueprint, ledger: Ledger, line: socket.socket) -> None:
        self.blueprint = blueprint
        self.clock = RunClock()
        self.journal = Journal(1, self.clock, blueprint.wanted, ledger.take)
        self.running = {placed.process: Running(placed) for placed in blueprint.processes}
        self.servers: dict[str, int] = {}
        self.listed: dict[str, list[tuple[str, int]]] = {}
        self.faults: dict[str, bool] = {}  # those not healed yet; whether they still act
        self.touched: dict[str, int] = {}
        self.on_registry: Callable[[], object] = lambda: None
        self.on_spent: Callable[[str], object] = lambda _fault: None
        self.trouble: BaseException | None = None
        self._ledger = ledger
        self._raw_line = line
        self._line: asyncio.StreamWriter | None = None
        self._origins = 1
        self._start = 0
        self._arranged: dict[str, asyncio.Future[str]] = {}
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._server: asyncio.Server | None = None
        self.last_crash = 0

    # -- life ---------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Start the broker, the cache and all processes; come back when every instance is ready.

        Raises:
            EnvironmentTrouble: when one of them does not come up.
        """
        blueprint = self.blueprint
        self._server = await asyncio.start_unix_server(self._met, str(blueprint.control))
        reader, self._line = await asyncio.open_connection(sock=self._raw_line)
        self.spawn(self._hear_nursery(reader))
        self.spawn(self._release())
        starting = [asyncio.create_task(self.start_server(name)) for name in (BROKER, CACHE)]
        await asyncio.sleep(0)  # their commands go first
        for running in self.running.values():
            self._fork(running)
        await asyncio.gather(*starting)
        try:
            async with asyncio.timeout(READY_WITHIN):
                while any(not running.ports for running in self.running.values()):
                    self._raise_trouble()
                    await self._change()
        except TimeoutError:
            late = [name for name, running in self.running.items() if not running.ports]
            raise EnvironmentTrouble(self._said(late[0], f"{', '.join(late)}: not ready in time")) from None

    async def start_server(self, name: str) -> None:
        """Start broker or cache and wait until it answers.

        Raises:
            EnvironmentTrouble: when it does not.
        """
        path = self.blueprint.folder / name
        path.unlink(missing_ok=True)
        argv = command(path, self.blueprint.folder / f"{name}.data", durable=name == BROKER)
        self._nurse(["exec", name, argv])
        server = connection(path)
        try:
            async with asyncio.timeout(READY_WITHIN):
                while True:
                    self._raise_trouble()
                    try:
                        await server.ping()
                    except (OSError, Exception):  # noqa: BLE001 - not there yet, whatever it says
                        await asyncio.sleep(0.005)
                    else:
                        return
        except TimeoutError:
            raise EnvironmentTrouble(self._said(name, f"the {name} does not answer")) from None
        finally:
            await server.aclose()

    def begin(self) -> None:
        """Let the run's time begin."""
        self._start = time.monotonic_ns()
        self.clock.begin(self._start)
        self.tell_all(["begin", self._start])
        for running in self.running.values():
            self._say_started(running)

    async def close(self) -> list[str]:
        """End all processes; give the names of those that had to be killed."""
        self._stopping = True
        self.tell_all(["stop"])
        for running in self.running.values():
            if running.pid:
                self.signal(running.placed.process, signal.SIGCONT)
        stubborn: list[str] = []
        try:
            async with asyncio.timeout(STOP_WITHIN):
                while any(running.pid for running in self.running.values()):
                    await self._change()
        except TimeoutError:
            stubborn = [name for name, running in self.running.items() if running.pid]
        await self._kill([*stubborn, *self.servers])
        await asyncio.sleep(2 * RELEASE_EVERY)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ledger.release(self.clock.now())
        if self._server is not None:
            self._server.close()
        if self._line is not None:
            self._line.close()
        return stubborn

    async def _kill(self, names: Sequence[str]) -> None:
        for name in names:
            self.signal(name, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):  # the fork server kills what is left when its line is closed
            async with asyncio.timeout(STOP_WITHIN):
                while self.servers or any(running.pid for running in self.running.values()):
                    await self._change()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background; a bug in it ends the run."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.trouble = self.trouble or task.exception()
            self._changed.set()

    def _raise_trouble(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    async def _change(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    def _said(self, name: str, what: str) -> str:
        """Add the last line that a process wrote before it died."""
        out = self.blueprint.folder / f"{name}.out"
        lines = out.read_text(encoding="utf-8", errors="replace").splitlines() if out.exists() else []
        return f"{what}\n  {lines[-1]}" if lines else what

    # -- the log ------------------------------------------------------------------------------------------

    async def _release(self) -> None:
        while True:
            until = self.clock.now()
            await asyncio.sleep(RELEASE_EVERY)
            self._ledger.release(until)

    async def flush(self) -> None:
        """Come back when all that has happened so far is logged."""
        await asyncio.sleep(4 * RELEASE_EVERY)

    def note(self, kind: str, detail: dict[str, Any], cause: int = 0) -> int:
        """Log an event of the shop as a whole."""
        return self.journal.emit(Story("", "", cause=cause), kind, detail)

    def _instance(self, kind: str, name: str, service: str, detail: dict[str, Any], cause: int = 0) -> int:
        return self.journal.emit(Story(service, name, cause=cause), kind, detail)

    # -- processes ----------------------------------------------------------------------------------------

    def _fork(self, running: Running) -> None:
        self._origins += 1
        running.incarnation += 1
        running.blame = ("", 0)
        process = running.placed.process
        words = [self._origins, running.incarnation, self._start, self.in_force, self.listed]
        self._nurse(["fork", process, *words])

    def _nurse(self, message: list[Any]) -> None:
        if self._line is not None:
            body = msgspec.msgpack.encode(message)
            self._line.write(_LENGTH.pack(len(body)) + body)

    async def _hear_nursery(self, reader: asyncio.StreamReader) -> None:
        async for message in frames(reader):
            match message:
                case ["born", name, pid]:
                    if name in self.running:
                        self.running[name].pid = pid
                    else:
                        self.servers[name] = pid
                case ["died", name, pid, code]:
                    self.spawn(self._bury(name, pid, code))
            self._changed.set()
        if not self._stopping:
            raise EnvironmentTrouble("the fork server has died")

    async def _bury(self, name: str, pid: int, code: int) -> None:
        """Take note of a death when all that the dead one had said is read."""
        running = self.running.get(name)
        if running is not None and running.silent is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_WITHIN):
                    await running.silent.wait()
        self._died(name, pid, code)
        self._changed.set()

    def _died(self, name: str, pid: int, code: int) -> None:
        if name not in self.running:
            if self.servers.get(name) == pid:
                del self.servers[name]
            if not self._stopping and not (name == BROKER and self.faults):
                self.trouble = EnvironmentTrouble(self._said(name, f"the {name} ended with {code}"))
            return
        running = self.running[name]
        served, running.ports, running.pid, running.writer = running.ports, [], 0, None
        if self._stopping:
            return
        fault, cause = running.blame
        if not (served or fault):
            self.trouble = EnvironmentTrouble(self._said(name, f"{name} ended with {code} at its start"))
            return
        for instance, service, _ in served:
            detail: dict[str, Any] = {"incarnation": running.incarnation}
            if fault:
                detail["fault"] = fault
            self.last_crash = self._instance("instance.crashed", instance, service, detail, cause)
        self._list()
        if running.restart_after is not None or not running.holders:
            after = RESTART_PAUSE if running.restart_after is None else running.restart_after
            running.restart_after = None
            self.spawn(self._restart_later(running, after))

    async def _restart_later(self, running: Running, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.restart(running)

    def restart(self, running: Running) -> None:
        """Start a process that is down, unless a fault holds it or it is coming already."""
        if not (running.pid or running.holders or self._stopping):
            running.pid = -1  # on its way
            self._fork(running)

    def signal(self, process: str, number: int) -> None:
        """Send a signal to a process, through its parent, who knows whether it is still there."""
        self._nurse(["signal", process, int(number)])

    def kill(self, running: Running, fault: str, cause: int) -> None:
        """Kill a process for a fault, which holds it down."""
        running.holders[fault] = None
        running.blame = (fault, cause)
        self.signal(running.placed.process, signal.SIGKILL)

    def pause(self, running: Running, fault: str, cause: int) -> None:
        """Let a process stand still."""
        self.signal(running.placed.process, signal.SIGSTOP)
        for instance, service in running.placed.instances:
            self._instance("instance.paused", instance, service, {"fault": fault}, cause)

    def resume(self, running: Running) -> None:
        """Let a process go on."""
        self.signal(running.placed.process, signal.SIGCONT)
        for instance, service in running.placed.instances:
            self._instance("instance.resumed", instance, service, {})

    def _say_started(self, running: Running) -> None:
        for instance, service, _ in running.ports:
            self._instance("instance.started", instance, service, {"incarnation": running.incarnation})

    def _list(self) -> None:
        """Tell everybody who is there."""
        self.listed = {}
        for running in self.running.values():
            for instance, service, port in running.ports:
                self.listed.setdefault(service, []).append((instance, port))
        self.tell_all(["registry", self.listed])
        self.on_registry()

    @property
    def in_force(self) -> list[str]:
        """The faults that act now."""
        return [fault for fault, acts in self.faults.items() if acts]

    def tell_all(self, message: list[Any]) -> None:
        """Send a message to every process."""
        whole = frame(message)
        for running in self.running.values():
            if running.writer is not None:
                running.writer.write(whole)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one process's line."""
        silent = asyncio.Event()
        running: Running | None = None
        try:
            async for message in frames(reader):
                match message:
                    case ["line", process]:
                        self.running[process].writer = writer
                        writer.write(frame(["welcome"]))
                    case ["hello", process, _]:
                        running = self.running[process]
                        running.silent = silent
                    case _ if running is not None:
                        self._heard(running, message)
        except Exception as error:  # noqa: BLE001 - asyncio would only print it
            self.trouble = self.trouble or error
        finally:
            silent.set()
            for one in self.running.values():
                if one.writer is writer:
                    one.writer = None
            writer.close()

    def _heard(self, running: Running, message: list[Any]) -> None:
        """Take what a process tells."""
        match message:
            case ["log", events]:
                self._log(events)
            case ["touched", fault, times]:
                self.touched[fault] = self.touched.get(fault, 0) + times
            case ["spent", fault]:
                self.on_spent(fault)
            case ["arranged", word, trouble]:
                self._arranged[word].set_result(trouble)
            case ["ready", ports]:
                self._ready(running, ports)
            case ["crash", restart_after, fault, cause]:
                running.blame = (fault, cause)
                running.restart_after = restart_after / 1_000_000

    def _log(self, events: list[Told]) -> None:
        self._ledger.take(events)

    def _ready(self, running: Running, ports: list[list[Any]]) -> None:
        running.ports = [(name, service, port) for name, service, port in ports]
        if self.clock.runs:
            self._say_started(running)
        self._list()
        self.tell_one(running, ["faults", self.in_force])
        self._changed.set()

    def tell_one(self, running: Running, message: list[Any]) -> None:
        """Send a message to one process."""
        if running.writer is not None:
            running.writer.write(frame(message))

    async def arrange(self, service: str, word: str) -> None:
        """Let the first instance of a service take a value of `given`.

        Raises:
            RuntimeError: when it could not.
        """
        self._arranged[word] = asyncio.get_running_loop().create_future()
        running = next(
            running for running in self.running.values()
            if any(name == service for _, name in running.placed.instances)
        )  # fmt: skip
        instance = next(name for name, owner in running.placed.instances if owner == service)
        self.tell_one(running, ["arrange", instance, word])
        async with asyncio.timeout(READY_WITHIN):
            trouble = await self._arranged[word]
        if trouble:
            raise RuntimeError(f"given {word}: {trouble}")
