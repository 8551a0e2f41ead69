"""The consumer of one instance: hands messages on in the order of keys, and again when they fail."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from msa_lab.chaos.verdicts import PASS, Copies, Crash, Drop, Spoil
from msa_lab.resilience.retry import backoff
from msa_lab.runtime.hosting import spares
from msa_lab.runtime.process.burial import obituary
from msa_lab.runtime.process.bus import (
    BrokerAway,
    DeadLetter,
    Entry,
    Message,
    Subscription,
    heed_cancellation,
)
from msa_lab.runtime.process.journal import Story
from msa_lab.runtime.process.site import Site
from msa_lab.sdk.failures import PortFailure

T = TypeVar("T")
PREFETCH = 64
"""How many messages one consumer holds at once."""

AWAY_PAUSE = 0.1
"""How long a broker that is away is left alone, in seconds."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One message for this group. `attempts` counts how often it was handed out; those `spared` do not count.

    Without an `entry` it is a copy that the broker knows nothing of.
    """

    message: Message
    entry: Entry | None
    attempts: int = 0
    spared: int = 0
    judged: bool = False
    spoilt: Spoil | None = None
    crash: Crash | None = None
    fault: str = ""
    cause: int = 0


Handle = Callable[[Delivery], Awaitable[str]]
"""Handles a delivery; gives the reason why it failed, '' when it is done."""


class Consumer:
    """Reads for one member of a group. `events` are those it has handlers for."""

    def __init__(
        self,
        site: Site,
        group: str,
        member: str,
        *,
        topics: tuple[str, ...],
        events: frozenset[str],
        handle: Handle,
    ) -> None:
        self._site = site
        self._group = group
        self._member = member
        self._topics = topics
        self._settings = site.topology.broker
        self._events = events
        self._handle = handle
        self._subscription: Subscription | None = None
        self._lanes: dict[tuple[str, str], deque[Delivery]] = {}
        self._held: dict[tuple[str, object], Entry] = {}
        self._done: list[Entry] = []
        self._some_done = asyncio.Event()
        self._room = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Consume until cancelled; a broker that is away is asked again."""
        self._spawn(self._tell_done())
        while True:
            subscription = self._site.broker.subscribe(self._group, self._member, self._topics)
            self._subscription = subscription
            try:
                await self._read(subscription)
            except BrokerAway:
                await asyncio.sleep(AWAY_PAUSE)
            finally:
                self._subscription = None
                with contextlib.suppress(BrokerAway):
                    await subscription.close()

    async def _read(self, subscription: Subscription) -> None:
        full = self._settings.visibility / 6_000_000
        while True:
            heed_cancellation()
            room = max(0, PREFETCH - len(self._held))
            for entry in await subscription.fetch(room):
                self._take(entry)
            if len(self._held) >= PREFETCH:
                self._room.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(full):
                        await self._room.wait()

    def _take(self, entry: Entry) -> None:
        known = self._held.get(entry.place)
        if known is not None:  # handed out again while it is in our hands: only its token may be another
            known.token = entry.token
            return
        self._held[entry.place] = entry
        if entry.message.event not in self._events:
            self._finish(entry)
        else:
            self._line_up(Delivery(entry.message, entry, entry.earlier))

    def _line_up(self, delivery: Delivery) -> None:
        place = (delivery.message.topic, delivery.message.key)
        lane = self._lanes.get(place)
        if lane is None:
            self._lanes[place] = deque((delivery,))
            self._spawn(self._walk(place))
        else:
            lane.append(delivery)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _walk(self, place: tuple[str, str]) -> None:
        """Deliver what is in a lane, one after the other."""
        lane = self._lanes[place]
        while lane:
            await self._deliver(lane[0])
            lane.popleft()
        del self._lanes[place]

    async def _deliver(self, delivery: Delivery) -> None:
        if self._site.gate.closed:
            message = delivery.message
            story = Story("broker", "", message.saga, message.trace, 0, message.cause)
            delivery.fault = await self._site.gate.wait(story, f"{message.event} to {self._group}")
        if not await self._faulted(delivery):
            return
        while True:
            delivery.attempts += 1
            reason = await self._attempt(delivery)
            if not reason:
                break
            if not await self._again(delivery, reason):
                return
        self._finish(delivery.entry)

    async def _attempt(self, delivery: Delivery) -> str:
        """Hand it out once; who is not done in time may still be done later."""
        task = self._spawn(self._call(delivery))
        done, _ = await asyncio.wait((task,), timeout=self._settings.visibility / 1_000_000)
        return task.result() if done else "no acknowledgement"

    async def _call(self, delivery: Delivery) -> str:
        try:
            return await self._handle(delivery)
        except PortFailure as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - whatever it is, the lane must go on
            traceback.print_exc(file=sys.stderr)
            return type(error).__name__

    async def _again(self, delivery: Delivery, reason: str) -> bool:
        """Wait before the next attempt; False when there is none: it is a dead letter."""
        message, number = delivery.message, delivery.attempts
        story = Story("broker", "", message.saga, message.trace, 0, delivery.cause or message.cause)
        detail = {
            "event": message.event, "id": message.id, "group": self._group, "attempt": number,
            "reason": reason,
        }  # fmt: skip
        if delivery.fault:
            detail["fault"] = delivery.fault
        if spares(reason, delivery.spared):
            delivery.spared += 1
        elif number - delivery.spared >= self._settings.attempts:
            await self._bury(delivery, reason)
            return False
        delivery.cause = self._site.journal.emit(story, "event.retried", detail)
        await asyncio.sleep(backoff(self._settings.backoff, number, self._site.draw) / 1_000_000)
        return True

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        """Give it up, and say so when it is buried: if we die before, another delivers it again."""
        journal, message = self._site.journal, delivery.message
        letter = DeadLetter(
            self._group, message, reason, delivery.attempts, self._site.clock.now(),
            cause=delivery.cause or message.cause, lamport=journal.lamport, fault=delivery.fault,
        )  # fmt: skip
        if delivery.entry is not None:
            while not await self._buried(delivery.entry, letter):  # noqa: ASYNC110 - nobody tells that it is back
                await asyncio.sleep(AWAY_PAUSE)
            self._forget(delivery.entry)
        journal.pass_on(obituary(letter))

    async def _buried(self, entry: Entry, letter: DeadLetter) -> bool:
        if self._subscription is None:
            return False
        try:
            await self._subscription.bury(entry, letter)
        except BrokerAway:
            return False
        return True

    def _finish(self, entry: Entry | None) -> None:
        """Let the broker be told that a message is done."""
        if entry is not None:
            self._done.append(entry)
            self._some_done.set()

    async def _tell_done(self) -> None:
        """Tell the broker what is done, as much as there is at a time; what it does not hear comes again."""
        while True:
            heed_cancellation()
            await self._some_done.wait()
            self._some_done.clear()
            done, self._done = self._done, []
            if self._subscription is not None:
                with contextlib.suppress(BrokerAway):
                    await self._subscription.acknowledge(done)
            for entry in done:
                self._forget(entry)

    def _forget(self, entry: Entry) -> None:
        self._held.pop(entry.place, None)
        self._room.set()

    async def _faulted(self, delivery: Delivery) -> bool:
        """Let faults act on a delivery, once; False when it goes no further by itself."""
        hurting, message = self._site.hurting, delivery.message
        if delivery.judged or not hurting.set.deliveries:
            return True
        delivery.judged = True
        verdict = hurting.on_delivery(self._group, message.topic, message.event)
        if verdict is PASS:
            return True
        delivery.fault = verdict.faults[-1].spec.id
        story = Story("broker", "", message.saga, message.trace, 0, message.cause)
        what = {"fault": delivery.fault, "what": f"{message.event} to {self._group}"}
        delivery.cause = self._site.journal.emit(story, "fault.hit", what)
        act = verdict.act
        if isinstance(act, Drop):
            lost = {
                "event": message.event, "id": message.id, "group": self._group, "reason": "dropped",
                "fault": delivery.fault,
            }  # fmt: skip
            self._site.journal.emit(story, "event.lost", lost)
            self._finish(delivery.entry)
            return False
        if isinstance(act, Copies):
            for _ in range(act.extra):
                self._line_up(
                    Delivery(message, None, judged=True, fault=delivery.fault, cause=delivery.cause)
                )
        elif isinstance(act, Spoil):
            delivery.spoilt = act
        elif isinstance(act, Crash):
            delivery.crash = act
        if verdict.delay and verdict.overtaken:
            self._spawn(self._later(delivery, verdict.delay))
            return False
        if verdict.delay:
            await asyncio.sleep(verdict.delay / 1_000_000)
        return True

    async def _later(self, delivery: Delivery, delay: int) -> None:
        await asyncio.sleep(delay / 1_000_000)
        self._line_up(delivery)
