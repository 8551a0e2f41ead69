"""The caller's side of a call: policy, tries, registry, balancing, deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from msa_lab.resilience.balancing import balancer
from msa_lab.resilience.breaker import CircuitBreaker, blames_callee
from msa_lab.resilience.guard import CallGuard
from msa_lab.runtime.process.exchange import Exchange, exchanged
from msa_lab.runtime.process.journal import Story
from msa_lab.runtime.process.site import Address, Site
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import BulkheadFull, CallFailure, DomainError, Timeout, Unavailable
from msa_lab.sdk.policy import CallPolicy
from msa_lab.sdk.ports import Caller
from msa_lab.sdk.values import Duration, Instant

T = TypeVar("T")


async def _within(limit: Duration, answer: Coroutine[Any, Any, T]) -> T:
    """Wait so long for an answer.

    Raises:
        Timeout: when none came.
    """
    try:
        async with asyncio.timeout(limit / 1_000_000):
            return await answer
    except TimeoutError:
        raise Timeout from None


class Endpoint:
    """A replica as one client sees it."""

    __slots__ = ("address", "in_flight")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.in_flight = 0


class Client:
    """One instance's way to one other service."""

    def __init__(self, site: Site, caller: tuple[str, str], callee: str, policy: CallPolicy) -> None:
        switched = site.patterns
        self._site = site
        self._caller = caller
        self._callee = callee
        self._guard = CallGuard(policy, switched, site.draw)
        self._listed: tuple[Address, ...] = ()
        self._endpoints: list[Endpoint] = []
        self._balancer = balancer(switched["balancing"], site.draw)

    @property
    def breakers(self) -> Mapping[str, CircuitBreaker]:
        """The breakers there are so far, by operation."""
        return self._guard.breakers

    async def call(
        self,
        story: Story,
        operation: Operation[Any, Any],
        request: object,
        *,
        key: str | None,
        within: Duration | None,
        deadline: Instant | None,
        identity: Caller,
    ) -> object:
        """Try until there is an answer or the policy gives up; `within` bounds one try."""
        guard, now = self._guard, self._site.clock.now
        guard.begin()
        attempt, waited = 1, Duration(0)
        while True:
            exchange = Exchange(
                operation, request, self._site.journal.number(), attempt, self._caller, identity,
                key if guard.keyed else None,
            )  # fmt: skip
            try:
                return await self._try(story, exchange, within, deadline)
            except CallFailure as failure:
                again = guard.pause(failure, operation, attempt, waited)
                if again is None or (deadline is not None and now() + again >= deadline):
                    raise
                waited = again
                detail = {"operation": operation.name, "attempt": attempt + 1, "pause": waited}
                self._site.journal.emit(story, "call.retried", detail)
            await asyncio.sleep(waited / 1_000_000)
            attempt += 1

    async def _try(
        self, story: Story, exchange: Exchange, within: Duration | None, deadline: Instant | None
    ) -> object:
        """Send one try, if breaker, bulkhead and deadline let it, and wait for what comes of it."""
        site, guard, operation = self._site, self._guard, exchange.operation
        sent = site.clock.now()
        breaker = guard.breaker(operation.name)
        try:
            limit = guard.limit(breaker, within, deadline, sent)
        except CallFailure as refused:
            self._unsent(story, operation, refused)
            raise
        endpoint = self._choose()
        if endpoint is None:
            self._record(story, breaker, sent, ok=False)
            raise self._unsent(story, operation, Unavailable())
        if guard.bulkhead is not None and not guard.bulkhead.enter():
            raise self._unsent(story, operation, BulkheadFull())
        exchange.deadline = sent + limit if guard.budgeted else None
        detail = {
            "operation": operation.name, "callee": endpoint.address.instance, "attempt": exchange.attempt,
            "call": exchange.number,
        }  # fmt: skip
        site.journal.emit(story, "call.sent", detail)
        endpoint.in_flight += 1
        try:
            reply = await _within(limit, exchanged(site, exchange, story, endpoint.address))
        except DomainError as refusal:
            self._returned(story, exchange, refusal.code, sent)
            self._record(story, breaker, sent, ok=True)
            raise
        except CallFailure as failure:
            self._failed(story, exchange, failure, sent)
            if blames_callee(failure):
                self._record(story, breaker, sent, ok=False)
            raise
        else:
            self._returned(story, exchange, "ok", sent)
            self._record(story, breaker, sent, ok=True)
            return reply
        finally:
            endpoint.in_flight -= 1
            if guard.bulkhead is not None:
                guard.bulkhead.leave()

    def _record(self, story: Story, breaker: CircuitBreaker | None, sent: int, *, ok: bool) -> None:
        if breaker is not None:
            change = breaker.record(self._site.clock.now(), ok, sent)
            if change is not None:
                self._site.journal.emit(story, f"breaker.{change}", {"callee": self._callee})

    def _unsent(self, story: Story, operation: Operation[Any, Any], failure: CallFailure) -> CallFailure:
        """Log a try that never left, and give its failure to raise."""
        reason = type(failure).__name__
        detail = {"operation": operation.name, "reason": reason, "definite": True, "took": 0}
        self._site.journal.emit(story, "call.failed", detail)
        return failure

    def _returned(self, story: Story, exchange: Exchange, outcome: str, sent: int) -> None:
        took = self._site.clock.now() - sent
        name, number = exchange.operation.name, exchange.number
        detail = {"operation": name, "call": number, "outcome": outcome, "took": took}
        self._site.journal.emit(story, "call.returned", detail)

    def _failed(self, story: Story, exchange: Exchange, failure: CallFailure, sent: int) -> None:
        detail: dict[str, Any] = {
            "operation": exchange.operation.name,
            "call": exchange.number,
            "reason": type(failure).__name__,
            "definite": failure.definite,
            "took": self._site.clock.now() - sent,
        }
        if exchange.fault:
            detail["fault"] = exchange.fault
        self._site.journal.emit(story, "call.failed", detail)

    def _choose(self) -> Endpoint | None:
        """Pick among the replicas that the registry lists now."""
        listed = self._site.registry.get(self._callee, ())
        if listed is not self._listed:
            self._listed = listed
            known = {endpoint.address: endpoint for endpoint in self._endpoints}
            self._endpoints = [known.get(address) or Endpoint(address) for address in listed]
        return self._balancer.choose(self._endpoints) if self._endpoints else None
