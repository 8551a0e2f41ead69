"""How committed events reach the broker: through the outbox, or straight away where the pattern is off.

With the outbox the events are rows of the commit; a relay sends them in order and removes them when the
broker has confirmed, so that a crash or a lost broker delays them but loses none (and may double them).
Without it the instance sends them after its commit from memory: what it had not sent when it crashed, and
what finds no broker, is lost.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from msa_lab.chaos.verdicts import PASS, LostReply
from msa_lab.runtime.sim.broker import Broker, Message
from msa_lab.runtime.sim.kernel import Kernel, Wait
from msa_lab.sdk.contract import event_type
from msa_lab.sdk.failures import PublishFailure, PublishRefused
from msa_lab.sdk.values import ms

if TYPE_CHECKING:
    from msa_lab.runtime.sim.context import SimContext
    from msa_lab.runtime.sim.faults import Faults
    from msa_lab.runtime.sim.instance import Instance
    from msa_lab.sdk.distributions import Distribution, Stream
    from msa_lab.telemetry.log import EventLog

RELAY_RETRY = ms(200)
SEND_GAP = ms(2)
"""Between the commit and the send that follows it in the code of an instance without an outbox."""


class Outbox:
    """The events of one service's database that the broker has not confirmed."""

    def __init__(
        self,
        service: str,
        kernel: Kernel,
        log: EventLog,
        broker: Broker,
        faults: Faults,
        hop: Distribution,
        stream: Stream,
        *,
        durable: bool,
    ) -> None:
        self._kernel = kernel
        self._log = log
        self._broker = broker
        self._faults = faults
        self._hop = hop
        self._stream = stream
        self._durable = durable
        self._service = service
        self._rows: deque[Message] = deque()
        self._batch = 0  # the one under way, 0 for none
        self._batches = 0
        self._sender: tuple[Instance, int] | None = None
        self._recorded = 0

    @property
    def quiet(self) -> bool:
        """Whether nothing waits to be sent."""
        return not self._rows

    def record(self, ctx: SimContext, event: object) -> None:
        """Take an event that became a fact in a commit."""
        message = self._message(ctx, event)
        if self._durable:
            self._rows.append(message)
            self._relay(ctx.instance_)
        else:
            flight = partial(self._send_from_memory, ctx.instance_, ctx.incarnation)
            self._kernel.after(SEND_GAP, flight, message)

    def _message(self, ctx: SimContext, event: object) -> Message:
        declared = event_type(event)
        self._recorded += 1
        key = str(getattr(event, declared.key))
        message = Message(
            f"{ctx.service}-{self._recorded}", declared, key, event, ctx.saga, ctx.trace, 0, self._kernel.now
        )
        detail = {
            "event": declared.name,
            "id": message.id,
            "key": key,
            "topic": declared.topic,
            "data": event,
        }
        message.cause = ctx.emit("event.recorded", detail)
        message.lamport = ctx.instance_.node.lamport
        self._faults.observe(declared.name)
        return message

    def _relay(self, instance: Instance) -> None:
        """Send what waits, unless a batch is under way already."""
        if self._rows and not self._batch:
            self._batches += 1
            self._batch = self._batches
            self._sender = instance, instance.node.incarnation
            batch = partial(self._arrive, self._batch, instance)
            self._kernel.after(self._hop.sample(self._stream), batch, len(self._rows))

    @property
    def _sender_lives(self) -> bool:
        """Whether the incarnation that sent the batch under way is still there."""
        if self._sender is None:
            return False
        node = self._sender[0].node
        return node.up and node.incarnation == self._sender[1]

    def wake(self, instance: Instance) -> None:
        """An instance came up: it relays what another left behind."""
        if not self._sender_lives:
            self._batch = 0
        self._relay(instance)

    def _arrive(self, batch: int, instance: Instance, count: int) -> None:
        """A batch reaches the broker; it stays in the outbox unless the relay hears the confirmation."""
        if batch != self._batch:
            return  # its sender died and another one has sent the same rows
        confirmed = self._publish_batch(count)
        if not self._sender_lives:
            self._batch = 0
            other = instance.deployed.any_up()
            if other is not None:
                self._relay(other)
            return
        for _ in range(confirmed):
            self._rows.popleft()
        if confirmed < count:
            self._kernel.after(RELAY_RETRY, partial(self._try_again, batch, instance), None)
            return
        self._batch = 0
        self._relay(instance)

    def _try_again(self, batch: int, instance: Instance, _nothing: object) -> None:
        if batch != self._batch:
            return
        self._batch = 0
        other = instance if instance.node.up else instance.deployed.any_up()
        if other is not None:
            self._relay(other)

    def _publish_batch(self, count: int) -> int:
        """Publish the oldest rows; give how many the relay hears confirmed."""
        for index in range(min(count, len(self._rows))):
            if not self._offer(self._rows[index]):
                return index
        return count

    def _offer(self, message: Message) -> bool:
        """Hand one message to the broker; tell whether the sender hears that it was taken."""
        verdict = PASS
        if self._faults.publish_hurt:
            verdict = self._faults.on_publish(self._service, message)
            if verdict is not PASS:
                self._hit(message, verdict.faults[-1].spec.id)
        if self._broker.up and (verdict is PASS or isinstance(verdict.act, LostReply)):
            self._broker.publish(message)
        return self._broker.up and verdict is PASS

    def _hit(self, message: Message, fault: str) -> None:
        message.cause = self._log.emit(
            "fault.hit",
            self._kernel.now,
            "broker",
            "",
            message.saga,
            message.trace,
            0,
            message.cause,
            message.lamport,
            {"fault": fault, "what": f"publish {message.type.name}"},
        )

    def _send_from_memory(self, instance: Instance, incarnation: int, message: Message) -> None:
        if instance.node.incarnation != incarnation:
            self._lose(message, "the instance crashed before it sent the event")
            return
        self._kernel.after(self._hop.sample(self._stream), self._arrive_alone, message)

    def _arrive_alone(self, message: Message) -> None:
        if not self._offer(message) and not self._broker.up:
            self._lose(message, "the broker was down")

    def _lose(self, message: Message, reason: str) -> None:
        detail = {"event": message.type.name, "id": message.id, "reason": reason}
        fault = self._faults.broker_fault
        if fault:
            detail["fault"] = fault
        self._log.emit(
            "event.lost",
            self._kernel.now,
            message.type.name.partition(".")[0],
            "",
            message.saga,
            message.trace,
            0,
            message.cause,
            message.lamport,
            detail,
        )

    def publish_now(self, ctx: SimContext, event: object, wait: Wait[None]) -> None:
        """Send one event outside any transaction and settle `wait` with the broker's answer."""
        message = self._message(ctx, event)

        def arrive(_nothing: object) -> None:
            if self._offer(message):
                wait.settle()
            else:
                wait.fail(PublishFailure() if self._broker.up else PublishRefused())

        self._kernel.after(self._hop.sample(self._stream), arrive)
