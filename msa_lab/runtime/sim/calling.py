"""The caller's side of a call: policy, tries, discovery, balancing, deadlines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msa_lab.resilience.balancing import balancer
from msa_lab.resilience.breaker import CircuitBreaker, blames_callee
from msa_lab.resilience.bulkhead import ConcurrencyLimit
from msa_lab.resilience.retry import RetryBudget, pause, retryable
from msa_lab.runtime.sim.exchange import Exchange
from msa_lab.runtime.sim.kernel import Wait
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import (
    BreakerOpen,
    BulkheadFull,
    CallFailure,
    DeadlineExceeded,
    DomainError,
    Timeout,
    Unavailable,
)
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
    """One instance's way to one other service. Its state (breaker, budget, turns) dies with the instance."""

    def __init__(self, caller: Instance, callee: str, policy: CallPolicy) -> None:
        shop = caller.shop
        switched = shop.patterns
        self._caller = caller
        self._callee = callee
        self._shop = shop
        self._policy = policy
        self._endpoints = [Endpoint(instance) for instance in shop.instances_of(callee)]
        self._stream = shop.streams.named(f"client:{caller.name}:{callee}")
        self._balancer = balancer(switched["balancing"], self._stream)
        self._breaker = (
            CircuitBreaker(policy.breaker) if policy.breaker and switched["breaker"] == "on" else None
        )
        self._bulkhead = (
            ConcurrencyLimit(policy.bulkhead) if policy.bulkhead and switched["bulkhead"] == "on" else None
        )
        self._retrying = switched["retry"] == "on"
        self._keyed = switched["idempotency"] == "on"
        self._budgeted = switched["timeout_budget"] == "on"
        share = policy.retry.budget
        self._budget = None if share is None else RetryBudget(share)

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
        attempt, waited = 1, 0
        if self._budget is not None:
            self._budget.earn()
        while True:
            try:
                return await self._guarded(ctx, operation, request, key, timeout, identity, attempt)
            except CallFailure as failure:
                waited = self._pause(failure, operation, attempt, waited)
                if waited < 0 or self._too_late(ctx, waited):
                    raise
                ctx.emit(
                    "call.retried", {"operation": operation.name, "attempt": attempt + 1, "pause": waited}
                )
            await ctx.clock.sleep(Duration(waited))
            attempt += 1

    def _pause(self, failure: CallFailure, operation: Operation[Any, Any], attempt: int, waited: int) -> int:
        """Give the pause before the next try, -1 for none."""
        if not self._retrying or not retryable(failure, safe=operation.safe, keyed=operation.keyed):
            return -1
        again = pause(self._policy.retry, attempt, self._stream, waited)
        if again is None or (self._budget is not None and not self._budget.spend()):
            return -1
        return again

    def _too_late(self, ctx: SimContext, waited: int) -> bool:
        return ctx.deadline is not None and self._caller.kernel.now + waited >= ctx.deadline

    async def _guarded(
        self,
        ctx: SimContext,
        operation: Operation[Any, Any],
        request: object,
        key: str | None,
        timeout: Duration | None,  # noqa: ASYNC109 - the port's own word
        identity: Caller | None,
        attempt: int,
    ) -> object:
        """One try behind breaker and bulkhead."""
        sent = self._caller.kernel.now
        breaker, bulkhead = self._breaker, self._bulkhead
        if breaker is not None and not breaker.allow(Instant(sent)):
            ctx.emit(
                "call.failed",
                {"operation": operation.name, "reason": "BreakerOpen", "definite": True, "took": 0},
            )
            raise BreakerOpen
        if bulkhead is not None and not bulkhead.enter():
            ctx.emit(
                "call.failed",
                {"operation": operation.name, "reason": "BulkheadFull", "definite": True, "took": 0},
            )
            raise BulkheadFull
        try:
            reply = await self._try(ctx, operation, request, key, timeout, identity, attempt)
        except DomainError:
            self._record(ctx, sent, ok=True)
            raise
        except CallFailure as failure:
            if blames_callee(failure):
                self._record(ctx, sent, ok=False)
            raise
        else:
            self._record(ctx, sent, ok=True)
            return reply
        finally:
            if bulkhead is not None:
                bulkhead.leave()

    def _record(self, ctx: SimContext, sent: int, *, ok: bool) -> None:
        if self._breaker is not None:
            change = self._breaker.record(Instant(self._caller.kernel.now), ok, sent)
            if change is not None:
                ctx.emit(f"breaker.{change}", {"callee": self._callee})

    async def _try(
        self,
        ctx: SimContext,
        operation: Operation[Any, Any],
        request: object,
        key: str | None,
        timeout: Duration | None,  # noqa: ASYNC109 - the port's own word
        identity: Caller | None,
        attempt: int,
    ) -> object:
        kernel = self._caller.kernel
        now = kernel.now
        limit = self._policy.timeout if timeout is None else timeout
        if ctx.deadline is not None and ctx.deadline - now < limit:
            limit = Duration(ctx.deadline - now)
            if limit <= 0:
                raise DeadlineExceeded
        endpoint = self._choose()
        if endpoint is None:
            ctx.emit(
                "call.failed",
                {"operation": operation.name, "reason": "Unavailable", "definite": True, "took": 0},
            )
            raise Unavailable
        wait: Wait[Any] = Wait(Timeout)
        shop = self._shop
        shop.exchanges += 1
        exchange = Exchange(shop.exchanges, operation, request, wait)
        exchange.attempt = attempt
        exchange.key = key if self._keyed else None
        exchange.sent_at = now
        exchange.deadline = now + limit if self._budgeted else None
        exchange.identity = identity or Caller(ctx.service, ctx.caller.subject, ctx.caller.roles)
        exchange.saga, exchange.trace = ctx.saga, ctx.trace
        exchange.caller_service = ctx.service
        exchange.caller_instance = self._caller.name
        exchange.caller_node = self._caller.node
        exchange.caller_incarnation = ctx.incarnation
        exchange.callee = endpoint.instance
        if shop.logs_calls:
            ctx.emit(
                "call.sent",
                {"operation": operation.name, "callee": endpoint.instance.name, "attempt": attempt,
                 "call": exchange.number},
            )  # fmt: skip
        exchange.cause = ctx.cause
        exchange.lamport = self._caller.node.lamport
        endpoint.in_flight += 1
        shop.network.send(exchange)
        kernel.expire(now + limit, wait)
        try:
            reply = await wait
        except DomainError as refusal:
            self._returned(ctx, exchange, refusal.code)
            raise
        except CallFailure as failure:
            self._failed(ctx, exchange, failure)
            raise
        else:
            if shop.logs_calls:
                self._returned(ctx, exchange, "ok")
            return reply
        finally:
            endpoint.in_flight -= 1

    def _returned(self, ctx: SimContext, exchange: Exchange, outcome: str) -> None:
        self._follow(ctx, exchange)
        ctx.emit(
            "call.returned",
            {"operation": exchange.operation.name, "call": exchange.number, "outcome": outcome,
             "took": self._caller.kernel.now - exchange.sent_at},
        )  # fmt: skip

    def _failed(self, ctx: SimContext, exchange: Exchange, failure: CallFailure) -> None:
        self._follow(ctx, exchange)
        detail: dict[str, Any] = {
            "operation": exchange.operation.name, "call": exchange.number, "reason": type(failure).__name__,
            "definite": failure.definite, "took": self._caller.kernel.now - exchange.sent_at,
        }  # fmt: skip
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
