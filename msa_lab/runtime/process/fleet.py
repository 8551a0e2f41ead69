"""The processes of the shop: started and ended through the fork server, restarted when they fall."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process.blueprint import Blueprint, Placed
from msa_lab.runtime.process.identity import started
from msa_lab.runtime.process.journal import Journal, Story
from msa_lab.runtime.process.restarting import STABLE_AFTER, Falls
from msa_lab.runtime.process.servers import answers, command, connection
from msa_lab.runtime.process.stamping import unstamped
from msa_lab.runtime.process.tasks import Tasks
from msa_lab.runtime.process.wire import frame, frames, send

READY_WITHIN = 30.0
"""How many seconds the processes have to come up."""

STOP_WITHIN = 3.0
"""How many seconds they have to end by themselves."""

LAST_WORDS_WITHIN = 1.0
BROKER, CACHE = "broker", "cache"


@dataclass(slots=True)
class Running:
    """A process: its present incarnation and what holds it.

    `pid` is 0 while it is down and -1 while it is being started; `given_up` says why it stays down.
    """

    placed: Placed
    incarnation: int = 0
    pid: int = 0
    writer: asyncio.StreamWriter | None = None
    ports: list[tuple[str, str, int]] = field(default_factory=list)
    holders: dict[str, None] = field(default_factory=dict)
    blame: tuple[str, int] = ("", 0)
    restart_after: float | None = None
    silent: asyncio.Event | None = None
    ready_since: float = 0.0
    falls: Falls = field(default_factory=Falls)
    given_up: str = ""
    refused: str = ""
    leaving: bool = False
    paused: bool = False


class Fleet:
    """All processes and servers of one shop.

    `birth` gives what a new process must be told; `on_listing` is called when somebody came or went,
    `on_give_up` when a process is not started again, `on_pid` when there is a new process, `on_death` when
    one has died. `cpu` is how many CPU seconds those used that have died, by the name of process or server.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        journal: Journal,
        line: socket.socket,
        tasks: Tasks,
        *,
        birth: Callable[[Running], list[Any]],
        on_listing: Callable[[], object],
    ) -> None:
        self.running = {placed.process: Running(placed) for placed in blueprint.processes}
        self.servers: dict[str, int] = {}
        self.cpu: dict[str, float] = {}
        self.stopping = False
        self.on_give_up: Callable[[Running], object] = lambda running: tasks.fail(
            EnvironmentTrouble(running.given_up)
        )
        self.on_pid: Callable[[], object] = lambda: None
        self.on_death: Callable[[Running], object] = lambda _running: None
        self._blueprint = blueprint
        self._journal = journal
        self._raw_line = line
        self._line: asyncio.StreamWriter | None = None
        self._tasks = tasks
        self._birth = birth
        self._on_listing = on_listing
        self._opened = False
        self._starting: dict[str, None] = {}
        self._held_down: dict[str, None] = {}
        self._orphans: dict[int, None] = {}
        self._server_falls = {name: Falls() for name in (BROKER, CACHE)}

    @property
    def own_servers(self) -> list[str]:
        """Those of broker and cache that the shop starts itself."""
        places = {BROKER: self._blueprint.broker, CACHE: self._blueprint.cache}
        return [name for name, place in places.items() if not place.url]

    # -- life ---------------------------------------------------------------------------------------------

    async def open(self, progress: Callable[[int, int], object]) -> None:
        """Start the servers and all processes; come back when every instance is ready.

        Raises:
            EnvironmentTrouble: when one of them does not come up.
        """
        reader, self._line = await asyncio.open_connection(sock=self._raw_line)
        self._tasks.spawn(self._hear(reader))
        starting = [asyncio.create_task(self.start_server(name)) for name in self.own_servers]
        await asyncio.sleep(0)  # their commands go first
        for running in self.running.values():
            self._fork(running)
        late = list(self.running)
        try:
            await asyncio.gather(*starting)
            async with asyncio.timeout(READY_WITHIN):
                while late := [name for name, running in self.running.items() if not running.ports]:
                    progress(len(self.running) - len(late), len(self.running))
                    self._tasks.raise_trouble()
                    await self._tasks.change()
        except TimeoutError:
            raise EnvironmentTrouble(self.said(late[0], f"{', '.join(late)}: not ready in time")) from None
        finally:
            for task in starting:
                task.cancel()
        self._opened = True
        progress(len(self.running), len(self.running))

    async def start_server(self, name: str) -> None:
        """Start broker or cache and wait until it answers.

        Raises:
            EnvironmentTrouble: when it does not.
        """
        self._held_down.pop(name, None)
        if name in self._starting:
            return
        self._starting[name] = None
        self._exec(name)
        server = connection(self._blueprint.folder / name)
        try:
            async with asyncio.timeout(READY_WITHIN):
                while name not in self._held_down:
                    self._tasks.raise_trouble()
                    if await answers(server):
                        return
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise EnvironmentTrouble(self.said(name, f"the {name} does not answer")) from None
        finally:
            del self._starting[name]
            await server.aclose()

    def _exec(self, name: str) -> None:
        path = self._blueprint.folder / name
        path.unlink(missing_ok=True)
        self.servers.pop(name, None)
        argv = command(path, self._blueprint.data / f"{name}.data", durable=name == BROKER)
        self._nurse(["exec", name, argv])

    def hold_server(self, name: str) -> None:
        """Kill broker or cache and keep it down until `start_server`."""
        self._held_down[name] = None
        self.signal(name, signal.SIGKILL)

    @property
    def whole(self) -> bool:
        """Whether every process serves and the servers are there."""
        up = all(running.ports for running in self.running.values())
        return up and len(self.servers) == len(self.own_servers) and not self._starting

    @property
    def alive(self) -> list[str]:
        """The processes that have not ended."""
        return [name for name, running in self.running.items() if running.pid]

    async def close(self, progress: Callable[[Sequence[str], float], object]) -> list[str]:
        """Wait for the processes, which were told to stop, and end the servers; give whom had to be killed.

        `progress` is told who is still there and how many seconds they have left.
        """
        self.stopping = True
        for name in self.alive:
            self.signal(name, signal.SIGCONT)
        until = asyncio.get_running_loop().time() + STOP_WITHIN
        while self.alive and (left := until - asyncio.get_running_loop().time()) > 0:
            progress(self.alive, left)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, 1.0)):
                    await self._tasks.change()
        stubborn = self.alive
        for name in (*stubborn, *self.servers):
            self.signal(name, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):  # the fork server kills what is left when its line is closed
            async with asyncio.timeout(STOP_WITHIN):
                while self.servers or self.alive:
                    await self._tasks.change()
                while any(started(pid) for pid in self._orphans):  # noqa: ASYNC110 - nobody else will tell
                    await asyncio.sleep(0.005)
        return stubborn

    def hang_up(self) -> None:
        """Close the line to the fork server, which ends it and whatever is left."""
        if self._line is not None:
            self._line.close()

    # -- the fork server ----------------------------------------------------------------------------------

    def _nurse(self, message: list[Any]) -> None:
        if self._line is not None:
            send(self._line, frame(message))

    def _fork(self, running: Running) -> None:
        running.incarnation += 1
        running.blame = ("", 0)
        running.ready_since = 0.0
        running.refused = ""
        running.pid = -1  # on its way
        self._nurse(["fork", running.placed.process, *self._birth(running)])

    def signal(self, process: str, number: int) -> None:
        """Send a signal to a process, through its parent, who knows whether it is still there."""
        self._nurse(["signal", process, int(number)])

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        why = ""
        async for message in frames(reader):
            match message:
                case ["refused", words]:
                    why = words
                case ["born", name, pid]:
                    if name in self.running:
                        self.running[name].pid = pid
                    else:
                        self.servers[name] = pid
                    self.on_pid()
                case ["died", name, pid, code, cpu]:
                    self.cpu[name] = self.cpu.get(name, 0.0) + cpu
                    self._tasks.spawn(self._bury(name, pid, code))
            self._tasks.changed()
        self._orphaned()
        if not self.stopping:
            raise EnvironmentTrouble(why or self.said("nursery", "the fork server has died"))

    def _orphaned(self) -> None:
        """Without the fork server nobody tells of a death any more, or delivers a signal."""
        found = [*(running.pid for running in self.running.values()), *self.servers.values()]
        self._orphans = {pid: None for pid in found if pid > 0}
        self.servers.clear()
        for running in self.running.values():
            running.pid = 0
        self.hang_up()
        self._line = None
        self._tasks.changed()

    async def _bury(self, name: str, pid: int, code: int) -> None:
        """Take note of a death when all that the dead one had said is read."""
        running = self.running.get(name)
        if running is not None and running.silent is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_WITHIN):
                    await running.silent.wait()
        if running is None:
            self._lost_server(name, pid, code)
        else:
            self._died(running, code)
            if not self.stopping:
                self.on_death(running)
        self._tasks.changed()

    def _lost_server(self, name: str, pid: int, code: int) -> None:
        if self.servers.get(name) != pid:
            return  # it was one before the present
        del self.servers[name]
        if self.stopping or name in self._held_down:
            return
        pause = self._server_falls[name].fell(STABLE_AFTER if name not in self._starting else 0.0)
        if pause is None or not self._opened:
            self._tasks.fail(EnvironmentTrouble(self.said(name, f"the {name} ended with {code}")))
        elif name in self._starting:
            self._exec(name)
        else:
            self._tasks.spawn(self.start_server(name))

    # -- deaths and restarts ------------------------------------------------------------------------------

    def _died(self, running: Running, code: int) -> None:
        served, running.ports, running.pid, running.writer = running.ports, [], 0, None
        running.paused = False
        if self.stopping:
            return
        fault, cause = running.blame
        if not (served or fault or self._opened):
            self._tasks.fail(EnvironmentTrouble(self._last_words(running, f"ended with {code} at its start")))
            return
        for instance, service, _ in served:
            detail: dict[str, Any] = {"incarnation": running.incarnation}
            if fault:
                detail["fault"] = fault
            if running.leaving:
                detail["reason"] = "restarted by hand"
            self._say("instance.crashed", instance, service, detail, cause)
        self._on_listing()
        if running.leaving:
            running.leaving = False
            self.restart(running)
        elif running.restart_after is not None:
            after, running.restart_after = running.restart_after, None
            self._tasks.spawn(self._restart_later(running, after))
        elif not running.holders:
            self._fell(running, code)

    def _fell(self, running: Running, code: int) -> None:
        """Start a process again that died by itself, or leave it down when it falls again and again."""
        served_for = asyncio.get_running_loop().time() - running.ready_since if running.ready_since else 0.0
        pause = running.falls.fell(served_for)
        if pause is not None:
            self._tasks.spawn(self._restart_later(running, pause))
            return
        what = f"fell {running.falls.count} times in a row, with exit code {code}, and stays down"
        running.given_up = self._last_words(running, what)
        self.on_give_up(running)

    def _last_words(self, running: Running, what: str) -> str:
        """Put into words how a process ended: as it said itself, else with the last line it printed."""
        name = running.placed.process
        return f"{name}: {running.refused}" if running.refused else self.said(name, f"{name} {what}")

    async def _restart_later(self, running: Running, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.restart(running)

    def restart(self, running: Running) -> None:
        """Start a process that is down, unless a fault holds it or it is coming already."""
        if not (running.pid or running.holders or self.stopping):
            running.given_up = ""
            self._fork(running)

    async def renew(self, running: Running, stop: Callable[[Running], object]) -> None:
        """End a process in good order, with SIGKILL if it does not, and start it anew; wait until it serves.

        Raises:
            EnvironmentTrouble: when it does not come up again.
        """
        running.falls.forget()
        before = running.incarnation
        if running.pid:
            running.leaving = True
            stop(running)
            await self._within(STOP_WITHIN, lambda: not running.leaving)
            if running.leaving:
                self.signal(running.placed.process, signal.SIGKILL)
        else:
            self.restart(running)
        back = await self._within(
            READY_WITHIN, lambda: bool((running.ports and running.incarnation > before) or running.given_up)
        )
        if running.given_up or not back:
            name = running.placed.process
            raise EnvironmentTrouble(running.given_up or self.said(name, f"{name} is not ready in time"))

    async def _within(self, seconds: float, true: Callable[[], bool]) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not true():
                    await self._tasks.change()
        return true()

    def kill(self, running: Running, fault: str, cause: int) -> None:
        """Kill a process for a fault, which holds it down."""
        running.holders[fault] = None
        running.blame = (fault, cause)
        self.signal(running.placed.process, signal.SIGKILL)

    def pause(self, running: Running, fault: str, cause: int) -> None:
        """Let a process stand still."""
        self.signal(running.placed.process, signal.SIGSTOP)
        running.paused = True
        for instance, service in running.placed.instances:
            self._say("instance.paused", instance, service, {"fault": fault}, cause)

    def resume(self, running: Running) -> None:
        """Let a process go on."""
        self.signal(running.placed.process, signal.SIGCONT)
        running.paused = False
        for instance, service in running.placed.instances:
            self._say("instance.resumed", instance, service, {})

    def ready(self, running: Running, ports: Sequence[tuple[str, str, int]]) -> None:
        """Take note that a process serves, and where."""
        running.ports = list(ports)
        running.ready_since = asyncio.get_running_loop().time()
        if self._journal.clock.runs:
            self.say_started(running)
        self._on_listing()
        self._tasks.changed()

    def say_started(self, running: Running) -> None:
        """Log the instances of a process as serving."""
        for instance, service, _ in running.ports:
            self._say("instance.started", instance, service, {"incarnation": running.incarnation})

    def _say(self, kind: str, instance: str, service: str, detail: dict[str, Any], cause: int = 0) -> None:
        self._journal.emit(Story(service, instance, cause=cause), kind, detail)

    def said(self, name: str, what: str) -> str:
        """Add the last line that a process wrote before it died."""
        out = self._blueprint.logs / f"{name}.out"
        lines = out.read_text(encoding="utf-8", errors="replace").splitlines() if out.exists() else []
        return f"{what}\n  {unstamped(lines[-1])}" if lines else what
