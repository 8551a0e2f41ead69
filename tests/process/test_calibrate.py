"""What a calibration reads off real processes."""

from pathlib import Path

from msa_lab.bootstrap import MeasuringStage, Wishes, Workspace, plan_for, scenario_for
from msa_lab.sdk import ms, seconds
from msa_lab.usecases.calibration.observing import KINDS, Observer
from msa_lab.usecases.calibration.regulars import regulars


def test_a_customer_who_comes_back_shows_how_long_every_part_takes() -> None:
    workspace = Workspace(Path(__file__).parents[2])
    specs = workspace.specs()
    plan = plan_for(workspace, specs, scenario_for(workspace, specs, "checkout", {}), Wishes(seed=1))
    stage = MeasuringStage(lambda _world, _what, _plan: lambda _now, _end: None, lambda: False)
    observer = Observer(0)

    used = stage.play("process", regulars(plan, 1, seconds(5), pause=ms(200)), {observer.feed: KINDS}, "test")

    measured = observer.measured()
    assert used.whole > 1  # seconds; starting eighteen processes alone takes as much
    assert {"order-1", "order-2", "psp-1", "broker", "cache"} <= used.processes.keys()
    assert min(used.processes.values()) > 0
    assert sum(used.processes.values()) < used.whole
    assert measured.requests >= 5
    assert {
        ("gateway", "gateway.request"), ("cart", "cart.add_item"), ("order", "order.checkout"),
        ("psp", "psp.capture"), ("shipping", "order.confirmed"),
    } <= measured.work.keys()  # fmt: skip
    assert measured.work["order", "order.checkout"].commits == len(
        measured.work["order", "order.checkout"].own
    )
    assert min(measured.work["order", "order.checkout"].own) > 100  # microseconds
    assert {"cart.freeze", "payment.capture", "gateway.request"} <= measured.trips.keys()
    assert all(trip > 0 for trip in measured.trips["gateway.request"])
    assert measured.committed["order"] > measured.requests
    assert measured.replies["gateway"]
    assert measured.commits
    assert measured.lags
