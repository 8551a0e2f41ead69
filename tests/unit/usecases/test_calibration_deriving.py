"""From measured times to a topology: what a visit takes in all, and where it goes."""

import dataclasses
from pathlib import Path

import pytest

from msa_lab.bootstrap import Workspace, topology_for
from msa_lab.sdk import Cost, ms
from msa_lab.sdk.distributions import Constant, Exponential
from msa_lab.topology import MachineSettings, Slowdowns, Stalls
from msa_lab.topology.loading import read_topology
from msa_lab.usecases.calibration.demand import Demand
from msa_lab.usecases.calibration.deriving import COMMIT, LAG, Basis, derived, lacking, untouched
from msa_lab.usecases.calibration.observing import Measured, Timed
from msa_lab.usecases.calibration.topologyfile import topology_text

# Ten visits of two requests: each makes one call of the cart and has one event handled.
SEEN = Measured(
    work={
        ("gateway", "gateway.request"): Timed([1_000] * 20),
        ("cart", "cart.add_item"): Timed([4_000] * 10, commits=10),
        ("notification", "order.confirmed"): Timed([6_000] * 10, commits=10),
    },
    trips={"cart.add_item": [1_700] * 10, "gateway.request": [2_000] * 20},
    commits=[1_500] * 10,
    lags=[3_000] * 10,
    requests=20,
)
BASIS = Basis(SEEN, 2, frozenset({("notification", "order.confirmed")}), {})
# As long as the clock says: 2 * (1.0 + 2.0 - 0.2), 4.0 + 1.7 - 0.2 and 6.0 ms.
WORK = Demand({"gateway": 0.0056, "cart": 0.0055, "notification": 0.006}, 0.0)


def test_a_call_costs_its_own_work_and_that_of_its_trip_less_the_transactions() -> None:
    found = derived(BASIS, WORK, {})

    # 5.5 ms of its own and of the trip - 1.5 ms for the commit
    assert found.costs["cart", "cart.add_item"] == Cost(Constant(ms(4)))
    assert found.costs["gateway", "gateway.request"] == Cost(Constant(ms(2.8)))
    assert found.costs["notification", "order.confirmed"] == Cost(Constant(ms(4.5)))
    assert (found.commit, found.commit_cpu) == (Constant(ms(0)), Constant(ms(1.5)))
    assert (found.hop, found.client_hop, found.broker_hop) == (Constant(ms(0.1)),) * 3
    assert found.demand == pytest.approx(0.0171)
    assert found.calls == pytest.approx(0.0111)


def test_what_belongs_to_no_service_is_laid_upon_the_handling_of_events() -> None:
    with_more = Demand({**WORK.groups, "user": 0.001}, 0.003)  # nobody was seen at work there

    assert derived(BASIS, with_more, {}).costs["notification", "order.confirmed"].cpu == Constant(ms(8.5))


def test_a_process_that_used_less_cpu_than_its_work_took_waited() -> None:
    half = Demand({group: own / 2 for group, own in WORK.groups.items()}, 0.0)
    found = derived(BASIS, half, {("cart", "cart.add_item"): 2_750.0, COMMIT: 700.0, LAG: 2_800.0})

    assert found.costs["cart", "cart.add_item"] == Cost(Constant(ms(2)), Constant(ms(2.75)))
    assert found.costs["gateway", "gateway.request"] == Cost(Constant(ms(1.4)))
    assert (found.commit, found.commit_cpu) == (Constant(ms(0.7)), Constant(ms(0.75)))
    assert found.broker_hop == Constant(ms(1.5))


def test_the_processes_of_one_service_are_dear_where_those_of_another_are_not() -> None:
    dear = Demand({**WORK.groups, "cart": 0.011}, 0.0)
    found = derived(BASIS, dear, {})

    whole = found.costs["cart", "cart.add_item"].cpu.mean + found.commit_cpu.mean
    assert whole == pytest.approx(11_000, abs=2)


def test_services_in_one_process_share_what_it_used() -> None:
    together = Basis(SEEN, 2, BASIS.events, dict.fromkeys(("gateway", "cart", "notification"), "monolith"))
    found = derived(together, Demand({"monolith": 0.0171}, 0.0), {})

    assert found.costs == derived(BASIS, WORK, {}).costs


def test_what_was_faster_in_the_simulated_shop_waits_for_the_difference() -> None:
    same = Measured(
        {**SEEN.work, ("cart", "cart.add_item"): Timed([3_000] * 10, commits=10)},
        {**SEEN.trips, "cart.add_item": [1_200] * 10, "gateway.request": [2_600] * 20},
        commits=[1_100] * 10,
        lags=[3_500] * 10,
        requests=20,
    )
    waits = lacking(BASIS, same, {("gateway", "gateway.request"): 400.0, COMMIT: 100.0, LAG: 600.0})

    # A request took 0.6 ms too long, of which 0.4 was waiting; it waits no less than not at all.
    assert waits == {
        ("cart", "cart.add_item"): 1_500,
        ("gateway", "gateway.request"): 0,
        COMMIT: 500,
        LAG: 100,
    }


def test_nothing_is_derived_from_nothing() -> None:
    empty = dataclasses.replace(SEEN, work={}, requests=1)

    with pytest.raises(ValueError, match="too few visits"):
        derived(dataclasses.replace(BASIS, measured=empty), WORK, {})


@pytest.mark.parametrize("name", ["textbook", "choreographed"])
def test_the_text_is_a_topology_with_patterns_as_played_and_costs_as_found(name: str) -> None:
    workspace = Workspace(Path(__file__).parents[3])
    specs = workspace.specs()
    settings = ["config.gateway.rate_limit=7", "services.cart.replicas=3", "broker.attempts=4"]
    played = topology_for(workspace, specs, name, settings)
    work = {**SEEN.work, ("psp", "psp.capture"): Timed([2_500] * 10, commits=10)}
    seen = dataclasses.replace(SEEN, work=work)
    demand = Demand({**WORK.groups, "psp": 0.0025}, 0.0)
    found = derived(dataclasses.replace(BASIS, measured=seen), demand, {COMMIT: 400.0})
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
    assert made.deployments["notification"].cost["order.confirmed"].cpu == Constant(ms(4.5))
    assert made.deployments["psp"].cost["psp.capture"] == Cost(Constant(ms(1)))  # its spec would wait as well
    assert (made.timing.commit, made.timing.commit_cpu) == (Constant(ms(0.4)), Constant(ms(1.5)))
    assert made.timing.reply_cpu is None
    assert made.broker == played.broker
    assert made.config == played.config


def test_samples_that_a_stall_made_longer_are_left_out() -> None:
    usual = [1_000 + 10 * number for number in range(100)]
    work = {("till", "till.ring"): Timed([*usual, 31_000, 45_000], commits=102)}
    measured = Measured(
        work, {"till.ring": [*usual, 9_000]}, [], usual, 102, {"till": [40_000, 900, 950]}, {"till": 102}
    )
    stalls = Stalls(Exponential(ms(70)), Exponential(ms(30)))
    slow = Slowdowns(Exponential(ms(900)), Exponential(ms(50)), 0.3)
    cleaned = untouched(measured, MachineSettings(2, stalls))

    timed = cleaned.work["till", "till.ring"]
    assert (list(timed.own), timed.commits) == (usual, 100)
    assert (cleaned.trips["till.ring"], cleaned.replies) == (usual, {"till": [900, 950]})
    assert (cleaned.commits, cleaned.lags, cleaned.requests, cleaned.committed) == (
        [],
        usual,
        102,
        {"till": 102},
    )
    assert untouched(measured, MachineSettings(2, slowdowns=slow)) == cleaned
    assert untouched(measured, MachineSettings(2)) is measured
