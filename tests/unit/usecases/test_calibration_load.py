"""Regular customers, and how fast they are served."""

import dataclasses
from pathlib import Path

import pytest

from msa_lab.bootstrap import MeasuringStage, Wishes, Workspace, plan_for, scenario_for
from msa_lab.errors import UserMistake
from msa_lab.scenario.model import Await, Call, Repeat, Think
from msa_lab.sdk import Duration, Instant, ms, seconds
from msa_lab.sdk.distributions import Uniform
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.calibration.regulars import FLOW, regulars
from msa_lab.usecases.calibration.speed import KINDS, Speed, compared
from msa_lab.usecases.ports import Plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    workspace = Workspace(Path(__file__).parents[3])
    specs = workspace.specs()
    return plan_for(
        workspace, specs, scenario_for(workspace, specs, "checkout", {}), Wishes(seed=1, chaos=True)
    )


def test_what_names_the_shopper_is_done_once_and_the_rest_again_and_again(plan: Plan) -> None:
    busy = regulars(plan, 5, seconds(10), pause=seconds(2))
    once, again = busy.scenario.flows[FLOW][:-1], busy.scenario.flows[FLOW][-1]

    assert [step.operation for step in once if isinstance(step, Call)] == ["user.register", "user.login"]
    assert isinstance(again, Repeat)
    assert [step.operation for step in again.steps if isinstance(step, Call)] == [
        "product.page", "cart.add_item", "order.checkout",
    ]  # fmt: skip
    assert isinstance(again.steps[-1], Await)
    assert [step.time for step in again.steps if isinstance(step, Think)] == [Uniform(seconds(1), seconds(3))]


def test_nothing_but_the_load_is_played(plan: Plan) -> None:
    busy = regulars(plan, 5, seconds(10))

    assert plan.faults
    assert (busy.faults, busy.profile, busy.scenario.expect) == ((), "none", ())
    assert (busy.scenario.duration, busy.scenario.settle) == (seconds(10), 0)


def test_what_is_given_does_not_run_out(plan: Plan) -> None:
    given = regulars(plan, 5, seconds(10)).scenario.given

    assert given["products"] == plan.scenario.given["products"]
    assert set(given["stock"].values()) == {1_000_000}
    assert [(coupon.code, coupon.percent, coupon.max_uses) for coupon in given["coupons"]] == [
        ("TEA10", 10, None)
    ]


def test_so_many_customers_come_and_go_on(plan: Plan) -> None:
    events: list[LogEvent] = []
    speed = Speed(seconds(2), seconds(6))
    stage = MeasuringStage(lambda _world, _what, _plan: lambda _now, _end: None, lambda: False)
    busy = regulars(plan, 5, seconds(6), pause=seconds(1))
    stage.play("sim", busy, {events.append: ("shopper.started",), speed.feed: KINDS}, "test")

    assert len(events) == 5
    # Five customers who stay away for a second and take a fifth of one: some four visits a second.
    assert 12 <= len(speed.took["saga checkout"]) <= 22
    assert speed.failed == 0


def test_a_scenario_without_load_or_calls_cannot_be_measured(plan: Plan) -> None:
    def changed(**fields: object) -> Plan:
        return dataclasses.replace(plan, scenario=dataclasses.replace(plan.scenario, **fields))  # type: ignore[arg-type] # fields by name

    with pytest.raises(UserMistake, match="has no load to measure with"):
        regulars(changed(load=()), 1, seconds(5))
    registering = {"buy-one": plan.scenario.flows["buy-one"][:2]}
    with pytest.raises(UserMistake, match="no call that a shopper can repeat"):
        regulars(changed(flows=registering), 1, seconds(5))


def request(t: int, took: int, outcome: str = "ok") -> LogEvent:
    detail = {"operation": "order.checkout", "took": took, "outcome": outcome}
    return LogEvent(1, t, "shopper.request", detail=detail)


def saga(t: int, took: int, kind: str = "saga.completed") -> LogEvent:
    return LogEvent(1, t, kind, detail={"name": "checkout", "took": took})


def test_speed_counts_what_ended_in_its_time() -> None:
    speed = Speed(Instant(1_000_000), Instant(3_000_000))
    for event in (
        request(999_999, 5),
        request(1_000_000, 10),
        request(2_000_000, 20, "Timeout"),
        saga(2_500_000, 70),
    ):
        speed.feed(event)
    speed.feed(saga(2_600_000, 90, "saga.compensated"))
    speed.feed(request(3_000_000, 30))

    assert speed.took == {"request order.checkout": [10, 20], "saga checkout": [70, 90]}
    assert speed.failed == 2
    assert speed.rate(requests=2) == 0.5


def test_worlds_are_compared_by_quantiles_sagas_first() -> None:
    real, simulated = (Speed(Instant(0), Instant(10)) for _ in range(2))
    for speed, factor in ((real, 10), (simulated, 12)):
        for t in range(1, 6):
            speed.feed(request(t, t * factor))
            speed.feed(saga(t, t * factor * 10))
    real.feed(saga(5, Duration(50), "saga.compensated"))
    rows = compared([real], [simulated], (0.5,))

    assert [(row.what, row.share, row.samples) for row in rows] == [
        ("saga checkout", 0.5, (6, 5)),
        ("request order.checkout", 0.5, (5, 5)),
    ]
    assert (rows[1].real, rows[1].simulated) == (30, 36)
    assert rows[1].gap == pytest.approx(0.2)
    assert ms(0.03) == rows[1].real
    assert rows[1].apart == 0


def test_of_several_plays_the_one_in_the_middle_counts_and_it_is_told_how_far_they_are_apart() -> None:
    first, second, disturbed, simulated = (Speed(Instant(0), Instant(10)) for _ in range(4))
    for t in range(1, 6):
        first.feed(request(t, 10))
        second.feed(request(t, 15))
        disturbed.feed(request(t, 40))
        simulated.feed(request(t, 12))
    second.feed(request(6, 15))
    (row,) = compared([first, second, disturbed], [simulated], (0.5,))

    assert (row.real, row.plays, row.samples) == (15, (10, 15, 40), (16, 5))
    assert row.gap == pytest.approx(-0.2)
    assert row.apart == pytest.approx(0.5)
