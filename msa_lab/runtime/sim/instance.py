"""One instance of one service: receives requests, deliveries, jobs and sagas, and runs handlers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msa_lab.resilience.retry import backoff
from msa_lab.runtime.blame import misfit
from msa_lab.runtime.hosting import ANSWERS, INBOX, AlreadyDone, Inboxed
from msa_lab.runtime.sim.broker import Attempt
from msa_lab.runtime.sim.calling import Client
from msa_lab.runtime.sim.context import SimContext
from msa_lab.runtime.sim.exchange import Exchange
from msa_lab.runtime.sim.kernel import Task, Wait
from msa_lab.runtime.sim.node import Node
from msa_lab.runtime.sim.streams import StreamDice
from msa_lab.sdk.failures import DeadlineExceeded, DomainError, Overloaded, PortFailure, RemoteFailure
from msa_lab.sdk.policy import Retry
from msa_lab.sdk.saga import Orchestrator, SagaRecord
from msa_lab.sdk.spec import Job
from msa_lab.sdk.values import Duration, Instant, seconds

if TYPE_CHECKING:
    from msa_lab.runtime.sim.deployed import Deployed, Served
    from msa_lab.runtime.sim.shop import Shop

RESUME_EVERY = seconds(1)


class Instance:
    """A replica of a service on a node."""

    def __init__(self, shop: Shop, deployed: Deployed, name: str, node: Node) -> None:
        self.shop = shop
        self.deployed = deployed
        self.name = name
        self.node = node
        self.service = deployed.service
        self.kernel = shop.kernel
        self.log = shop.log
        self.listed = True
        self.skewed = False
        self.stream = shop.streams.named(f"instance:{name}")
        self.dice = StreamDice(shop.streams.named(f"dice:{name}"))
        self._clients: dict[str, Client] = {}
        self._driving: dict[str, None] = {}
        self._exchanges: dict[Exchange, None] = {}

    def client(self, callee: str) -> Client:
        """Give this instance's way to another service."""
        client = self._clients.get(callee)
        if client is None:
            client = self._clients[callee] = Client(
                self, callee, self.shop.policy(self.deployed.spec, callee)
            )
        return client

    def pass_time(self, duration: int) -> Wait[None]:
        """Give what is settled when `duration` has passed."""
        wait: Wait[None] = Wait()
        self.kernel.after(duration, wait.settle)
        return wait

    # -- life ---------------------------------------------------------------------------------------------

    def started(self) -> None:
        """Begin the periodic work of a new incarnation and take up what the last one left."""
        incarnation = self.node.incarnation
        for job in self.deployed.spec.jobs:
            self.kernel.after(job.every, partial(self._tick, job, incarnation))
        if self.deployed.sagas:
            self.kernel.after(0, partial(self._resume, incarnation))
        self.deployed.outbox.wake(self)
        self.shop.broker.consumer_up(self)

    def stopped(self) -> None:
        """Forget what was in memory; callers of requests under way find their connection broken."""
        self._clients.clear()
        self._driving.clear()
        exchanges = list(self._exchanges)
        self._exchanges.clear()
        for exchange in exchanges:
            self.shop.network.broken(exchange)
        self.shop.broker.lose_consumer(self)

    def _tick(self, job: Job, incarnation: int, _nothing: object = None) -> None:
        node = self.node
        if node.incarnation != incarnation:
            return
        if node.paused:
            node.parked.append(partial(self._tick, job, incarnation))
            return
        again = partial(self._tick, job, incarnation)

        def ended(_result: object, error: BaseException | None) -> None:
            if error is not None and not isinstance(error, PortFailure | DomainError):
                raise error
            self.kernel.after(job.every, again)

        Task(node, job.run(SimContext(self)), ended).step()

    # -- requests -----------------------------------------------------------------------------------------

    def receive(self, exchange: Exchange) -> None:
        """A request has arrived: begin it, queue it, or refuse it."""
        self._exchanges[exchange] = None
        if not self.node.admit(self._begin, exchange):
            self._refuse(exchange, Overloaded())

    def _refuse(self, exchange: Exchange, failure: Overloaded | DeadlineExceeded) -> None:
        self._exchanges.pop(exchange, None)
        exchange.cause = self.log.emit(
            "call.refused",
            self.kernel.now,
            self.service,
            self.name,
            exchange.saga,
            exchange.trace,
            exchange.number,
            exchange.cause,
            exchange.lamport,
            {"operation": exchange.operation.name, "reason": type(failure).__name__},
        )
        self.shop.network.refuse(exchange, failure)

    def _begin(self, exchange: Exchange) -> bool:
        """Start work on a request; one whose caller has given up meanwhile is refused without any."""
        if exchange.deadline is not None and exchange.deadline <= self.kernel.now:
            self._refuse(exchange, DeadlineExceeded())
            return False
        served = self.deployed.operations[exchange.operation.name]
        stream = self.stream
        delay = self.node.compute(served.cpu.sample(stream))
        if served.wait is not None:
            delay += served.wait.sample(stream)
        self.kernel.after(delay, self._run, (exchange, served, self.node.incarnation))
        return True

    def _run(self, started: tuple[Exchange, Served, int]) -> None:
        exchange, served, incarnation = started
        node = self.node
        if node.incarnation != incarnation:
            return
        if node.paused:
            node.parked.append(partial(self._run, started))
            return
        if exchange.deadline is not None and exchange.deadline <= self.kernel.now:
            self._refuse(exchange, DeadlineExceeded())
            node.leave()
            return
        ctx = SimContext(
            self, saga=exchange.saga, trace=exchange.trace, span=exchange.number, cause=exchange.cause
        )
        node.lamport = max(node.lamport, exchange.lamport)
        if exchange.identity is not None:
            ctx.caller = exchange.identity
        if exchange.deadline is not None:
            ctx.deadline = Instant(exchange.deadline)
        if self.shop.logs_calls:
            ctx.emit("call.received", {"operation": exchange.operation.name, "call": exchange.number})
        try:
            request = served.edge.checked(exchange.request)
        except PortFailure as invalid:
            self._answered(exchange, ctx, None, invalid)
            return
        if exchange.key is not None and served.operation.keyed:
            ctx.key = f"{exchange.operation.name}/{exchange.key}"
            ctx.reply_type = served.operation.reply
            row = self.deployed.database.table(ANSWERS).rows.get(ctx.key)
            if row is not None:
                self._answered(exchange, ctx, row.record.reply, None)
                return
        Task(node, served.handler(ctx, request), partial(self._answered, exchange, ctx)).step()

    def _answered(
        self, exchange: Exchange, ctx: SimContext, result: object, error: BaseException | None
    ) -> None:
        """The handler has ended: send the reply."""
        outcome = "ok"
        if isinstance(error, AlreadyDone):
            result, error = error.reply, None
        if isinstance(error, DomainError):
            outcome = error.code
        elif isinstance(error, PortFailure):
            outcome = type(error).__name__
            error = error if _passes(error) else RemoteFailure(outcome)
        elif error is not None:
            raise error
        elif not isinstance(result, exchange.operation.reply):
            served = self.deployed.operations[exchange.operation.name]
            raise misfit(self.name, served.handler, result, exchange.operation.reply)
        if self.shop.logs_calls:
            ctx.emit(
                "call.replied",
                {"operation": exchange.operation.name, "call": exchange.number, "outcome": outcome},
            )
        exchange.cause = ctx.cause
        exchange.lamport = self.node.lamport
        exchange.reply = result
        exchange.error = error
        self._exchanges.pop(exchange, None)
        self.shop.network.answer(exchange)
        self.node.leave()

    # -- deliveries ---------------------------------------------------------------------------------------

    def consume(self, attempt: Attempt) -> None:
        """The broker has handed a message over."""
        node = self.node
        if attempt.settled:
            return
        if not node.up:
            attempt.broker.retry(attempt, "consumer lost")
        elif node.paused:
            node.parked.append(partial(self.consume, attempt))
        elif not node.admit(self._begin_delivery, attempt):
            attempt.broker.retry(attempt, "consumer overloaded")

    def _begin_delivery(self, attempt: Attempt) -> None:
        heard = self.deployed.subscriptions[attempt.delivery.message.type.name]
        delay = self.node.compute(heard.cost.cpu.sample(self.stream))
        if heard.cost.wait is not None:
            delay += heard.cost.wait.sample(self.stream)
        self.kernel.after(delay, self._handle, (attempt, self.node.incarnation))

    def _handle(self, started: tuple[Attempt, int]) -> None:
        attempt, incarnation = started
        node = self.node
        if node.incarnation != incarnation:
            return
        if node.paused:
            node.parked.append(partial(self._handle, started))
            return
        delivery = attempt.delivery
        message = delivery.message
        ctx = SimContext(self, saga=message.saga, trace=message.trace, cause=delivery.cause or message.cause)
        ctx.delivery = delivery
        detail = {"event": message.type.name, "id": message.id, "group": delivery.group.name}
        if self.shop.logs_calls:
            ctx.emit("event.delivered", detail | {"attempt": attempt.number})
        if delivery.spoilt is not None:
            node.leave()
            attempt.broker.retry(attempt, f"poison: {delivery.spoilt.how}")
            return
        if delivery.group.inbox and delivery.place in self.deployed.database.table(INBOX).rows:
            ctx.emit("event.skipped", detail)
            self._done(attempt)
            return
        handler = self.deployed.subscriptions[message.type.name].handler
        Task(node, handler(ctx, message.body), partial(self._handled, attempt, ctx)).step()

    def _handled(
        self, attempt: Attempt, ctx: SimContext, _result: object, error: BaseException | None
    ) -> None:
        delivery = attempt.delivery
        if isinstance(error, AlreadyDone):
            detail = {
                "event": delivery.message.type.name,
                "id": delivery.message.id,
                "group": delivery.group.name,
            }
            ctx.emit("event.skipped", detail)
        elif isinstance(error, PortFailure | DomainError):
            self.node.leave()
            attempt.broker.retry(attempt, _reason(error))
            return
        elif error is not None:
            raise error
        elif not ctx.applied:
            self.deployed.applied(ctx)
            self._remember(delivery.place)
        if delivery.crash is not None:
            crash, delivery.crash = delivery.crash, None
            self.shop.crash_for(self, crash.restart_after, delivery.fault, ctx.cause)
            return
        self._done(attempt)

    def _remember(self, place: str) -> None:
        """Keep the inbox entry of a handler that committed nothing itself."""
        database = self.deployed.database
        tx = database.begin()
        tx.put(INBOX, Inboxed(place))
        database.commit(tx)

    def _done(self, attempt: Attempt) -> None:
        self.node.leave()
        attempt.broker.acknowledge(attempt)

    # -- sagas --------------------------------------------------------------------------------------------

    def drive(self, record: SagaRecord, cause: int) -> None:
        """Drive a saga in the background, unless this incarnation does so already."""
        saga = self.deployed.sagas.get(record.saga)
        if saga is None or record.id in self._driving:
            return
        self._driving[record.id] = None
        ctx = SimContext(self, saga=record.id, trace=0, cause=cause)
        orchestrator = Orchestrator(saga, self._backoff, retrying=self.shop.patterns["retry"] == "on")

        def ended(_result: object, error: BaseException | None) -> None:
            self._driving.pop(record.id, None)
            if error is not None and not isinstance(error, PortFailure):
                raise error

        Task(self.node, orchestrator.drive(ctx, record.id), ended).step()

    def _backoff(self, retry: Retry, attempt: int) -> Duration:
        return backoff(retry, attempt, self.stream)

    def _resume(self, incarnation: int, _nothing: object = None) -> None:
        """Take up sagas that nobody drives: their lease is over or they are an earlier incarnation's."""
        node = self.node
        if node.incarnation != incarnation:
            return
        if node.paused:
            node.parked.append(partial(self._resume, incarnation))
            return
        for record in self.deployed.open_sagas():
            expired = record.lease_until <= self.kernel.now
            left_behind = record.owner == self.name and record.incarnation != incarnation
            if expired or left_behind:
                self.drive(record, self.shop.last_crash)
        self.kernel.after(RESUME_EVERY, partial(self._resume, incarnation))


def _passes(failure: PortFailure) -> bool:
    """Tell whether the caller may see a failure as it is: the host's own refusals of the request."""
    return type(failure).__name__ == "InvalidRequest"


def _reason(error: PortFailure | DomainError) -> str:
    return error.code if isinstance(error, DomainError) else type(error).__name__
