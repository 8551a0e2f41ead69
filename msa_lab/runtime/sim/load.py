"""Shoppers: they arrive by the load phases and walk through a flow."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msa_lab.runtime.sim.exchange import Exchange
from msa_lab.runtime.sim.kernel import Task, Wait
from msa_lab.runtime.sim.node import Node
from msa_lab.runtime.sim.shop import CLIENT, Shop
from msa_lab.scenario.load import gap
from msa_lab.scenario.model import Phase, Scenario
from msa_lab.scenario.player import Outcome
from msa_lab.scenario.player import shop as walk
from msa_lab.sdk.distributions import Stream
from msa_lab.sdk.failures import DomainError, PortFailure, Timeout, Unavailable
from msa_lab.sdk.ports import Caller
from msa_lab.sdk.saga import SAGAS
from msa_lab.sdk.values import Duration, Instant, seconds
from msa_lab.telemetry.events import LogEvent

if TYPE_CHECKING:
    from msa_lab.sdk.contract import Operation

PATIENCE = seconds(10)
"""How long a shopper waits for one answer."""


class Shoppers:
    """Lets shoppers arrive and counts those in the shop."""

    def __init__(self, shop: Shop, scenario: Scenario, request: Operation[Any, Any]) -> None:
        self.shop = shop
        self.kernel = shop.kernel
        self.scenario = scenario
        self.request = request
        self.node = Node(shop.kernel, CLIENT, concurrency=1, bound=0)
        self.inside = 0
        self.arriving = 0
        self.sagas = SagaWatch(shop)
        self.came = 0
        self._turn = 0
        self._end = Instant(0)

    def open(self, end: Instant) -> None:
        """Plan the phases; nobody arrives at or after `end`."""
        self._end = end
        for phase in self.scenario.load:
            self.arriving += 1
            self.kernel.after(phase.start, self._begin, phase)

    @property
    def gone(self) -> bool:
        """Whether nobody is inside and nobody will come."""
        return not self.inside and not self.arriving

    def _begin(self, phase: Phase) -> None:
        self.shop.note("phase.started", {"phase": phase.name, "flow": phase.flow, "rate": phase.rate})
        self._next(phase)

    def _next(self, phase: Phase) -> None:
        """Plan the next arrival of a phase."""
        now = self.kernel.now
        stream = self.shop.streams.named(f"arrivals:{phase.name}")
        at = now + gap(phase, stream, self.shop.faults.load_factor(phase.flow))
        if at >= min(phase.end, self._end):
            self.kernel.after(max(0, min(phase.end, self._end) - now), self._over, phase)
        else:
            self.kernel.after(at - now, self._arrive, phase)

    def _over(self, phase: Phase) -> None:
        self.arriving -= 1
        self.shop.note("phase.ended", {"phase": phase.name})

    def _arrive(self, phase: Phase) -> None:
        if self.shop.faults.load_factor(phase.flow) > 1:
            self.shop.faults.touch_load()
        self.came += 1
        self.inside += 1
        shopper = SimShopper(self, self.came, phase)
        log = self.shop.log
        shopper.cause = log.emit(
            "shopper.started",
            self.kernel.now,
            CLIENT,
            "",
            "",
            self.came,
            detail={"shopper": self.came, "flow": phase.flow, "phase": phase.name},
        )
        variables = {**self.scenario.variables, "shopper": self.came}
        walking = walk(shopper, self.scenario.flows[phase.flow], variables)
        Task(self.node, walking, partial(self._left, shopper)).step()
        self._next(phase)

    def _left(self, shopper: SimShopper, outcome: Outcome, error: BaseException | None) -> None:
        self.inside -= 1
        if error is not None:
            raise error
        self.shop.log.emit(
            "shopper.ended",
            self.kernel.now,
            CLIENT,
            "",
            "",
            shopper.number,
            0,
            shopper.cause,
            0,
            {
                "shopper": shopper.number,
                "flow": shopper.phase.flow,
                "phase": shopper.phase.name,
                "outcome": outcome.result,
                "step": outcome.step,
                "reason": outcome.reason,
            },
        )

    def edge_instance(self) -> Any:  # noqa: ANN401 - an Instance
        """Give the edge instance whose turn it is, of those listed."""
        listed = [instance for instance in self.shop.instances_of(self.shop.edge) if instance.listed]
        if not listed:
            return None
        self._turn += 1
        return listed[self._turn % len(listed)]


class SagaWatch:
    """Lets shoppers wait until their saga reaches a state."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._waiting: dict[str, list[tuple[Sequence[str], Wait[str | None]]]] = {}
        shop.log.listen(("saga.turned", "saga.completed", "saga.compensated"), self._moved)

    def wait(self, saga_id: str, states: Sequence[str], within: Duration) -> Wait[str | None]:
        """Give the state once it is one of `states`, None when time is up."""
        wait: Wait[str | None] = Expiry()
        state = self._state(saga_id)
        if state in states:
            wait.settle(state)
        else:
            self._waiting.setdefault(saga_id, []).append((states, wait))
            self._shop.kernel.expire(self._shop.kernel.now + within, wait)
        return wait

    def _state(self, saga_id: str) -> str | None:
        for deployed in self._shop.deployed.values():
            if deployed.keeps_sagas:
                row = deployed.database.table(SAGAS).rows.get(saga_id)
                if row is not None:
                    state: str = row.record.state
                    return state
        return None

    def _moved(self, event: LogEvent) -> None:
        waiting = self._waiting.get(event.saga)
        if waiting is None:
            return
        state = "COMPENSATING" if event.kind == "saga.turned" else event.kind.removeprefix("saga.").upper()
        left = [(states, wait) for states, wait in waiting if state not in states and not wait.settled]
        for states, wait in waiting:
            if state in states:
                # The commit that moved the saga is still being logged: answer when that is over.
                self._shop.kernel.after(0, wait.settle, state)
        if left:
            self._waiting[event.saga] = left
        else:
            del self._waiting[event.saga]


class Expiry(Wait["str | None"]):
    """A wait whose deadline is an answer: None."""

    __slots__ = ()

    def expired(self) -> None:
        """Answer that time is up."""
        self.settle(None)


class SimShopper:
    """One shopper's hands: the port that the player of flows works through."""

    def __init__(self, shoppers: Shoppers, number: int, phase: Phase) -> None:
        self._shoppers = shoppers
        self.number = number
        self.phase = phase
        self.cause = 0
        self._dice: Stream | None = None
        self._requests = 0

    @property
    def dice(self) -> Stream:
        """This shopper's own chance."""
        if self._dice is None:
            # A stream of its own for each shopper, forgotten with the shopper.
            self._dice = self._shoppers.shop.streams.fresh(f"shopper:{self.number}")
        return self._dice

    async def call(self, name: str, arguments: Mapping[str, Any], token: str) -> Any:  # noqa: ANN401 - any reply
        """Send a request to the edge and give the reply's body."""
        shoppers = self._shoppers
        kernel = shoppers.kernel
        self._requests += 1
        began = kernel.now
        try:
            reply = await self._send(
                {
                    "operation": name,
                    "arguments": arguments,
                    "token": token,
                    "key": f"{self.number}-{self._requests}",
                    "client": f"shopper-{self.number}",
                }
            )
        except DomainError as refusal:
            self._tell(name, refusal.code, began)
            raise
        except PortFailure as failure:
            self._tell(name, type(failure).__name__, began)
            raise
        self._tell(name, "ok", began)
        return reply.body

    def _tell(self, name: str, outcome: str, began: int) -> None:
        """Log how a request ended. One that the run's end cut off has no outcome."""
        log, now = self._shoppers.shop.log, self._shoppers.kernel.now
        if log.wants("shopper.request"):
            detail = {
                "operation": name,
                "outcome": outcome,
                "took": now - began,
                "phase": self.phase.name,
                "flow": self.phase.flow,
            }
            self.cause = log.emit(
                "shopper.request", now, CLIENT, "", "", self.number, 0, self.cause, 0, detail
            )

    async def _send(self, request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the edge's reply
        shoppers = self._shoppers
        shop, kernel = shoppers.shop, shoppers.kernel
        edge = shoppers.edge_instance()
        if edge is None:
            raise Unavailable
        wait: Wait[Any] = Wait(Timeout)
        shop.exchanges += 1
        exchange = Exchange(shop.exchanges, shoppers.request, request, wait)
        exchange.sent_at = kernel.now
        exchange.deadline = kernel.now + PATIENCE if shop.patterns["timeout_budget"] == "on" else None
        exchange.identity = Caller(CLIENT)
        exchange.trace = self.number
        exchange.caller_service = exchange.caller_instance = CLIENT
        exchange.caller_node = shoppers.node
        exchange.caller_incarnation = shoppers.node.incarnation
        exchange.callee = edge
        exchange.cause = self.cause
        shop.network.send(exchange)
        kernel.expire(kernel.now + PATIENCE, wait)
        try:
            return await wait
        finally:
            self.cause = exchange.cause

    def sleep(self, duration: Duration) -> Awaitable[None]:
        """Think."""
        wait: Wait[None] = Wait()
        self._shoppers.kernel.after(duration, wait.settle)
        return wait

    def wait_saga(
        self,
        saga: str,  # noqa: ARG002 - ids are unique across sagas
        saga_id: str,
        states: Sequence[str],
        within: Duration,
    ) -> Awaitable[str | None]:
        """Wait for a saga's state; None when time is up."""
        return self._shoppers.sagas.wait(saga_id, states, within)
