from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from msa_lab.scenario.model import Await, Call, Pick, Repeat, Step, Think
from msa_lab.scenario.player import Outcome, shop
from msa_lab.sdk.distributions import Constant
from msa_lab.sdk.failures import DomainError, Timeout
from msa_lab.sdk.values import Duration, ms, seconds


class NoStock(DomainError):
    """Nothing left."""


@dataclass
class Recorder:
    """Answers each operation with what it was given; raises exceptions given."""

    answers: dict[str, Any] = field(default_factory=dict)
    state: str | None = "COMPLETED"
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    did: list[tuple[Any, ...]] = field(default_factory=list)

    async def call(self, operation: str, arguments: Mapping[str, Any], token: str) -> Any:  # noqa: ANN401
        self.did.append((operation, dict(arguments), token))
        answer = self.answers.get(operation, {})
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, duration: Duration) -> None:
        self.did.append(("sleep", duration))

    async def wait_saga(self, saga: str, saga_id: str, states: Sequence[str], within: Duration) -> str | None:
        self.did.append((saga, saga_id, tuple(states), within))
        return self.state


@dataclass(frozen=True)
class Page:
    items: tuple[Mapping[str, Any], ...]


def play(recorder: Recorder, *steps: Step, **variables: Any) -> Outcome:  # noqa: ANN401 - any value
    return asyncio.run(shop(recorder, steps, variables))


def test_captured_values_and_the_token_travel_with_later_calls() -> None:
    recorder = Recorder({"user.login": {"token": "t-1"}, "search.query": Page(({"sku": "A"},))})

    outcome = play(
        recorder,
        Call("user.login", {"email": "s${shopper}@example.org"}, {"token": "$.token"}),
        Call("search.query", {"q": "tea"}, {"sku": "$.items[0].sku"}),
        Call("cart.add", {"sku": "${sku}", "note": "for ${shopper}"}),
        shopper=7,
    )

    assert outcome == Outcome("done")
    assert recorder.did == [
        ("user.login", {"email": "s7@example.org"}, ""),
        ("search.query", {"q": "tea"}, "t-1"),
        ("cart.add", {"sku": "A", "note": "for 7"}, "t-1"),
    ]


def test_waiting_repeating_and_picking() -> None:
    recorder = Recorder()

    outcome = play(
        recorder,
        Pick({"size": (4,)}),
        Think(Constant(ms(200))),
        Repeat(2, (Call("cart.add", {"size": "${size}"}),)),
        Await("checkout", ("COMPLETED",), seconds(3), "${order_id}"),
        order_id="o-1",
    )

    assert outcome == Outcome("done")
    assert recorder.did == [
        ("sleep", 200_000),
        ("cart.add", {"size": 4}, ""),
        ("cart.add", {"size": 4}, ""),
        ("checkout", "o-1", ("COMPLETED",), 3_000_000),
    ]


@pytest.mark.parametrize(
    ("answer", "step", "outcome"),
    [
        (NoStock(), Call("buy", {}), Outcome("refused", "buy", "no-stock")),
        (NoStock(), Call("buy", {}, refused="no-stock"), Outcome("done")),
        (NoStock(), Call("buy", {}, refused="card-declined"), Outcome("unexpected", "buy", "no-stock")),
        (
            {},
            Call("buy", {}, refused="no-stock"),
            Outcome("unexpected", "buy", "was not refused with no-stock"),
        ),
        (Timeout(), Call("buy", {}), Outcome("failed", "buy", "Timeout")),
        ({}, Call("buy", {}, {"id": "$.id"}), Outcome("unexpected", "buy", "$.id: the answer has no 'id'")),
        (
            {"id": 1.5},
            Call("buy", {}, {"id": "$.id"}),
            Outcome("unexpected", "buy", "$.id is neither a text nor a whole number"),
        ),
    ],
)
def test_a_visit_ends_where_it_does_not_go_as_the_flow_says(
    answer: object, step: Call, outcome: Outcome
) -> None:
    assert play(Recorder({"buy": answer}), step) == outcome


def test_a_saga_that_does_not_end_in_time_is_late() -> None:
    outcome = play(Recorder(state=None), Await("checkout", ("COMPLETED",), seconds(3), "o-1"))

    assert outcome == Outcome("late", "await checkout", "o-1 was not COMPLETED in time")
