"""Shoppers of the process world: they arrive by the load phases and call the gateway over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from msa_lab.runtime.process.exchange import Exchange, exchanged
from msa_lab.runtime.process.journal import Story
from msa_lab.runtime.process.seeds import stream
from msa_lab.runtime.process.site import Site
from msa_lab.runtime.process.tasks import Background
from msa_lab.scenario.load import gap
from msa_lab.scenario.model import Phase, Scenario
from msa_lab.scenario.player import shop as walk
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.distributions import Stream
from msa_lab.sdk.failures import DomainError, PortFailure, Timeout, Unavailable
from msa_lab.sdk.ports import Caller
from msa_lab.sdk.values import Duration, seconds
from msa_lab.telemetry.events import LogEvent

CLIENT = "client"
"""The name under which shoppers stand in links and logs."""

PATIENCE = seconds(10)
"""How long a shopper waits for one answer."""


class SagaWatch:
    """Lets shoppers wait until their saga reaches a state."""

    KINDS = ("saga.started", "saga.turned", "saga.completed", "saga.compensated")

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._waiting: dict[str, list[tuple[Sequence[str], asyncio.Future[str]]]] = {}

    def feed(self, event: LogEvent) -> None:
        """Take in a saga's move."""
        named = {"saga.started": "RUNNING", "saga.turned": "COMPENSATING"}
        state = self._states[event.saga] = named.get(event.kind) or event.kind.removeprefix("saga.").upper()
        for states, future in self._waiting.get(event.saga, ()):
            if state in states and not future.done():
                future.set_result(state)

    async def wait(self, saga_id: str, states: Sequence[str], within: Duration) -> str | None:
        """Give the state once it is one of `states`, None when time is up."""
        state = self._states.get(saga_id)
        if state in states:
            return state
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(saga_id, []).append((states, future))
        try:
            async with asyncio.timeout(within / 1_000_000):
                return await future
        except TimeoutError:
            return None


class Shoppers:
    """Lets shoppers arrive and counts those in the shop."""

    def __init__(self, site: Site, scenario: Scenario, door: Operation[Any, Any], sagas: SagaWatch) -> None:
        self.site = site
        self.scenario = scenario
        self.door = door
        self.sagas = sagas
        self._inside = Background(self._failed)
        self._came = 0
        self._turn = 0
        self.trouble: BaseException | None = None

    @property
    def gone(self) -> bool:
        """Whether nobody is inside and nobody will come."""
        return self._inside.idle

    def open(self, end: int) -> None:
        """Let the phases begin in their time; nobody arrives at or after `end`."""
        for phase in self.scenario.load:
            self._inside.spawn(self._phase(phase, end))

    def close(self) -> None:
        """Send everybody home."""
        self._inside.cancel()

    def _failed(self, trouble: BaseException) -> None:
        self.trouble = trouble

    async def _until(self, instant: int) -> None:
        await asyncio.sleep(max(0, instant - self.site.clock.now()) / 1_000_000)

    async def _phase(self, phase: Phase, end: int) -> None:
        story = Story("", "")
        await self._until(phase.start)
        detail = {"phase": phase.name, "flow": phase.flow, "rate": phase.rate}
        self.site.journal.emit(story, "phase.started", detail)
        arrivals = stream(self.site.seed, f"arrivals:{phase.name}")
        last = min(phase.end, end)
        at = int(phase.start)
        while True:
            faults = self.site.hurting.set
            at += gap(phase, arrivals, faults.load(phase.flow) if faults.loads else 1.0)
            if at >= last:
                break
            await self._until(at)
            for fault in faults.loads if faults.load(phase.flow) > 1 else ():
                self.site.hurting.touch(fault.id)
            self._came += 1
            self._inside.spawn(self._visit(self._came, phase))
        await self._until(last)
        self.site.journal.emit(story, "phase.ended", {"phase": phase.name})

    async def _visit(self, number: int, phase: Phase) -> None:
        journal = self.site.journal
        story = Story(CLIENT, "", trace=number)
        journal.emit(story, "shopper.started", {"shopper": number, "flow": phase.flow, "phase": phase.name})
        shopper = HttpShopper(self, number, phase, story)
        variables = {**self.scenario.variables, "shopper": number}
        outcome = await walk(shopper, self.scenario.flows[phase.flow], variables)
        detail = {
            "shopper": number, "flow": phase.flow, "phase": phase.name, "outcome": outcome.result,
            "step": outcome.step, "reason": outcome.reason,
        }  # fmt: skip
        journal.emit(story, "shopper.ended", detail)

    def turn(self) -> int:
        """Count who is sent to which instance of the edge."""
        self._turn += 1
        return self._turn


class HttpShopper:
    """One shopper's hands."""

    def __init__(self, shoppers: Shoppers, number: int, phase: Phase, story: Story) -> None:
        self._shoppers = shoppers
        self._number = number
        self._phase = phase
        self._story = story
        self._requests = 0
        self._dice = stream(shoppers.site.seed, f"shopper:{number}")

    @property
    def dice(self) -> Stream:
        """This shopper's own chance."""
        return self._dice

    async def call(self, name: str, arguments: Mapping[str, Any], token: str) -> Any:  # noqa: ANN401 - any reply
        """Send a request to the edge and give the reply's body."""
        site = self._shoppers.site
        self._requests += 1
        began = site.clock.now()
        try:
            reply = await self._send(
                {
                    "operation": name,
                    "arguments": arguments,
                    "token": token,
                    "key": f"{self._number}-{self._requests}",
                    "client": f"shopper-{self._number}",
                }
            )
        except DomainError as refusal:
            self._tell(name, refusal.code, began)
            raise
        except PortFailure as failure:
            self._tell(name, type(failure).__name__, began)
            raise
        self._tell(name, "ok", began)
        return reply["body"]

    def _tell(self, name: str, outcome: str, began: int) -> None:
        """Log how a request ended. One that the run's end cut off has no outcome."""
        site = self._shoppers.site
        detail = {
            "operation": name, "outcome": outcome, "took": site.clock.now() - began,
            "phase": self._phase.name, "flow": self._phase.flow,
        }  # fmt: skip
        site.journal.emit(self._story, "shopper.request", detail)

    async def _send(self, request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the edge's reply
        site, door = self._shoppers.site, self._shoppers.door
        listed = site.registry.get(door.service, ())
        if not listed:
            raise Unavailable
        address = listed[self._shoppers.turn() % len(listed)]
        budgeted = site.patterns["timeout_budget"] == "on"
        exchange = Exchange(
            door, request, site.journal.number(), 1, (CLIENT, CLIENT), Caller(CLIENT),
            deadline=site.clock.now() + PATIENCE if budgeted else None,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE / 1_000_000):
                return await exchanged(site, exchange, self._story, address)
        except TimeoutError:
            raise Timeout from None

    def sleep(self, duration: Duration) -> Awaitable[None]:
        """Think."""
        return asyncio.sleep(duration / 1_000_000)

    def wait_saga(
        self,
        saga: str,  # noqa: ARG002 - ids are unique across sagas
        saga_id: str,
        states: Sequence[str],
        within: Duration,
    ) -> Awaitable[str | None]:
        """Wait for a saga's state; None when time is up."""
        return self._shoppers.sagas.wait(saga_id, states, within)
