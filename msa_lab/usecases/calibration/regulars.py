"""Load by regular customers: a fixed number of shoppers who come back and back, with or without a pause.

Without pauses they are a closed loop that drives the shop to its capacity; with long pauses Z their number N
sets the rate: X = N / (R + Z), the interactive response time law (Denning and Buzen, 1978).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from msa_lab.errors import UserMistake
from msa_lab.scenario.model import NO_CHAOS, Call, Phase, Repeat, Step, Think
from msa_lab.sdk.distributions import Uniform
from msa_lab.sdk.values import Duration, Instant, seconds
from msa_lab.usecases.ports import Plan

FLOW = "regulars"
ENDLESS = 1_000_000
"""So many visits nobody makes before a run is over."""

_SHOPPER = "${shopper}"


def regulars(plan: Plan, shoppers: int, length: Duration, *, pause: Duration = Duration(0)) -> Plan:
    """Give a plan in which so many shoppers repeat the journey of the scenario's first phase until the end.

    Steps that name the shopper (registering, logging in) are taken once, those after them again and again.
    Think times are left out; `pause`, half as long to half as long again, stands before each visit: those of
    many meet as chance will have it, but so many visits come in a time as should. All arrive within the
    first second, or within the first `pause` if that is longer. Chaos and expectations are left out, and what
    is `given` does not run out: a shop that has nothing left is fast with its refusals.

    Raises:
        UserMistake: when the scenario has no load or its journey nothing to repeat.
    """
    scenario = plan.scenario
    if not scenario.load:
        raise UserMistake(f"{scenario.id} has no load to measure with")
    once, again = _parted(scenario.flows[scenario.load[0].flow])
    if not any(isinstance(step, Call) for step in again):
        raise UserMistake(f"{scenario.id}: its first flow has no call that a shopper can repeat")
    visit = (Think(Uniform(Duration(pause // 2), Duration(pause * 3 // 2))), *again) if pause else again
    arriving = max(seconds(1), pause)
    phase = Phase(FLOW, FLOW, (shoppers + 0.5) * 1_000_000 / arriving, arriving, Instant(0), arrivals="even")
    busy = dataclasses.replace(
        scenario,
        given=_plenty(plan),
        flows={FLOW: (*once, Repeat(ENDLESS, visit))},
        load=(phase,),
        duration=length,
        settle=Duration(0),
        steady=None,
        expect=(),
        profiles={},
        chaos_default=NO_CHAOS,
    )
    return dataclasses.replace(plan, scenario=busy, profile=NO_CHAOS, faults=())


def _plenty(plan: Plan) -> dict[str, Any]:
    unending = {
        fixture.name: fixture.plenty for spec in plan.specs for fixture in spec.fixtures if fixture.plenty
    }
    return {
        name: unending[name](value) if name in unending else value
        for name, value in plan.scenario.given.items()
    }


def _parted(steps: Sequence[Step]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Part a journey after the last step that names the shopper; leave out think times."""
    kept = [step for step in steps if not isinstance(step, Think)]
    own = [
        number
        for number, step in enumerate(kept)
        if isinstance(step, Call) and _SHOPPER in repr(step.arguments)
    ]
    cut = own[-1] + 1 if own else 0
    return tuple(kept[:cut]), tuple(kept[cut:])
