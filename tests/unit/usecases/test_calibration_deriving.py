"""From measured times to a topology: what a visit takes in all, and where it goes."""

import dataclasses
from pathlib import Path

import pytest

from msa_lab.bootstrap import Workspace, topology_for
from msa_lab.sdk import Cost, ms
from msa_lab.sdk.distributions import Constant, Exponential
from msa_lab.topology import MachineSettings, Slowdowns, Stalls
from msa_lab.topology.loading import read_topology
from msa_lab.usecases.calibration.deriving import derived, untouched
from msa_lab.usecases.calibration.observing import Measured, Timed
from msa_lab.usecases.calibration.topologyfile import topology_text

# Ten visits of two requests: each makes one call of the cart and has one event handled.
SEEN = Measured(
    work={
        ("gateway", "gateway.request"): Timed([1_000] * 20),
        ("cart", "cart.add_item"): Timed([4_000] * 10, commits=10),
        ("notification", "order.confirmed"): Timed([6_000] * 10, commits=10),
    },
    trips={"cart.add_item": [1_700] * 10},
    client_trips=[2_000] * 20,
    commits=[1_500] * 10,
    lags=[3_000] * 10,
    requests=20,
)
EVENTS = frozenset({("notification", "order.confirmed")})


def test_a_call_costs_its_own_work_and_that_of_its_trip_less_the_transactions() -> None:
    found = derived(SEEN, requests=2, demand=0.020, events=EVENTS)

    # 4.0 ms of its own - 1.5 ms for the commit + 1.7 ms for the trip - 0.2 ms on the wire
    assert found.costs["cart", "cart.add_item"].cpu == Constant(ms(4))
    assert found.costs["gateway", "gateway.request"].cpu == Constant(ms(1))
    assert found.commit == Constant(ms(1.5))
    assert (found.hop, found.client_hop, found.broker_hop) == (
        Constant(ms(0.1)), Constant(ms(1)), Constant(ms(1.5)),
    )  # fmt: skip


def test_what_no_call_accounts_for_is_laid_upon_the_handling_of_events() -> None:
    found = derived(SEEN, requests=2, demand=0.020, events=EVENTS)

    # Calls take 2 * 1 ms + 4 ms of the 20 ms.
    assert found.demand == pytest.approx(0.020)
    assert found.seen == pytest.approx(0.006)
    assert found.costs["notification", "order.confirmed"].cpu == Constant(ms(14))


def test_calls_that_take_longer_than_there_is_cpu_wait_for_the_rest() -> None:
    found = derived(SEEN, requests=2, demand=0.002, events=EVENTS)

    # 2 ms a visit are a third of the 6 ms that its calls take.
    cost = found.costs["cart", "cart.add_item"]
    assert cost.cpu.mean == pytest.approx(1_333, abs=1)
    assert cost.wait is not None
    assert cost.wait.mean == pytest.approx(2_667, abs=1)


def test_nothing_is_derived_from_nothing() -> None:
    empty = dataclasses.replace(SEEN, work={}, requests=1)

    with pytest.raises(ValueError, match="too few visits"):
        derived(empty, requests=2, demand=1.0, events=EVENTS)


@pytest.mark.parametrize("name", ["textbook", "choreographed"])
def test_the_text_is_a_topology_with_patterns_as_played_and_costs_as_found(name: str) -> None:
    workspace = Workspace(Path(__file__).parents[3])
    specs = workspace.specs()
    settings = ["config.gateway.rate_limit=7", "services.cart.replicas=3", "broker.attempts=4"]
    played = topology_for(workspace, specs, name, settings)
    work = {**SEEN.work, ("psp", "psp.capture"): Timed([2_500] * 10, commits=10)}
    seen = dataclasses.replace(SEEN, work=work)
    found = derived(seen, requests=2, demand=0.021, events=EVENTS)
    text = topology_text(
        played, found, name="here", machine=MachineSettings(2), note='On "my" machine: 2 cores.'
    )
    made = read_topology(text, specs)

    assert (made.id, made.why) == ("here", 'On "my" machine: 2 cores.')
    assert made.patterns == played.patterns
    assert made.machines == {"host": MachineSettings(2)}
    assert {deployed.machine for deployed in made.deployments.values()} == {"host"}
    assert made.deployments["cart"].replicas == 3
    assert made.deployments["cart"].cost["cart.add_item"].cpu == Constant(ms(4))
    assert made.deployments["notification"].cost["order.confirmed"].cpu == Constant(ms(14))
    assert made.deployments["psp"].cost["psp.capture"] == Cost(Constant(ms(1)))  # its spec would wait as well
    assert (made.timing.commit, made.timing.commit_cpu) == (Constant(ms(0)), Constant(ms(1.5)))
    assert made.timing.reply_cpu is None
    assert made.broker == played.broker
    assert made.config == played.config


def test_samples_that_a_stall_made_longer_are_left_out() -> None:
    usual = [1_000 + 10 * number for number in range(100)]
    work = {("till", "till.ring"): Timed([*usual, 31_000, 45_000], commits=102)}
    measured = Measured(work, {"till.ring": [*usual, 9_000]}, [40_000, 900, 950], [], usual, 102)
    stalls = Stalls(Exponential(ms(70)), Exponential(ms(30)))
    slow = Slowdowns(Exponential(ms(900)), Exponential(ms(50)), 0.3)
    cleaned = untouched(measured, MachineSettings(2, stalls))

    timed = cleaned.work["till", "till.ring"]
    assert (list(timed.own), timed.commits) == (usual, 100)
    assert (cleaned.trips["till.ring"], cleaned.client_trips) == (usual, [900, 950])
    assert (cleaned.commits, cleaned.lags, cleaned.requests) == ([], usual, 102)
    assert untouched(measured, MachineSettings(2, slowdowns=slow)) == cleaned
    assert untouched(measured, MachineSettings(2)) is measured
