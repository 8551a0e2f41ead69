"""The simulated broker: topics, consumer groups, order per key, visibility timeout, retries, dead letters.

Delivery is at least once. Within a group the messages of one topic and key form a lane: the next one waits
until the one before was acknowledged or died.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msa_lab.chaos.verdicts import PASS, Copies, Crash, Drop, Spoil
from msa_lab.resilience.retry import backoff
from msa_lab.runtime.hosting import spares
from msa_lab.runtime.sim.kernel import Kernel
from msa_lab.sdk.values import seconds

if TYPE_CHECKING:
    from msa_lab.chaos.verdicts import Verdict
    from msa_lab.runtime.sim.faults import Faults
    from msa_lab.runtime.sim.instance import Instance
    from msa_lab.runtime.sim.streams import Streams
    from msa_lab.sdk.contract import EventType
    from msa_lab.telemetry.log import EventLog
    from msa_lab.topology.model import BrokerSettings


FLUSH_EVERY = seconds(1)
"""How often the broker writes what it took to disk, as a Redis with an append-only file usually does."""

PREFETCH = 16
"""How many deliveries one consumer holds at once."""


@dataclass(slots=True)
class Message:
    """A domain event under way. `id` stays the same however often it is published."""

    id: str
    type: EventType
    key: str
    body: Any
    saga: str
    trace: int
    cause: int
    recorded_at: int
    lamport: int = 0


@dataclass(slots=True, eq=False)
class Delivery:
    """One message for one group; `attempts` counts how often it was handed out; those `spared` do not count.

    It is not handed out before the instant `held_until`; those behind it in its lane wait with it.
    """

    message: Message
    group: Group
    attempts: int = 0
    spared: int = 0
    cause: int = 0
    spoilt: Spoil | None = None
    crash: Crash | None = None
    fault: str = ""
    held_until: int = 0
    taken_at: int = 0
    gone: bool = False

    @property
    def place(self) -> str:
        """The inbox entry's key."""
        return f"{self.message.id}/{self.group.name}"

    @property
    def lane(self) -> tuple[str, str]:
        """Messages that must stay in order."""
        return self.message.type.topic, self.message.key


class Attempt:
    """A delivery in the hands of one consumer until it is acknowledged, fails or becomes visible again."""

    __slots__ = ("broker", "delivery", "member", "number", "settled")

    def __init__(self, broker: Broker, delivery: Delivery, member: Instance) -> None:
        self.broker = broker
        self.delivery = delivery
        self.member = member
        self.number = delivery.attempts
        self.settled = False

    def expired(self) -> None:
        """The visibility timeout is over: the message may be seen again."""
        self.broker.retry(self, "no acknowledgement")


@dataclass(slots=True, eq=False)
class Group:
    """A consumer group: the instances of one service. `inbox` tells whether duplicates are recognised."""

    name: str
    members: tuple[Instance, ...]
    inbox: bool
    lanes: dict[tuple[str, str], deque[Delivery]] = field(default_factory=dict)
    ready: deque[Delivery] = field(default_factory=deque)
    in_flight: dict[str, int] = field(default_factory=dict)
    under_way: dict[Attempt, None] = field(default_factory=dict)
    turn: int = 0


class Broker:
    """Takes messages and hands them to every group that subscribed."""

    def __init__(
        self,
        kernel: Kernel,
        log: EventLog,
        streams: Streams,
        faults: Faults,
        settings: BrokerSettings,
        hop: Any,  # noqa: ANN401 - a Distribution
    ) -> None:
        self._kernel = kernel
        self._log = log
        self._stream = streams.named("broker")
        self._faults = faults
        self._settings = settings
        self._hop = hop
        self._groups: dict[str, list[Group]] = {}
        self._all: list[Group] = []
        self.up = True
        self.dead: list[tuple[Delivery, str]] = []

    def subscribe(self, group: Group, events: tuple[str, ...]) -> None:
        """Let a group hear events of these names from now on."""
        self._all.append(group)
        for event in events:
            self._groups.setdefault(event, []).append(group)

    @property
    def quiet(self) -> bool:
        """Whether nothing waits or is under way."""
        return all(not group.lanes for group in self._all)

    def publish(self, message: Message) -> None:
        """Take a message; the caller has seen that the broker is up."""
        message.cause = self._note("event.published", message, {"event": message.type.name, "id": message.id})
        for group in self._groups.get(message.type.name, ()):
            self._offer(Delivery(message, group, cause=message.cause, taken_at=self._kernel.now))

    def _offer(self, delivery: Delivery) -> None:
        """Queue a delivery; faults of the broker act on it here."""
        verdict = self._faults.on_delivery(delivery) if self._faults.delivery_hurt else PASS
        if verdict is not PASS and self._hurt(delivery, verdict):
            return
        self._line_up(delivery)

    def _hurt(self, delivery: Delivery, verdict: Verdict) -> bool:
        """Let faults act on a delivery; True when it goes no further by itself."""
        act = verdict.act
        delivery.fault = verdict.faults[-1].spec.id
        detail = {"fault": delivery.fault, "what": f"{delivery.message.type.name} to {delivery.group.name}"}
        delivery.cause = self._note("fault.hit", delivery.message, detail)
        if isinstance(act, Drop):
            self._note(
                "event.lost",
                delivery.message,
                {
                    "event": delivery.message.type.name,
                    "id": delivery.message.id,
                    "group": delivery.group.name,
                    "reason": "dropped",
                    "fault": delivery.fault,
                },
            )
            return True
        if isinstance(act, Copies):
            for _ in range(act.extra):
                twin = Delivery(
                    delivery.message, delivery.group, cause=delivery.cause, fault=delivery.fault,
                    taken_at=delivery.taken_at,
                )  # fmt: skip
                self._kernel.after(verdict.delay + self._hop.sample(self._stream), self._line_up, twin)
        elif isinstance(act, Spoil):
            delivery.spoilt = act
        elif isinstance(act, Crash):
            delivery.crash = act
        if verdict.delay and verdict.overtaken:
            self._kernel.after(verdict.delay, self._line_up, delivery)
            return True
        if verdict.delay:
            delivery.held_until = self._kernel.now + verdict.delay
        return False

    def _line_up(self, delivery: Delivery) -> None:
        lane = delivery.group.lanes.setdefault(delivery.lane, deque())
        lane.append(delivery)
        if len(lane) == 1:
            self._wake(delivery)

    def _wake(self, delivery: Delivery) -> None:
        """The delivery is first in its lane: hand it out as soon as it may go and a consumer has room."""
        if delivery.gone:
            return
        wait = delivery.held_until - self._kernel.now
        if wait > 0:
            self._kernel.after(wait, self._wake, delivery)
            return
        delivery.group.ready.append(delivery)
        self.dispatch(delivery.group)

    def dispatch(self, group: Group) -> None:
        """Hand out what is ready while consumers have room."""
        while self.up and group.ready:
            member = self._free_member(group)
            if member is None:
                return
            self._hand_out(group.ready.popleft(), member)

    def _free_member(self, group: Group) -> Instance | None:
        count = len(group.members)
        for step in range(count):
            member = group.members[(group.turn + step) % count]
            if member.node.up and group.in_flight.get(member.name, 0) < PREFETCH:
                group.turn = (group.turn + step + 1) % count
                return member
        return None

    def _hand_out(self, delivery: Delivery, member: Instance) -> None:
        delivery.attempts += 1
        group = delivery.group
        group.in_flight[member.name] = group.in_flight.get(member.name, 0) + 1
        attempt = Attempt(self, delivery, member)
        group.under_way[attempt] = None
        self._kernel.expire(self._kernel.now + self._settings.visibility, attempt)
        self._kernel.after(self._hop.sample(self._stream), member.consume, attempt)

    def acknowledge(self, attempt: Attempt) -> None:
        """The consumer is done with it. A broker that is down does not hear it."""
        if not self._settle(attempt):
            return
        if self.up:
            self._next_in_lane(attempt.delivery)
        else:
            self._again(attempt.delivery)

    def retry(self, attempt: Attempt, reason: str) -> None:
        """The consumer failed: deliver again after a pause, or give up and keep it as a dead letter."""
        if not self._settle(attempt):
            return
        delivery = attempt.delivery
        detail = {
            "event": delivery.message.type.name,
            "id": delivery.message.id,
            "group": delivery.group.name,
            "attempt": attempt.number,
            "reason": reason,
        }
        if delivery.fault:
            detail["fault"] = delivery.fault
        if spares(reason, delivery.spared):
            delivery.spared += 1
        elif attempt.number - delivery.spared >= self._settings.attempts:
            self._note("event.dead", delivery.message, detail)
            self.dead.append((delivery, reason))
            self._next_in_lane(delivery)
            return
        delivery.cause = self._note("event.retried", delivery.message, detail)
        pause = backoff(self._settings.backoff, attempt.number, self._stream)
        self._kernel.after(pause, self._again, delivery)

    def _again(self, delivery: Delivery) -> None:
        if delivery.gone:
            return
        delivery.group.ready.append(delivery)
        self.dispatch(delivery.group)

    def _settle(self, attempt: Attempt) -> bool:
        if attempt.settled:
            return False
        attempt.settled = True
        group = attempt.delivery.group
        del group.under_way[attempt]
        group.in_flight[attempt.member.name] -= 1
        return True

    def _next_in_lane(self, delivery: Delivery) -> None:
        group = delivery.group
        lane = group.lanes[delivery.lane]
        lane.popleft()
        if lane:
            self._wake(lane[0])
        else:
            del group.lanes[delivery.lane]
            self.dispatch(group)

    def lose_consumer(self, member: Instance) -> None:
        """A consumer's connection broke: what it had not acknowledged goes back at once."""
        for group in self._all:
            for attempt in [attempt for attempt in group.under_way if attempt.member is member]:
                self.retry(attempt, "consumer lost")

    def consumer_up(self, member: Instance) -> None:
        """A consumer is there again: hand out what waited for one."""
        for group in self._all:
            if member in group.members:
                self.dispatch(group)

    def go_down(self) -> None:
        """Stop taking and handing out; what was taken is on disk."""
        self.up = False

    def forget_unflushed(self, fault: str) -> int:
        """Lose what was taken since the last write to disk, but for what a consumer holds; give how much."""
        flushed = self._kernel.now // FLUSH_EVERY * FLUSH_EVERY
        count = 0
        for group in self._all:
            held = {id(attempt.delivery) for attempt in group.under_way}
            for lane in list(group.lanes.values()):
                first = lane[0]
                for delivery in [one for one in lane if one.taken_at >= flushed and id(one) not in held]:
                    delivery.gone = True
                    lane.remove(delivery)
                    count += 1
                    self._note("event.lost", delivery.message, {
                        "event": delivery.message.type.name, "id": delivery.message.id, "group": group.name,
                        "reason": "the broker had not written it to disk", "fault": fault,
                    })  # fmt: skip
                if lane and lane[0] is not first:
                    self._wake(lane[0])
            group.ready = deque(delivery for delivery in group.ready if not delivery.gone)
            group.lanes = {place: lane for place, lane in group.lanes.items() if lane}
        return count

    def come_back(self) -> None:
        """Serve again; what was not acknowledged is handed out again in time."""
        self.up = True
        for group in self._all:
            self.dispatch(group)

    def _note(self, kind: str, message: Message, detail: dict[str, Any]) -> int:
        return self._log.emit(
            kind,
            self._kernel.now,
            "broker",
            "",
            message.saga,
            message.trace,
            0,
            message.cause,
            message.lamport,
            detail,
        )
