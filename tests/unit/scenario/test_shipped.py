from __future__ import annotations

import functools
import pathlib

import pytest

from msa_lab.scenario import Judge, list_scenarios, load_scenario, vocabulary
from msa_lab.sdk.discovery import discover
from msa_lab.sdk.spec import ServiceSpec

SHIPPED = pathlib.Path(__file__).parents[3] / "scenarios"
CHECKOUTS = ("orchestrated", "choreographed")


@functools.cache
def shop() -> tuple[ServiceSpec, ...]:
    return discover()


@pytest.mark.parametrize("name", list_scenarios([SHIPPED]))
def test_a_shipped_scenario_has_no_mistakes_and_says_why_it_is_there(name: str) -> None:
    scenario = load_scenario(name, [SHIPPED], shop())

    assert scenario.id == name
    assert scenario.why
    assert scenario.profiles
    assert scenario.expect


@pytest.mark.parametrize("name", list_scenarios([SHIPPED]))
@pytest.mark.parametrize("checkout", CHECKOUTS)
def test_its_expectations_can_be_judged_in_both_kinds_of_checkout(name: str, checkout: str) -> None:
    scenario = load_scenario(name, [SHIPPED], shop())

    judge = Judge(scenario.expect, vocabulary(shop(), {"checkout": checkout}), steady=scenario.steady)

    assert len(judge.finish(0)) == len(scenario.expect)
