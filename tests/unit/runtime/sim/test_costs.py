"""What a topology says of costs is what work takes in the simulated world."""

from pathlib import Path

from msa_lab.bootstrap import Workspace, topology_for
from msa_lab.runtime.sim.shop import Shop
from msa_lab.sdk import Instant, ms
from msa_lab.sdk.distributions import Constant
from msa_lab.telemetry.log import EventLog


def test_costs_of_a_topology_take_the_place_of_the_specs_for_operations_and_events() -> None:
    workspace = Workspace(Path(__file__).parents[4])
    specs = workspace.specs()
    settings = ["services.cart.cost.cart.view.cpu=7ms", "services.cart.cost.order.confirmed.cpu=9ms"]
    topology = topology_for(workspace, specs, "textbook", settings)
    shop = Shop(specs, topology, EventLog(), seed=1, config={}, faults=(), end=Instant(1))
    cart = shop.deployed["cart"]
    usual = next(spec for spec in specs if spec.name == "cart")

    assert cart.operations["cart.view"].cpu == Constant(ms(7))
    assert cart.subscriptions["order.confirmed"].cost.cpu == Constant(ms(9))
    others = {
        part.type.name: part.cost for part in usual.subscriptions if part.type.name != "order.confirmed"
    }
    assert {name: part.cost for name, part in cart.subscriptions.items() if name in others} == others
