"""Messages between instances: latency per link, and what faults do to requests and replies on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msa_lab.chaos.verdicts import PASS, Abort, Act, Copies, Drop, Refuse
from msa_lab.runtime.sim.exchange import Direction, Exchange
from msa_lab.runtime.sim.kernel import Kernel, Wait
from msa_lab.sdk.distributions import Distribution
from msa_lab.sdk.failures import (
    CallFailure,
    ConnectionLost,
    DomainError,
    RemoteFailure,
    TooManyRequests,
    Unavailable,
)

if TYPE_CHECKING:
    from msa_lab.runtime.sim.faults import Faults
    from msa_lab.runtime.sim.streams import Streams
    from msa_lab.telemetry.log import EventLog


class Network:
    """Carries requests to the callee and replies back. `latency(a, b)` gives the one-way delay of a link.

    `reply_cpu` is the work of taking in a reply; shoppers have none.
    """

    def __init__(
        self,
        kernel: Kernel,
        log: EventLog,
        streams: Streams,
        faults: Faults,
        latency: Callable[[str, str], Distribution],
        reply_cpu: Distribution | None = None,
    ) -> None:
        self._reply_cpu = reply_cpu
        self._kernel = kernel
        self._log = log
        self._stream = streams.named("network")
        self._faults = faults
        self._latency = latency
        self._links: dict[tuple[str, str], Distribution] = {}

    def send(self, exchange: Exchange) -> None:
        """Bring a request to the callee."""
        delay = self.delay(exchange.caller_service, exchange.callee.service)
        if self._faults.net_hurt:
            hurt = self._hurt(exchange, "request")
            if hurt is None:
                return
            delay += hurt
        self._kernel.after(delay, self._arrive, exchange)

    def answer(self, exchange: Exchange) -> None:
        """Bring a reply, set on the exchange, to the caller."""
        delay = self.delay(exchange.callee.service, exchange.caller_service)
        if self._faults.net_hurt:
            hurt = self._hurt(exchange, "reply")
            if hurt is None:
                return
            delay += hurt
        self._kernel.after(delay, self._deliver if self._reply_cpu is None else self._take_in, exchange)

    def _take_in(self, exchange: Exchange) -> None:
        """Let the caller work on a reply before it sees it."""
        node = exchange.caller_node
        if exchange.caller_instance == exchange.caller_service or self._reply_cpu is None:  # a shopper
            self._deliver(exchange)
        elif node.incarnation == exchange.caller_incarnation:
            self._kernel.after(node.compute(self._reply_cpu.sample(self._stream)), self._deliver, exchange)

    def refuse(self, exchange: Exchange, failure: CallFailure) -> None:
        """Bring word that the request was not taken, or that the connection broke."""
        exchange.error = failure
        self.answer(exchange)

    def delay(self, source: str, target: str) -> int:
        """Draw the one-way latency of a link, in microseconds."""
        link = self._links.get((source, target))
        if link is None:
            link = self._links[source, target] = self._latency(source, target)
        return link.sample(self._stream)

    def _arrive(self, exchange: Exchange) -> None:
        node = exchange.callee.node
        if not node.up:
            self.refuse(exchange, Unavailable("connection refused"))
        elif node.paused:
            node.parked.append(lambda: self._arrive(exchange))
        else:
            exchange.callee.receive(exchange)

    def _deliver(self, exchange: Exchange) -> None:
        node = exchange.caller_node
        if node.incarnation != exchange.caller_incarnation or exchange.answered:
            return
        if exchange.error is None:
            exchange.wait.settle(exchange.reply)
        else:
            exchange.wait.fail(exchange.error)

    def _hurt(self, exchange: Exchange, direction: Direction) -> int | None:
        """Let faults act: give the extra delay, or None when the message goes no further."""
        verdict = self._faults.on_message(exchange, direction)
        if verdict is PASS:
            return 0
        operation = exchange.operation.name
        exchange.fault = verdict.faults[-1].spec.id
        if isinstance(verdict.act, Drop):
            self._note(
                exchange,
                "message.dropped",
                {
                    "operation": operation,
                    "direction": direction,
                    "call": exchange.number,
                    "fault": exchange.fault,
                },
            )
            return None
        what = f"{direction} {operation}"
        self._note(exchange, "fault.hit", {"fault": exchange.fault, "what": what, "delay": verdict.delay})
        if isinstance(verdict.act, Copies):
            for _ in range(verdict.act.extra):
                self._copy(exchange, verdict.delay)
        elif verdict.act is not None:
            exchange.error = _answer(exchange, verdict.act)
            there_and_back = 2 * self.delay(exchange.callee.service, exchange.caller_service)
            self._kernel.after(there_and_back + verdict.delay, self._deliver, exchange)
            return None
        return verdict.delay

    def _note(self, exchange: Exchange, kind: str, detail: dict[str, str | int]) -> None:
        exchange.cause = self._log.emit(
            kind,
            self._kernel.now,
            exchange.caller_service,
            "",
            exchange.saga,
            exchange.trace,
            exchange.number,
            exchange.cause,
            exchange.lamport,
            detail,
        )

    def _copy(self, exchange: Exchange, delay: int) -> None:
        """Deliver the request once more, to nobody who waits for the reply."""
        nobody: Wait[object] = Wait()
        nobody.settle()
        twin = Exchange(exchange.number, exchange.operation, exchange.request, nobody)
        for name in (
            "key",
            "attempt",
            "sent_at",
            "identity",
            "saga",
            "trace",
            "cause",
            "lamport",
            "caller_service",
            "caller_instance",
            "caller_node",
            "caller_incarnation",
            "callee",
        ):
            setattr(twin, name, getattr(exchange, name))
        delay += self.delay(exchange.caller_service, exchange.callee.service)
        self._kernel.after(delay, self._arrive, twin)

    def broken(self, exchange: Exchange) -> None:
        """The callee crashed while it worked: the caller's connection is reset."""
        self.refuse(exchange, ConnectionLost())


def _answer(exchange: Exchange, act: Act) -> DomainError | CallFailure:
    """Give the answer that a fault puts in the callee's mouth."""
    if isinstance(act, Refuse):
        for refusal in exchange.operation.errors:
            if refusal.code == act.code:
                return refusal()
        return RemoteFailure(f"refused with {act.code}")
    if isinstance(act, Abort):
        if act.status == TooManyRequests.status:
            return TooManyRequests()
        return RemoteFailure(f"HTTP {act.status}")
    return Unavailable("connection refused")
