"""The market of the contract on a real broker: till, diary and reader as processes have them, in one loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from redis.asyncio import Redis

from msa_lab.chaos import FaultSpec, names_of, parse_fault_text
from msa_lab.runtime.process.bus import Broker
from msa_lab.runtime.process.context import Desk, ProcessContext
from msa_lab.runtime.process.database import Database
from msa_lab.runtime.process.host import Host
from msa_lab.runtime.process.hurting import Hurting, SharedCounts
from msa_lab.runtime.process.journal import Journal, RunClock, Story, Told
from msa_lab.runtime.process.outbox import Relay
from msa_lab.runtime.process.ports import OuterDirectory, PlannedConfig, ValkeyCache, ValkeyLock
from msa_lab.runtime.process.records import operations_of
from msa_lab.runtime.process.site import Site
from msa_lab.runtime.process.sqlite import SqliteFile
from msa_lab.runtime.process.store import Kept, Work
from msa_lab.sdk import Duration
from msa_lab.telemetry.events import KINDS
from msa_lab.topology import Topology
from tests.builders import SHOP, Sold, announcing, tiny
from tests.contract.test_delivery import READER

T = TypeVar("T")
SPECS = (*SHOP, READER)
GROUPS: Mapping[str, Sequence[str]] = {"diary": ("till.events",), "reader": ("till.events",)}
PATIENCE = 20.0
PATIENT = "broker.visibility=5s"
"""On a busy machine who is only slow must not count as gone, unless a promise is about that."""


Connect = Callable[[Topology, Mapping[str, Sequence[str]]], Broker]
"""Give a process's connection to a broker, for a topology and the groups that there are."""


class Member:
    """One process: what it holds, and its instance if it hears something."""

    def __init__(self, site: Site, desk: Desk, host: Host | None) -> None:
        self.site = site
        self.desk = desk
        self.host = host


class RealMarket:
    """Each instance has its own connections; databases are SQLite, `cache` connects to a cache."""

    def __init__(
        self,
        folder: Path,
        connect: Connect,
        cache: Callable[[], Redis],
        *,
        settings: Sequence[str] = (),
        faults: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._connect = connect
        self._cache = cache
        self._topology = tiny(PATIENT, *settings, specs=SPECS)
        self._log: dict[int, Told] = {}
        self._clock = RunClock()
        self._clock.begin(1)
        names = names_of(SPECS)
        self._faults: list[FaultSpec] = [
            parse_fault_text(f"{fault} at 0s", names, number=number) for number, fault in enumerate(faults, 1)
        ]
        self._counts = SharedCounts(self._faults, folder / "counts")
        self._runner = asyncio.Runner()
        self._relaying: asyncio.Task[None] | None = None
        self._members: dict[str, Member] = {}
        self.broker = connect(self._topology, GROUPS)
        self._runner.run(self._open())

    async def _open(self) -> None:
        await self.broker.prepare(GROUPS)
        for origin, name in enumerate(("till-1", "diary-1", "diary-2", "reader-1", "reader-2"), 2):
            self._members[name] = await self._join(origin, name)
        self._relaying = asyncio.create_task(self._members["till-1"].desk.kept.relay.run())

    async def _join(self, origin: int, name: str) -> Member:
        service = name.partition("-")[0]
        spec = next(spec for spec in SPECS if spec.name == service)
        hurting = Hurting(
            [spec.name for spec in SPECS], {fault.id: fault for fault in self._faults}, self._counts, seed=1,
            name=name, tell=lambda _fault, _times: None,
        )  # fmt: skip
        for fault in self._faults:
            hurting.start(fault.id)
        operations = operations_of(SPECS)
        site = Site(
            name, origin, 1, self._topology, {spec.name: spec for spec in SPECS}, operations,
            Journal(origin, self._clock, frozenset(KINDS), self._note), hurting,
            self._connect(self._topology, GROUPS), self._cache(), PlannedConfig({}),
            OuterDirectory(operations), lambda _after, _fault, _cause: None,
        )  # fmt: skip
        database = Database(spec, SqliteFile(self._folder / f"{service}.sqlite"), versioned=True)
        await database.open()
        relay = Relay(site, service, database, self._folder / f"{service}.relay")
        desk = Desk(
            site, service, name, 1, Kept(site, service, database, relay),
            ValkeyCache(site.cache, service, enabled=True), ValkeyLock(site.cache, service),
        )  # fmt: skip
        host = Host(site, spec, desk) if spec.subscriptions else None
        if host is not None:
            host.listen()
        return Member(site, desk, host)

    def _note(self, events: list[Told]) -> None:
        for event in events:  # two instances of one database may tell of the same commit
            self._log.setdefault(event[0], event)

    # -- as the contract has it ---------------------------------------------------------------------------

    def sell(self, *sold: Sold) -> None:
        self._runner.run(announcing(*sold)(self._till()))

    def publish(self, sold: Sold) -> None:
        self._runner.run(self._till().publish(sold))

    def _till(self) -> ProcessContext:
        return ProcessContext(self._members["till-1"].desk, Work(Story("till", "till-1")))

    def until(self, over: Callable[[], bool]) -> None:
        self._runner.run(self._until(over))

    async def _until(self, over: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not over():  # noqa: ASYNC110 - what is waited for is in a log
                await asyncio.sleep(0.002)

    def pass_time(self, duration: Duration) -> None:
        self._runner.run(asyncio.sleep(duration / 1_000_000))

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [
            {**event[10], "t": event[1], "instance": event[4]}
            for event in self._log.values()
            if event[2] == kind
        ]

    def kill(self, instance: str) -> None:
        self._runner.run(self._kill(self._members.pop(instance)))

    async def _kill(self, member: Member) -> None:
        # What it was doing goes nowhere any more: its connections end, and nothing of it is awaited.
        if member.host is not None:
            member.host.stop()
        member.site.journal.send = lambda _events: None
        member.desk.kept.relay.close()
        await member.desk.kept.database.close()
        await member.site.close()

    # -- what only a real one can do ----------------------------------------------------------------------

    def ask(self, question: Callable[[Broker], Awaitable[T]]) -> T:
        async def asked() -> T:
            return await question(self.broker)

        return self._runner.run(asked())

    def close(self) -> None:
        self._runner.run(self._close())
        self._runner.close()

    async def _close(self) -> None:
        if self._relaying is not None:
            self._relaying.cancel()
            await asyncio.gather(self._relaying, return_exceptions=True)
        for member in self._members.values():
            await self._kill(member)
        await self.broker.clean()
        await self.broker.close()
