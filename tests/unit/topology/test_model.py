from __future__ import annotations

from collections.abc import Callable

import pytest

from msa_lab.sdk import CallPolicy, ServiceSpec, ms
from msa_lab.topology import Topology

Load = Callable[[str], Topology]


@pytest.mark.parametrize(
    ("source", "target", "mean"),
    [("till", "bank", 1_000), ("till", "shelf", 2_000), ("diary", "bank", 3_000), ("diary", "shelf", 400)],
)
def test_the_most_exact_link_sets_the_latency(load: Load, source: str, target: str, mean: float) -> None:
    topology = load(
        'links: [{link: "* -> bank", latency: 3ms}, {link: "till -> *", latency: 2ms},'
        " {link: till -> bank, latency: 1ms}]\n"
    )
    assert topology.latency(source, target).mean == mean


def test_the_policy_is_the_files_then_the_specs_then_the_default(
    load: Load, specs: tuple[ServiceSpec, ...]
) -> None:
    topology = load("resilience: {till -> shelf: {timeout: 9ms}}\n")
    till = specs[0]
    assert topology.policy(till, "shelf").timeout == ms(9)
    assert topology.policy(till, "bank").timeout == ms(700)
    assert topology.policy(till, "diary") == CallPolicy()


def test_a_monolith_holds_all_but_the_outside_parties(load: Load) -> None:
    topology = load("patterns: {placement: monolith}\n")
    assert [topology.process_of(name) for name in ("till", "diary", "bank")] == [
        "monolith",
        "monolith",
        "bank",
    ]
    assert load("").process_of("till") == "till"
