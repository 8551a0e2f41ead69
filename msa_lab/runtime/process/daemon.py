"""A running shop: the same processes as in a run, without an end, until somebody asks for one."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import uvloop

from msa_lab.runtime.blame import HandlerFailed
from msa_lab.runtime.process.admin import Admin, Tell, Verb
from msa_lab.runtime.process.blueprint import Blueprint
from msa_lab.runtime.process.chaos import FOREVER, Chaos
from msa_lab.runtime.process.control import Control
from msa_lab.runtime.process.fleet import Running
from msa_lab.runtime.process.forgetting import forget
from msa_lab.runtime.process.holding import Holding
from msa_lab.runtime.process.hurting import Hurting
from msa_lab.runtime.process.identity import started
from msa_lab.runtime.process.launch import arrange, fork_server
from msa_lab.runtime.process.ledger import Ledger
from msa_lab.runtime.process.letters import LetterVerbs
from msa_lab.runtime.process.roster import roster
from msa_lab.runtime.process.stamping import say
from msa_lab.runtime.process.tidying import tidy
from msa_lab.runtime.process.verbs import Verbs
from msa_lab.sdk.values import CurrencyMismatch, Instant
from msa_lab.telemetry.log import EventLog
from msa_lab.usecases.ports import Plan

FLUSH_EVERY = 0.1
"""How often, in seconds, the log on disk catches up with what has happened."""

REMEMBERED = 200_000
"""How many events at least can be named as causes of new ones."""

Progress = Callable[[Mapping[str, Any]], object]
"""Is told how a start or an end goes on: `ready` of `of`, or who is `waiting` with `left` seconds."""


class Keeper(Protocol):
    """Keeps what must outlive the processes, and says where the shop is to be found."""

    @property
    def seeded(self) -> bool:
        """Whether the databases hold the scenario's `given`."""
        ...

    def origin(self) -> int:
        """Give the next number of a process; never one that was given before."""
        ...

    def seed(self, scenario: str) -> None:
        """The databases hold the scenario's `given` now."""
        ...

    def list_processes(self, processes: list[dict[str, Any]]) -> None:
        """Keep who was started."""
        ...

    def flush(self) -> None:
        """Write what was logged to disk."""
        ...

    @property
    def trouble(self) -> str:
        """Why the log has ended, '' while it goes on."""
        ...


@dataclass(slots=True)
class Standing:
    """What a running shop is made of.

    `start` is its birth on the monotonic clock in nanoseconds, `logged` the instant of its log's last event.
    """

    plan: Plan
    log: EventLog
    blueprint: Blueprint
    keeper: Keeper
    token: str
    start: int
    logged: int
    url: str
    admin: Path


def stand_by(standing: Standing, progress: Progress, on_up: Callable[[], object]) -> list[str]:
    """Run a shop until it is asked to end; give the names of processes that had to be killed.

    Raises:
        EnvironmentTrouble: when it does not come up, or the machine fails it.
    """
    with fork_server(standing.blueprint) as line:
        control = Control(
            standing.blueprint,
            Ledger(standing.log, standing.plan.specs, after=standing.logged, remember=REMEMBERED),
            line,
            standing.keeper.origin,
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(Daemon(standing, control, progress).run(on_up))


class Daemon:
    """The supervisor's life, from the first process to the last."""

    def __init__(self, standing: Standing, control: Control, progress: Progress) -> None:
        self.standing = standing
        self.control = control
        plan = standing.plan
        own = [spec.name for spec in plan.specs if not spec.outside]
        self.hurting = Hurting(
            own, {}, standing.blueprint.counts, seed=plan.seed, name="supervisor", tell=self._touched
        )
        self.chaos = Chaos(control, (), FOREVER, self.hurting)
        self.holding = Holding(control)
        self.verbs = Verbs(plan, control, self.chaos, self.holding)
        self.letters = LetterVerbs(control)
        own_verbs: dict[str, Verb] = {"status": self._status, "down": self._down}
        self.admin = Admin(standing.token, own_verbs | self.verbs.verbs | self.letters.verbs)
        self._progress = progress
        self._end = asyncio.Event()
        self._ended: asyncio.Future[list[str]]
        self._watching: list[Progress] = [progress]

    async def run(self, on_up: Callable[[], object]) -> list[str]:
        """Come up, stay, end."""
        control, standing = self.control, self.standing
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end.set)
        control.fleet.on_pid = self._list_processes
        control.fleet.on_give_up = self._given_up
        control.on_failed = self._failed
        standing.log.listen(("event.recorded",), self.chaos.observe)
        try:
            control.begin(standing.start)
            control.note("run.started", self._begun())
            opening = asyncio.create_task(self._open())
            await self._until(opening)
            if not self._end.is_set():
                await self.admin.open(standing.admin)
                on_up()
                control.tasks.spawn(self.chaos.run())
                control.tasks.spawn(control.catch_up(Instant(standing.logged)))
                control.tasks.spawn(self._flush())
                control.tasks.spawn(tidy(standing.blueprint))
                control.tasks.spawn(forget(control))
                await self._until(None)
                self.holding.end()
                await self.chaos.heal()
                control.note("run.ended", {"settled": False})
                await control.flush()
        finally:
            await self.letters.close()
            stubborn = await control.close(self._closing)
            standing.keeper.flush()
            self._ended.set_result(stubborn)
            await self.admin.close()
        return stubborn

    async def _open(self) -> None:
        standing, control = self.standing, self.control
        await control.open(lambda ready, of: self._progress({"ready": ready, "of": of}))
        if not standing.keeper.seeded:
            given = standing.plan.scenario.given
            self._progress({"seeding": standing.plan.scenario.id})
            await arrange(control, standing.plan.specs, given)
            standing.keeper.seed(standing.plan.scenario.id)

    async def _until(self, work: asyncio.Task[None] | None) -> None:
        """Wait for some work, the wish to end or trouble, whichever comes first."""
        ending = asyncio.create_task(self._end.wait())
        try:
            while not (self._end.is_set() or (work is not None and work.done())):
                self.control.tasks.raise_trouble()
                change = asyncio.create_task(self.control.tasks.change())
                waiting = {ending, change} | ({work} if work is not None else set())
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
            if work is not None and work.done():
                work.result()
        finally:
            ending.cancel()
            if work is not None:
                work.cancel()

    def _closing(self, waiting: Sequence[str], left: float) -> None:
        for watch in self._watching:
            watch({"waiting": list(waiting), "left": left})

    async def _flush(self) -> None:
        keeper, said = self.standing.keeper, ""
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            keeper.flush()
            if keeper.trouble != said:
                said = keeper.trouble
                say(f"error: the event log ends here: {said}")

    def _begun(self) -> dict[str, Any]:
        plan = self.standing.plan
        return {
            "scenario": plan.scenario.id, "topology": plan.topology.id, "seed": plan.seed,
            "chaos": plan.profile,
        }  # fmt: skip

    def _touched(self, fault: str, times: int) -> None:
        self.control.touched[fault] = self.control.touched.get(fault, 0) + times

    def _list_processes(self) -> None:
        fleet = self.control.fleet
        pids = {name: running.pid for name, running in fleet.running.items()} | fleet.servers
        self.standing.keeper.list_processes([
            {"name": name, "pid": pid, "started": started(pid)} for name, pid in pids.items() if pid > 0
        ])  # fmt: skip

    def _given_up(self, running: Running) -> None:
        say(f"error: {running.given_up}")

    def _failed(self, failure: HandlerFailed) -> None:
        if failure.kind == CurrencyMismatch.__name__:
            return  # whoever sent them was told
        places = [place for place in failure.places if place.module.startswith("services.")]
        place = (places or failure.places)[0]
        say(f"error: {failure.instance}: {failure.words}\n  {place.file}:{place.line}, in {place.function}")

    # -- what others may ask --------------------------------------------------------------------------------

    async def _down(self, _words: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        self._watching.append(tell)
        self._end.set()
        return {"killed": await asyncio.shield(self._ended)}

    async def _status(self, _words: Mapping[str, Any], _tell: Tell) -> dict[str, Any]:
        return {
            "url": self.standing.url,
            "topology": self.standing.plan.topology.id,
            "age": self.control.clock.now() / 1_000_000,
            **roster(self.control),
            "faults": self.verbs.active,
            "log": self.standing.keeper.trouble,
        }
