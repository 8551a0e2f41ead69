"""When shoppers come."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from msa_lab.bootstrap import Workspace, scenario_for
from msa_lab.scenario.load import gap
from msa_lab.scenario.model import Call, Phase, Repeat, Think
from msa_lab.sdk.distributions import Constant
from msa_lab.sdk.values import Instant, seconds

RUSH = Phase("rush", "buy", rate=4.0, duration=seconds(5), start=Instant(0))


def test_even_arrivals_are_spaced_equally_and_draw_nothing() -> None:
    stream = random.Random(1)

    assert gap(replace(RUSH, arrivals="even"), stream) == 250_000
    assert stream.random() == random.Random(1).random()


def test_a_factor_multiplies_the_rate() -> None:
    assert gap(replace(RUSH, arrivals="even"), random.Random(1), 2.0) == 125_000


def test_poisson_arrivals_are_apart_by_the_inverse_of_the_rate_in_the_mean() -> None:
    stream = random.Random(1)
    gaps = [gap(RUSH, stream) for _ in range(20_000)]

    assert sum(gaps) / len(gaps) == pytest.approx(250_000, rel=0.02)


def test_a_scenario_knows_how_many_requests_to_expect() -> None:
    workspace = Workspace(Path.cwd())
    buy = Call("order.checkout", {})
    flow = (buy, Repeat(3, (buy, Think(Constant(seconds(1))), Repeat(2, (buy,)))))
    checkout = scenario_for(workspace, workspace.specs(), "checkout", {})

    assert replace(checkout, flows={"buy": flow}, load=(RUSH,)).requests == 4.0 * 5 * (1 + 3 * (1 + 2))
