"""The caller's side of a call: policy, tries, discovery, balancing, deadlines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msa_lab.resilience.balancing import balancer
from msa_lab.resilience.breaker import CircuitBreaker, blames_callee
from msa_lab.resilience.guard import CallGuard
from msa_lab.runtime.sim.exchange import Exchange
from msa_lab.runtime.sim.kernel import Wait
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import BulkheadFull, CallFailure, DomainError, Timeout, Unavailable
from msa_lab.sdk.policy import CallPolicy
from msa_lab.sdk.ports import Caller
from msa_lab.sdk.values import Duration, Instant

if TYPE_CHECKING:
    from msa_lab.runtime.sim.context import SimContext
    from msa_lab.runtime.sim.instance import Instance


class Endpoint:
    """A replica as one client sees it."""

    __slots__ = ("in_flight", "instance")

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.in_flight = 0


class Client:
    """One instance's way to one other service. Its state (breakers, budget, turns) dies with the instance."""

    def __init__(self, caller: Instance, callee: str, policy: CallPolicy) -> None:
        shop = caller.shop
        switched = shop.patterns
        self._caller = caller
        self._callee = callee
        self._shop = shop
        self._endpoints = [Endpoint(instance) for instance in shop.instances_of(callee)]
        stream = shop.streams.named(f"client:{caller.name}:{callee}")
        self._guard = CallGuard(policy, switched, stream)
        self._balancer = balancer(switched["balancing"], stream)

    async def call(
        self,
        ctx: SimContext,
        operation: Operation[Any, Any],
        request: object,
        key: str | None,
        timeout: Duration | None,  # noqa: ASYNC109 - the port's own word
        identity: Caller | None,
    ) -> object:
        """Try until there is an answer or the policy gives up."""
        self._guard.begin()
        who = identity or Caller(ctx.service, ctx.caller.subject, ctx.caller.roles)
        attempt, waited = 1, Duration(0)
        while True:
            try:
                return await self._try(ctx, operation, request, key, timeout, who, attempt)
            except CallFailure as failure:
                again = self._guard.pause(failure, operation, attempt, waited)
                if again is None or self._too_late(ctx, again):
                    raise
                waited = again
                ctx.emit(
                    "call.retried", {"operation": operation.name, "attempt": attempt + 1, "pause": waited}
                )
            await ctx.clock.sleep(waited)
            attempt += 1

    def _too_late(self, ctx: SimContext, waited: Duration) -> bool:
        return ctx.deadline is not None and self._caller.kernel.now + waited >= ctx.deadline

    async def _try(
        self,
        ctx: SimContext,
        operation: Operation[Any, Any],
        request: object,
        key: str | None,
        timeout: Duration | None,  # noqa: ASYNC109 - the port's own word
        identity: Caller,
        attempt: int,
    ) -> object:
        """Send one try, if breaker, bulkhead and deadline let it, and wait for what comes of it."""
        kernel, guard = self._caller.kernel, self._guard
        sent = kernel.now
        breaker = guard.breaker(operation.name)
        try:
            limit = guard.limit(breaker, timeout, ctx.deadline, Instant(sent))
        except CallFailure as refused:
            self._unsent(ctx, operation, refused)
            raise
        endpoint = self._choose()
        if endpoint is None:
            self._record(ctx, breaker, sent, ok=False)
            raise self._unsent(ctx, operation, Unavailable())
        if guard.bulkhead is not None and not guard.bulkhead.enter():
            raise self._unsent(ctx, operation, BulkheadFull())
        wait: Wait[Any] = Wait(Timeout)
        exchange = self._exchange(ctx, operation, request, wait, endpoint.instance, attempt)
        exchange.key = key if guard.keyed else None
        exchange.deadline = sent + limit if guard.budgeted else None
        exchange.identity = identity
        endpoint.in_flight += 1
        self._shop.network.send(exchange)
        kernel.expire(sent + limit, wait)
        try:
            reply = await wait
        except DomainError as refusal:
            self._returned(ctx, exchange, refusal.code)
            self._record(ctx, breaker, sent, ok=True)
            raise
        except CallFailure as failure:
            self._failed(ctx, exchange, failure)
            if blames_callee(failure):
                self._record(ctx, breaker, sent, ok=False)
            raise
        else:
            self._returned(ctx, exchange, "ok")
            self._record(ctx, breaker, sent, ok=True)
            return reply
        finally:
            endpoint.in_flight -= 1
            if guard.bulkhead is not None:
                guard.bulkhead.leave()

    def _exchange(
        self,
        ctx: SimContext,
        operation: Operation[Any, Any],
        request: object,
        wait: Wait[Any],
        callee: Instance,
        attempt: int,
    ) -> Exchange:
        shop, caller = self._shop, self._caller
        shop.exchanges += 1
        exchange = Exchange(shop.exchanges, operation, request, wait)
        exchange.attempt = attempt
        exchange.sent_at = caller.kernel.now
        exchange.saga, exchange.trace = ctx.saga, ctx.trace
        exchange.caller_service = caller.service
        exchange.caller_instance = caller.name
        exchange.caller_node = caller.node
        exchange.caller_incarnation = ctx.incarnation
        exchange.callee = callee
        if shop.logs_calls:
            ctx.emit(
                "call.sent",
                {
                    "operation": operation.name,
                    "callee": callee.name,
                    "attempt": attempt,
                    "call": exchange.number,
                },
            )
        exchange.cause = ctx.cause
        exchange.lamport = caller.node.lamport
        return exchange

    def _record(self, ctx: SimContext, breaker: CircuitBreaker | None, sent: int, *, ok: bool) -> None:
        if breaker is not None:
            change = breaker.record(Instant(self._caller.kernel.now), ok, sent)
            if change is not None:
                ctx.emit(f"breaker.{change}", {"callee": self._callee})

    def _unsent(self, ctx: SimContext, operation: Operation[Any, Any], failure: CallFailure) -> CallFailure:
        """Log a try that never left, and give its failure to raise."""
        reason = type(failure).__name__
        ctx.emit("call.failed", {"operation": operation.name, "reason": reason, "definite": True, "took": 0})
        return failure

    def _returned(self, ctx: SimContext, exchange: Exchange, outcome: str) -> None:
        self._follow(ctx, exchange)
        if self._shop.logs_calls:
            took = self._caller.kernel.now - exchange.sent_at
            ctx.emit(
                "call.returned",
                {
                    "operation": exchange.operation.name,
                    "call": exchange.number,
                    "outcome": outcome,
                    "took": took,
                },
            )

    def _failed(self, ctx: SimContext, exchange: Exchange, failure: CallFailure) -> None:
        self._follow(ctx, exchange)
        detail: dict[str, Any] = {
            "operation": exchange.operation.name,
            "call": exchange.number,
            "reason": type(failure).__name__,
            "definite": failure.definite,
            "took": self._caller.kernel.now - exchange.sent_at,
        }
        if exchange.fault:
            detail["fault"] = exchange.fault
        ctx.emit("call.failed", detail)

    def _follow(self, ctx: SimContext, exchange: Exchange) -> None:
        """Tie what comes next to the last event of the exchange."""
        ctx.cause = exchange.cause
        node = self._caller.node
        node.lamport = max(node.lamport, exchange.lamport)

    def _choose(self) -> Endpoint | None:
        """Pick among the replicas that the registry lists."""
        endpoints = self._endpoints
        if len(endpoints) == 1:
            return endpoints[0] if endpoints[0].instance.listed else None
        listed = [endpoint for endpoint in endpoints if endpoint.instance.listed]
        return self._balancer.choose(listed) if listed else None
