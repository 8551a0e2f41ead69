"""What changes by hand make of a command line: faults that came, and planned ones that did not."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from msa_lab.chaos import names_of, write_fault
from msa_lab.cli.orders import Script
from msa_lab.cli.wanted import Wanted
from msa_lab.usecases.ports import ByHand, Plan


def script_of(plan: Plan) -> Script:
    """Give what must be known of a plan to change it."""
    replicas = {name: deployed.replicas for name, deployed in plan.topology.deployments.items()}
    return Script(
        names_of(plan.specs, flows=plan.scenario.flows, replicas=replicas),
        {fault.id: write_fault(fault) for fault in plan.faults},
        tuple(fault.id for fault in plan.scenario.faults(plan.profile)),
        dict(plan.topology.patterns),
    )


def changed(wanted: Wanted, script: Script, add: Sequence[str], drop: Sequence[str]) -> Wanted:
    """Ask for the same with some faults more, as lines, and without some ids."""
    by_hand = {
        name: line
        for name, line in script.faults.items()
        if name not in script.profiled or name in wanted.without
    }
    without = {*wanted.without, *(name for name in drop if name in script.profiled)}
    lines = [line for name, line in by_hand.items() if name not in drop]
    return dataclasses.replace(
        wanted,
        without=tuple(name for name in script.profiled if name in without),
        faults=(*lines, *add),
    )


def as_played(wanted: Wanted, plan: Plan, by_hand: ByHand) -> Wanted:
    """Ask for the run as it was played in the end, with what hands did to it at their times."""
    if by_hand == ByHand():
        return wanted
    added = [write_fault(fault) for fault in by_hand.added]
    return changed(wanted, script_of(plan), added, by_hand.dropped)
