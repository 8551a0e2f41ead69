"""What CPU time a visit takes in which process."""

from pathlib import Path

import pytest

from msa_lab.bootstrap import Workspace, topology_for
from msa_lab.topology import Topology
from msa_lab.usecases.calibration.demand import Demand, Split, Usage, demand_of, paces


def topology(*settings: str) -> Topology:
    workspace = Workspace(Path(__file__).parents[3])
    return topology_for(workspace, workspace.specs(), "textbook", list(settings))


def test_a_visit_takes_what_a_busy_shop_used_more_than_an_idle_one() -> None:
    busy = Usage(21.0, {"cart-1": 3.0, "order-1": 2.5, "order-2": 3.5, "broker": 1.5})
    idle = Usage(6.0, {"cart-1": 1.0, "order-1": 0.5, "order-2": 0.5, "broker": 0.5})

    found = demand_of([busy], idle, 100.0, topology("services.order.replicas=2"))

    assert {group: own for group, own in found.groups.items() if own} == {
        "cart": pytest.approx(0.02), "order": pytest.approx(0.05),
    }  # fmt: skip
    assert found.rest == pytest.approx(0.08)  # the broker is no service
    assert found.whole == pytest.approx(0.15)
    assert found.times(2).whole == pytest.approx(0.3)


def test_all_plays_count() -> None:
    busy = [Usage(3.0, {"cart-1": 1.0}), Usage(4.0, {"cart-1": 2.0})]

    found = demand_of(busy, Usage(1.0, {"cart-1": 0.5}), 10.0, topology())

    assert found.groups["cart"] == pytest.approx(0.2)
    assert found.whole == pytest.approx(0.5)


def test_services_that_share_a_process_are_one_group() -> None:
    busy, idle = Usage(9.0, {"monolith": 6.0, "psp-1": 2.0}), Usage(1.0, {"monolith": 1.0})

    found = demand_of([busy], idle, 10.0, topology("patterns.placement=monolith"))

    assert found.groups["monolith"] == pytest.approx(0.5)
    assert found.groups["psp"] == pytest.approx(0.2)
    assert "cart" not in found.groups


def test_a_process_that_happened_to_use_less_than_when_idle_takes_nothing() -> None:
    busy, idle = Usage(9.0, {"user-1": 0.4, "cart-1": 3.0}), Usage(1.0, {"user-1": 0.5})

    assert demand_of([busy], idle, 10.0, topology()).groups["user"] == 0


def test_a_shop_that_nobody_keeps_busy_has_no_demand() -> None:
    with pytest.raises(ValueError, match="no more of the cores than an idle one"):
        demand_of([Usage(1.0)], Usage(1.0), 10.0, topology())
    with pytest.raises(ValueError, match="no more of the cores than an idle one"):
        demand_of([Usage(2.0)], Usage(1.0), 0.0, topology())


def test_calls_and_events_differ_in_how_much_of_their_time_is_work() -> None:
    walls = {"cart": Split(10.0, 0.0), "search": Split(0.0, 4.0), "shipping": Split(6.0, 2.0)}
    used = {"cart": 8.0, "search": 6.0, "shipping": 7.8}  # 0.8 a unit of calls, 1.5 one of events

    found = paces(walls, used)

    for group in walls:
        assert found[group].calls == pytest.approx(0.8)
        assert found[group].events == pytest.approx(1.5)


def test_each_group_takes_in_all_what_it_used() -> None:
    walls = {"cart": Split(10.0, 0.0), "search": Split(0.0, 4.0), "shipping": Split(6.0, 2.0)}
    used = {"cart": 6.0, "search": 7.0, "shipping": 3.0}

    found = paces(walls, used)

    for group, wall in walls.items():
        pace = found[group]
        assert pace.calls * wall.calls + pace.events * wall.events == pytest.approx(used[group])
    assert found["shipping"].events > found["shipping"].calls


@pytest.mark.parametrize(
    "walls",
    [
        {"monolith": Split(10.0, 5.0)},
        {"cart": Split(10.0, 5.0), "shipping": Split(20.0, 10.0)},
        {"cart": Split(10.0, 0.0)},
    ],
    ids=["one group", "all alike", "no events"],
)
def test_what_cannot_be_told_apart_has_one_share(walls: dict[str, Split]) -> None:
    used = {group: (wall.calls + wall.events) / 2 for group, wall in walls.items()}

    for pace in paces(walls, used).values():
        assert pace.calls == pytest.approx(0.5)
        assert pace.events == pytest.approx(0.5)


def test_work_that_nobody_used_cpu_for_takes_none() -> None:
    assert paces({"cart": Split(10.0, 0.0)}, {}) == {"cart": Split(0.0, 0.0)}
    assert Demand({}, 0.25).whole == 0.25
