"""The consumer of one instance: leases partitions of its topics and hands messages on in the order of keys.

A partition belongs to one member of the group at a time, by a lease as long as the visibility timeout. Who
takes one over first claims what the last holder had not acknowledged (XAUTOCLAIM), then reads what is new.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from msa_lab.chaos.verdicts import PASS, Copies, Crash, Drop, Spoil
from msa_lab.resilience.retry import backoff
from msa_lab.runtime.process.bus import PARTITIONS, Message, partition, unpacked
from msa_lab.runtime.process.journal import Story
from msa_lab.runtime.process.site import Site

T = TypeVar("T")
PREFETCH = 64
"""How many messages one consumer holds at once."""

BLOCK = 200
"""How long one read waits for something new, in milliseconds."""

_LEASE = """
local holder = redis.call('get', KEYS[1])
if not holder or holder == ARGV[1] then redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2]) return 1 end
return 0
"""


@dataclass(slots=True, eq=False)
class Delivery:
    """One message for this group; `attempts` counts how often it was handed out before."""

    message: Message
    stream: str
    entry: bytes
    attempts: int = 0
    judged: bool = False
    acknowledged: bool = True
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
        self._server: Redis = site.broker
        self._group = group
        self._member = member
        self._settings = site.topology.broker
        self._events = events
        self._handle = handle
        self._streams = [partition(topic, number) for topic in topics for number in range(PARTITIONS)]
        self._owned: dict[str, None] = {}
        self._lanes: dict[tuple[str, str], deque[Delivery]] = {}
        self._held: dict[tuple[str, bytes], None] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lease_until = 0.0

    async def run(self) -> None:
        """Consume until cancelled; a broker that is away is asked again."""
        ready = False
        while True:
            try:
                if not ready:
                    await self._join()
                    ready = True
                await self._keep_leases()
                await self._read()
            except (RedisError, OSError, TimeoutError):
                self._owned.clear()
                self._lease_until = 0.0
                ready = False
                await asyncio.sleep(0.1)

    async def _join(self) -> None:
        """Make the group on every stream, from the first message on."""
        for stream in self._streams:
            try:
                await self._server.xgroup_create(stream, self._group, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def _keep_leases(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._lease_until:
            return
        visibility = self._settings.visibility // 1000
        for stream in self._streams:
            lease = f"lease:{self._group}:{stream}"
            mine = await self._server.eval(_LEASE, 1, lease, self._member, visibility)
            if not mine:
                self._owned.pop(stream, None)
            else:
                fresh = stream not in self._owned
                self._owned[stream] = None
                await self._recover(stream, 0 if fresh else visibility)
        self._lease_until = now + visibility / 3000

    async def _recover(self, stream: str, idle: int) -> None:
        """Take over what was handed out and not acknowledged for `idle` milliseconds."""
        start: Any = b"0-0"
        while True:
            claimed = await self._server.xautoclaim(
                stream, self._group, self._member, min_idle_time=idle, start_id=start, count=100
            )
            start, entries = claimed[0], claimed[1]
            for entry, fields in entries:
                if (stream, bytes(entry)) not in self._held:
                    times = await self._times(stream, entry)
                    self._take(stream, entry, fields, max(0, times - 1))
            if bytes(start) == b"0-0":
                return

    async def _times(self, stream: str, entry: bytes) -> int:
        pending = await self._server.xpending_range(stream, self._group, min=entry, max=entry, count=1)
        return int(pending[0]["times_delivered"]) if pending else 1

    async def _read(self) -> None:
        if not self._owned or len(self._held) >= PREFETCH:
            await asyncio.sleep(0.02)
            return
        found: Any = await self._server.xreadgroup(
            self._group, self._member, dict.fromkeys(self._owned, ">"), count=PREFETCH, block=BLOCK
        )
        for stream, entries in found or ():
            for entry, fields in entries:
                self._take(bytes(stream).decode(), entry, fields, 0)

    def _take(self, stream: str, entry: bytes, fields: dict[bytes, bytes], attempts: int) -> None:
        delivery = Delivery(unpacked(fields[b"m"]), stream, bytes(entry), attempts)
        self._held[stream, delivery.entry] = None
        if delivery.message.event not in self._events:
            self._spawn(self._acknowledge(delivery))
        else:
            self._line_up(delivery)

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
        if not await self._faulted(delivery):
            return
        while True:
            delivery.attempts += 1
            reason = await self._attempt(delivery)
            if not reason:
                break
            if not await self._again(delivery, reason):
                break
        await self._acknowledge(delivery)

    async def _attempt(self, delivery: Delivery) -> str:
        """Hand it out once; who is not done in time may still be done later."""
        task = self._spawn(self._call(delivery))
        done, _ = await asyncio.wait((task,), timeout=self._settings.visibility / 1_000_000)
        return task.result() if done else "no acknowledgement"

    async def _call(self, delivery: Delivery) -> str:
        try:
            return await self._handle(delivery)
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
        if number >= self._settings.attempts:
            self._site.journal.emit(story, "event.dead", detail)
            await self._bury(delivery, reason)
            return False
        delivery.cause = self._site.journal.emit(story, "event.retried", detail)
        await asyncio.sleep(backoff(self._settings.backoff, number, self._site.draw) / 1_000_000)
        return True

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        letter: Any = {"stream": delivery.stream, "entry": delivery.entry, "reason": reason}
        with contextlib.suppress(RedisError, OSError):  # the log holds it as well
            await self._server.xadd(f"dead:{self._group}", letter)

    async def _acknowledge(self, delivery: Delivery) -> None:
        """Tell the broker; what it does not hear comes again."""
        if not delivery.acknowledged:
            return
        with contextlib.suppress(RedisError, OSError):
            await self._server.xack(delivery.stream, self._group, delivery.entry)
        self._held.pop((delivery.stream, delivery.entry), None)

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
            await self._acknowledge(delivery)
            return False
        if isinstance(act, Copies):
            for _ in range(act.extra):
                twin = Delivery(
                    message, delivery.stream, delivery.entry, judged=True, acknowledged=False,
                    fault=delivery.fault, cause=delivery.cause,
                )  # fmt: skip
                self._line_up(twin)
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
