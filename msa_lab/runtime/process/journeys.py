"""What Locust must know of a load: flows, gateways, the shop's log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msa_lab.scenario.model import Scenario, Step
from msa_lab.sdk.contract import Operation

JOURNEYS = "MSALAB_JOURNEYS"
"""The variable of the environment that names the file with the journeys."""

PATIENCE = 10.0
"""How many seconds a shopper waits for one answer."""


@dataclass(frozen=True, slots=True)
class Journeys:
    """The flows with their weights and what their steps need. `began` keeps the shoppers of loads apart."""

    urls: tuple[str, ...]
    door: Operation[Any, Any]
    flows: Mapping[str, tuple[int, tuple[Step, ...]]]
    variables: Mapping[str, Any]
    seed: int
    log: Path
    began: int


def weighted(scenario: Scenario) -> dict[str, int]:
    """Give the flows that the scenario's shoppers take, by how many take each, in whole percent."""
    visits: dict[str, float] = {}
    for phase in scenario.load:
        visits[phase.flow] = visits.get(phase.flow, 0.0) + phase.rate * phase.duration
    total = sum(visits.values())
    return {name: max(1, round(100 * count / total)) for name, count in visits.items()} if total else {}
