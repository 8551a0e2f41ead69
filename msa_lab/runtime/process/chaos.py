"""Chaos on real processes: starts and ends the planned faults, with signals where they are real."""

from __future__ import annotations

import asyncio
import dataclasses
import pickle
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from msa_lab.chaos import write_fault
from msa_lab.chaos.model import At, FaultSpec
from msa_lab.chaos.timeline import Timeline, Transition
from msa_lab.errors import UserMistake
from msa_lab.runtime.process.control import Control
from msa_lab.runtime.process.fleet import BROKER, Running
from msa_lab.runtime.process.hurting import Hurting
from msa_lab.runtime.process.servers import connection
from msa_lab.runtime.process.streams import forget
from msa_lab.sdk.values import Duration, Instant
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.ports import ByHand, FaultRecord

FOREVER = Instant(1 << 62)
"""The end of what has none."""

LAST_WORDS = 0.05
"""How long, in seconds, processes may still report what a fault touched after it has ended."""


def _whole(instant: int) -> Instant:
    """Round up to whole milliseconds, as people write them."""
    return Instant(-(-instant // 1_000) * 1_000)


class Chaos:
    """The plan of faults of a run. `client` are the faults as the shoppers' host honours them."""

    def __init__(self, control: Control, specs: Sequence[FaultSpec], end: Instant, client: Hurting) -> None:
        self._control = control
        self._client = client
        self._timeline = Timeline(specs, end)
        self._armed = False
        self._started: dict[str, tuple[FaultSpec, int, int]] = {}
        self._finished: list[FaultRecord] = []
        self._injected: dict[str, FaultSpec] = {}
        self._specs = {spec.id: spec for spec in specs}
        self._end = end
        self._over = False
        self._added: dict[str, FaultSpec] = {}
        self._dropped: dict[str, None] = {}
        self._called_off: list[FaultRecord] = []
        self._killed: dict[str, list[Running]] = {}
        self._paused: dict[str, list[Running]] = {}
        self._flushes: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        control.on_spent = self._spent

    async def run(self) -> None:
        """Follow the plan until cancelled."""
        while True:
            now = self._control.clock.now()
            due = self._timeline.next
            if due is not None and due <= now:
                self._apply(self._timeline.advance(now))
                continue
            self._wake.clear()
            try:
                async with asyncio.timeout(None if due is None else (due - now) / 1_000_000):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def inject(self, spec: FaultSpec) -> None:
        """Plan a fault that comes while the shop is running.

        Raises:
            UserMistake: when too many are in force, or the run comes to rest already.
        """
        control = self._control
        if self._over or control.clock.now() >= self._end:
            raise UserMistake("the load is over and the run comes to rest: no fault begins any more")
        place = control.blueprint.counts.lend(spec)
        self._client.know(spec, place)
        control.announce(spec.id, (pickle.dumps(spec), place))
        self._injected[spec.id] = spec
        if self._kept:
            self._added[spec.id] = spec
        self._timeline.add(spec)
        self._wake.set()

    @property
    def injected(self) -> dict[str, tuple[FaultSpec, Instant | None]]:
        """The injected faults that have not ended, by id, with the instant at which each began."""
        return {
            name: (spec, Instant(self._started[name][1]) if name in self._started else None)
            for name, spec in self._injected.items()
        }

    @property
    def _kept(self) -> bool:
        """Whether this is a run, which tells in the end what became of every fault."""
        return self._end < FOREVER

    @property
    def open(self) -> list[str]:
        """The faults that act or may still come, planned and injected."""
        over = {record.id for record in (*self._finished, *self._called_off)}
        return [name for name in (*self._specs, *self._injected) if name not in over]

    def taken(self, fault: str) -> bool:
        """Tell whether a fault has that id, or had it in this run."""
        return fault in self._injected or fault in self._specs or fault in self._added

    @property
    def by_hand(self) -> ByHand:
        """What hands have done to the plan."""
        return ByHand(tuple(self._added.values()), tuple(self._dropped))

    def _note_hand(self, fault: str) -> None:
        """Take note that hands end a fault before its time, or call it off."""
        if not self._kept:
            return
        spec = self._specs.get(fault) or self._injected[fault]
        if fault in self._specs:
            self._dropped[fault] = None
        self._added.pop(fault, None)
        if fault not in self._started:
            self._called_off.append(
                FaultRecord(fault, spec.kind, str(spec.target), None, None, 0, healed=True)
            )
            return
        began = self._started[fault][1]
        lasted = max(1_000, self._control.clock.now() - began)
        self._added[fault] = dataclasses.replace(
            spec, start=At(_whole(began)), duration=Duration(_whole(lasted))
        )

    async def withdraw(self, faults: Iterable[str]) -> None:
        """End some faults now and come back when they are healed."""
        for fault in list(faults):
            self._note_hand(fault)
            self._apply(self._timeline.withdraw(fault))
            if fault not in self._started:
                self._let_go(fault)
        while self._ending:
            await asyncio.gather(*self._ending)

    def _let_go(self, fault: str) -> None:
        """Forget an injected fault that is over."""
        if self._injected.pop(fault, None) is not None:
            self._started.pop(fault, None)
            self._control.forget(fault)
            self._control.touched.pop(fault, None)
            self._client.forget(fault)
            self._control.blueprint.counts.give_back(fault)

    def observe(self, event: LogEvent) -> None:
        """Take note of a domain event."""
        name = event.detail["event"]
        if name in self._timeline.watched:
            self._apply(self._timeline.observe(name, self._control.clock.now()))

    def _spent(self, fault: str) -> None:
        self._apply(self._timeline.exhausted(fault))

    async def heal(self) -> None:
        """End every fault now, for no other to come, and come back when all is healed."""
        self._over = True
        self._apply(self._timeline.heal())
        while self._ending:
            await asyncio.gather(*self._ending)

    @property
    def records(self) -> tuple[FaultRecord, ...]:
        """What became of the faults."""
        never = [
            FaultRecord(spec.id, spec.kind, str(spec.target), None, None, 0, healed=True)
            for spec in self._timeline.never_started
        ]
        return (*self._finished, *self._called_off, *never)

    def _apply(self, transitions: Sequence[Transition]) -> None:
        for transition in transitions:
            if transition.starts:
                self._start(transition.spec)
            else:
                self._stop(transition.spec)
        self._wake.set()

    def _start(self, spec: FaultSpec) -> None:
        control = self._control
        detail = {"fault": spec.id, "kind": spec.kind, "target": str(spec.target)}
        if spec.id in self._injected:
            detail["line"] = write_fault(spec)
        cause = control.note("fault.started", detail)
        self._started[spec.id] = (spec, control.clock.now(), cause)
        control.faults[spec.id] = True
        control.tell_all(["fault", spec.id])
        self._client.start(spec.id)
        if spec.kind == "process.kill":
            self._killed[spec.id] = self._hurt(spec)
            for running in self._killed[spec.id]:
                if running.pid:
                    self._touch(spec.id)
                control.fleet.kill(running, spec.id, cause)
        elif spec.kind == "process.pause":
            self._paused[spec.id] = self._hurt(spec)
            for running in self._paused[spec.id]:
                self._touch(spec.id)
                control.fleet.pause(running, spec.id, cause)
        elif spec.kind == "broker.loss":
            self._touch(spec.id)
            control.fleet.hold_server(BROKER)
        elif spec.kind == "cache.flush":
            self._flushes[spec.id] = self._later(self._flush(spec))

    def _stop(self, spec: FaultSpec) -> None:
        control = self._control
        control.faults[spec.id] = False
        control.tell_all(["heal", spec.id])
        self._client.stop(spec.id)
        if spec.kind == "process.kill":
            for running in self._killed.pop(spec.id):
                running.holders.pop(spec.id, None)
                control.fleet.restart(running)
        elif spec.kind == "process.pause":
            held = [running for others in self._paused.values() for running in others]
            for running in self._paused.pop(spec.id):
                if held.count(running) == 1:
                    control.fleet.resume(running)
        self._later(self._healed(spec))

    def _later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def _healed(self, spec: FaultSpec) -> None:
        control = self._control
        if spec.kind == "broker.loss" and not self._client.set.brokers:
            await control.fleet.start_server(BROKER)
        elif spec.kind == "cache.flush":
            await self._flushes.pop(spec.id)  # it has touched what it touched only then
        await asyncio.sleep(LAST_WORDS)
        control.faults.pop(spec.id, None)
        _, began, cause = self._started[spec.id]
        touched = control.touched.get(spec.id, 0)
        now = control.clock.now()
        control.note("fault.healed", {"fault": spec.id, "touched": touched}, cause)
        record = FaultRecord(spec.id, spec.kind, str(spec.target), Instant(began), now, touched, healed=True)
        if spec.id in self._injected:
            self._let_go(spec.id)
        if self._kept:
            self._finished.append(record)

    def _touch(self, fault: str, times: int = 1) -> None:
        self._control.touched[fault] = self._control.touched.get(fault, 0) + times

    def _hurt(self, spec: FaultSpec) -> list[Running]:
        return [
            running
            for running in self._control.fleet.running.values()
            if any(
                self._client.set.hurts(spec, service, instance)
                for instance, service in running.placed.instances
            )
        ]

    async def _flush(self, spec: FaultSpec) -> None:
        """Delete what the services hurt have in the cache."""
        place = self._control.blueprint.cache
        server = connection(place)
        try:
            services = sorted({
                service for running in self._hurt(spec) for _, service in running.placed.instances
            })  # fmt: skip
            for service in services:
                self._touch(spec.id, await forget(server, f"{place.prefix}cache:{service}:*"))
        finally:
            await server.aclose()
