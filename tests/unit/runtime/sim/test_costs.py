"""What a topology says of costs is what work takes in the simulated world."""

from pathlib import Path

from msa_lab.bootstrap import MeasuringStage, Wishes, Workspace, plan_for, scenario_for, topology_for
from msa_lab.runtime.sim.shop import Shop
from msa_lab.sdk import Instant, ms, seconds
from msa_lab.sdk.distributions import Constant
from msa_lab.telemetry.log import EventLog
from msa_lab.usecases.calibration.regulars import regulars
from msa_lab.usecases.calibration.speed import KINDS, Speed


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


def test_commits_and_replies_may_be_work_of_whoever_makes_or_takes_them() -> None:
    """A checkout of one customer alone: its saga makes six calls, and more transactions than that."""
    workspace = Workspace(Path(__file__).parents[4])
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    stage = MeasuringStage(lambda _world, _what, _plan: lambda _now, _end: None, lambda: False)

    def took(*settings: str) -> float:
        plan = plan_for(workspace, specs, scenario, Wishes(seed=1, settings=settings))
        speed = Speed(0, seconds(8))
        stage.play("sim", regulars(plan, 1, seconds(8), pause=ms(500)), {speed.feed: KINDS}, "test")
        sagas = speed.took["saga checkout"]
        return sum(sagas) / len(sagas)

    usual = took()
    assert took("timing.commit_cpu=5ms") > usual + 6 * ms(5)
    assert took("timing.reply_cpu=5ms") > usual + 6 * ms(5)
    assert took("timing.commit_cpu=null", "timing.reply_cpu=null") == usual
