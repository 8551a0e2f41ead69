"""Plays one shopper's flow over a small port; the same in every world."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from msa_lab.scenario.flowing import TOKEN
from msa_lab.scenario.model import Await, Call, Pick, Repeat, Step, Think
from msa_lab.scenario.paths import Missing, capture
from msa_lab.scenario.templates import filled
from msa_lab.sdk.distributions import Stream
from msa_lab.sdk.failures import CallFailure, DomainError
from msa_lab.sdk.values import Duration

Result = Literal["done", "refused", "failed", "unexpected", "late"]


class Shopper(Protocol):
    """What a shopper can do."""

    @property
    def dice(self) -> Stream:
        """The shopper's own stream of chance."""
        ...

    def call(self, operation: str, arguments: Mapping[str, Any], token: str) -> Awaitable[Any]:
        """Call an operation through the shop's edge and give its reply.

        Raises:
            DomainError: when the business refused.
            CallFailure: when no answer came.
        """
        ...

    def sleep(self, duration: Duration) -> Awaitable[None]:
        """Wait."""
        ...

    def wait_saga(
        self, saga: str, saga_id: str, states: Sequence[str], within: Duration
    ) -> Awaitable[str | None]:
        """Wait until a saga is in one of the states and give it; None when the time was up before."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a visit ended and, unless it is done, at which step and why.

    `refused` is a refusal that the flow did not expect, `failed` a call without an answer, `late` a saga
    not ended in time, `unexpected` an answer other than the flow says.
    """

    result: Result
    step: str = ""
    reason: str = ""


class _Stopped(Exception):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


async def shop(client: Shopper, flow: Sequence[Step], variables: Mapping[str, Any]) -> Outcome:
    """Take the steps of a flow in order until the end or the first that does not go as it says.

    `variables` are those of the scenario and `shopper`, the shopper's number.
    """
    known = dict(variables)
    try:
        await _steps(client, flow, known)
    except _Stopped as stopped:
        return stopped.outcome
    return Outcome("done")


async def _steps(client: Shopper, steps: Sequence[Step], known: dict[str, Any]) -> None:
    for step in steps:
        match step:
            case Call():
                await _call(client, step, known)
            case Think():
                await client.sleep(Duration(step.time.sample(client.dice)))
            case Await():
                await _await(client, step, known)
            case Pick():
                for name, choices in step.choices.items():
                    known[name] = choices[int(client.dice.random() * len(choices))]
            case Repeat():
                for _ in range(step.times):
                    await _steps(client, step.steps, known)


async def _call(client: Shopper, step: Call, known: dict[str, Any]) -> None:
    arguments = filled(dict(step.arguments), known)
    try:
        reply = await client.call(step.operation, arguments, str(known.get(TOKEN, "")))
    except DomainError as refusal:
        if refusal.code == step.refused:
            return
        result: Result = "unexpected" if step.refused else "refused"
        raise _Stopped(Outcome(result, step.operation, refusal.code)) from None
    except CallFailure as failure:
        raise _Stopped(Outcome("failed", step.operation, type(failure).__name__)) from None
    if step.refused:
        raise _Stopped(Outcome("unexpected", step.operation, f"was not refused with {step.refused}"))
    for name, path in step.capture.items():
        try:
            known[name] = capture(reply, path)
        except Missing as missing:
            raise _Stopped(Outcome("unexpected", step.operation, str(missing))) from None


async def _await(client: Shopper, step: Await, known: Mapping[str, Any]) -> None:
    saga_id = str(filled(step.of, known))
    state = await client.wait_saga(step.saga, saga_id, step.states, step.within)
    if state is None:
        raise _Stopped(
            Outcome("late", f"await {step.saga}", f"{saga_id} was not {' or '.join(step.states)} in time")
        )
