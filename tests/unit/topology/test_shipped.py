from __future__ import annotations

import pathlib

import pytest

from msa_lab.sdk import ServiceSpec
from msa_lab.source import read_file
from msa_lab.topology import PATTERNS, load_topology

FOLDER = pathlib.Path(__file__).parents[3] / "topologies"
SWITCHES = {
    "textbook": {},
    "choreographed": {"checkout": "choreographed"},
    "monolith": {"placement": "monolith"},
    "no-idempotency": {"idempotency": "off"},
    "no-outbox": {"outbox": "off"},
    "no-inbox": {"inbox": "off"},
    "check-then-act": {"stock": "check-then-act"},
    "shared-database": {"database": "shared"},
    "no-retry": {"retry": "off"},
    "no-breaker": {"breaker": "off"},
}
# The files name services; any with those names will do here.
SPECS = tuple(ServiceSpec(name, "") for name in ("gateway", "order", "payment", "inventory", "cart"))


@pytest.mark.parametrize("name", SWITCHES)
def test_each_differs_from_the_textbook_by_one_switch(name: str) -> None:
    topology = load_topology(name, [FOLDER], SPECS)
    textbook = load_topology("textbook", [FOLDER], SPECS)
    switched = {key: value for key, value in topology.patterns.items() if value != PATTERNS[key].default}
    assert switched == SWITCHES[name]
    assert topology.id == name
    assert topology.why
    assert (topology.deployments, topology.timing) == (textbook.deployments, textbook.timing)


def test_the_textbook_doubles_what_a_checkout_waits_for() -> None:
    deployments = load_topology("textbook", [FOLDER], SPECS).deployments
    assert {name: deployment.replicas for name, deployment in deployments.items()} == {
        "gateway": 2, "order": 2, "payment": 2, "inventory": 2, "cart": 1,
    }  # fmt: skip


def test_the_textbook_says_all_patterns_and_times_aloud() -> None:
    data = read_file(FOLDER / "textbook.yaml").data
    assert data["patterns"] == {name: pattern.default for name, pattern in PATTERNS.items()}
    assert data["timing"] == {
        "commit": "lognormal(1ms, 0.4)",
        "hop": "uniform(0.2ms, 0.6ms)",
        "client_hop": "uniform(2ms, 8ms)",
        "broker_hop": "uniform(0.3ms, 1ms)",
        "cache": "uniform(0.1ms, 0.3ms)",
    }


def test_every_shipped_file_is_tested_here() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(SWITCHES)
