"""Scenarios: files, expectations, judging, playing."""

from msa_lab.scenario.findings import Finding, Outcome, Verdict, Violation, outcome
from msa_lab.scenario.form import scenario_schema
from msa_lab.scenario.judge import Judge
from msa_lab.scenario.load import gap
from msa_lab.scenario.loading import list_scenarios, load_scenario
from msa_lab.scenario.model import NO_CHAOS, Expectation, Phase, Scenario, SteadyState
from msa_lab.scenario.player import Shopper, shop
from msa_lab.scenario.scopes import event_filter
from msa_lab.scenario.vocabulary import Vocabulary, vocabulary

__all__ = [
    "NO_CHAOS",
    "Expectation",
    "Finding",
    "Judge",
    "Outcome",
    "Phase",
    "Scenario",
    "Shopper",
    "SteadyState",
    "Verdict",
    "Violation",
    "Vocabulary",
    "event_filter",
    "gap",
    "list_scenarios",
    "load_scenario",
    "outcome",
    "scenario_schema",
    "shop",
    "vocabulary",
]
