"""A shop whose costs are known is calibrated: the simulated world stands in for the real one."""

import dataclasses
import random
from pathlib import Path

import pytest

from msa_lab.bootstrap import MeasuringStage, Wishes, Workspace, plan_for, scenario_for
from msa_lab.errors import EnvironmentTrouble
from msa_lab.sdk import Cost, Duration, ms, seconds
from msa_lab.sdk.distributions import Constant, Exponential, LogNormal
from msa_lab.topology import MachineSettings, Stalls
from msa_lab.topology.loading import read_topology
from msa_lab.usecases.calibration.calibrate import calibrate
from msa_lab.usecases.calibration.demand import Usage
from msa_lab.usecases.calibration.deriving import Calibration
from msa_lab.usecases.calibration.stalling import Watched
from msa_lab.usecases.calibration.topologyfile import MACHINE, topology_text
from msa_lab.usecases.calibration.twin import Listeners, World
from msa_lab.usecases.ports import Plan

WORK = Cost(LogNormal(ms(1.5), 0.5))
HANDLING = Cost(LogNormal(ms(5), 0.5))


@pytest.fixture(scope="module")
def known() -> Plan:
    """A shop on two cores: operations take 1.5 ms, consumers 5 ms."""
    workspace = Workspace(Path(__file__).parents[3])
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    plan = plan_for(workspace, specs, scenario, Wishes(seed=1))
    costs = {(spec.name, part.operation.name): WORK for spec in plan.specs for part in spec.operations}
    costs |= {(spec.name, part.type.name): HANDLING for spec in plan.specs for part in spec.subscriptions}
    truth = Calibration(
        costs, Constant(Duration(0)), LogNormal(ms(1.2), 0.4), Constant(ms(0.1)), Constant(ms(1)),
        Constant(ms(1)), Constant(Duration(0)), 0.0, 0.0, reply=LogNormal(ms(0.3), 0.4),
    )  # fmt: skip
    text = topology_text(plan.topology, truth, name="truth", machine=MachineSettings(2), note="")
    return dataclasses.replace(plan, topology=read_topology(text, plan.topology.specs))


class Simulated:
    """Both worlds are simulated; the one that stands for the real shop never plays the same twice."""

    def __init__(self) -> None:
        self._stage = MeasuringStage(lambda _world, _what, _plan: lambda _now, _end: None, lambda: False)
        self._plays = 0

    def play(self, world: World, plan: Plan, listeners: Listeners, what: str) -> Usage:
        if world == "process":
            self._plays += 1
            plan = dataclasses.replace(plan, seed=100 + self._plays)
        return self._stage.play("sim", plan, listeners, what)


def test_the_calibrated_shop_is_as_fast_as_the_one_measured(known: Plan) -> None:
    done = calibrate(known, Simulated(), name="here", cores=2, note="", length=seconds(40))

    assert done.simulated_capacity == pytest.approx(done.capacity, rel=0.1)
    # Twenty-four operations and eight handled events: 24 * 1.7 + 8 * 5.7 ms; commits and replies: 45 ms more.
    assert done.cpu.whole == pytest.approx(0.13, rel=0.05)
    assert done.cpu.rest == pytest.approx(0, abs=1e-9)
    assert done.quiet == pytest.approx(done.cpu.whole, rel=0.1)
    assert done.found.demand == pytest.approx(done.cpu.whole, rel=0.1)
    assert done.found.calls == pytest.approx(0.06, rel=0.15)
    assert done.found.reply is not None
    assert done.found.reply.mean == pytest.approx(325, rel=0.3)
    sagas = [row for rows in done.levels.values() for row in rows if row.what == "saga checkout"]
    assert [round(row.share, 2) for row in sagas] == [0.5, 0.95] * 3
    assert {share: [round(row.gap, 2) for row in rows[:2]] for share, rows in done.levels.items()} == {
        share: [pytest.approx(0, abs=0.25)] * 2 for share in (0.2, 0.5, 0.8)
    }
    assert done.within_aim
    assert done.apart > 0.02  # that is chance alone, and more in a real shop
    assert {len(row.plays) for row in sagas} == {3}
    assert done.met == {share: pytest.approx(share, abs=0.03) for share in (0.2, 0.5, 0.8)}


def test_cores_that_stand_still_are_part_of_what_is_measured(known: Plan) -> None:
    truth = Stalls(Exponential(ms(70)), Exponential(ms(30)))
    machines = {MACHINE: MachineSettings(2, truth)}
    plan = dataclasses.replace(known, topology=dataclasses.replace(known.topology, machines=machines))
    dice = random.Random(3)
    lengths = [truth.length.sample(dice) for _ in range(2_000)]
    watched = Watched(2_000 * ms(70) + sum(lengths), lengths)

    done = calibrate(
        plan,
        Simulated(),
        name="here",
        cores=2,
        note="",
        length=seconds(40),
        watched=lambda: watched,
    )

    stalls = done.topology.machines[MACHINE].stalls
    assert stalls is not None
    assert stalls.share == pytest.approx(0.3, abs=0.02)
    # What the cores lost is not taken for work.
    assert done.cpu.whole == pytest.approx(0.13, rel=0.05)
    assert done.found.demand == pytest.approx(done.cpu.whole, rel=0.1)
    assert done.found.calls == pytest.approx(0.06, rel=0.2)
    # With stalls the shop bears eight visits a second; tails of sixty sagas are chance, medians are not.
    medians = {share: round(rows[0].gap, 2) for share, rows in done.levels.items() if share < 0.8}
    assert medians == {share: pytest.approx(0, abs=0.25) for share in (0.2, 0.5)}


def test_what_a_level_was_is_told_when_the_machine_grows_faster_meanwhile(known: Plan) -> None:
    class Faster(Simulated):
        """Has three cores, not two, when the capacity is measured again."""

        def play(self, world: World, plan: Plan, listeners: Listeners, what: str) -> Usage:
            if world == "process" and what.endswith("again"):
                machines = {MACHINE: MachineSettings(3)}
                plan = dataclasses.replace(
                    plan, topology=dataclasses.replace(plan.topology, machines=machines)
                )
            return super().play(world, plan, listeners, what)

    done = calibrate(known, Faster(), name="here", cores=2, note="", length=seconds(10))

    assert done.met == {
        0.2: pytest.approx(0.2),
        0.5: pytest.approx(0.5),
        0.8: pytest.approx(0.67, abs=0.04),  # between two and three cores' capacity, with eight customers
    }


def test_a_shop_that_serves_nobody_cannot_be_calibrated(known: Plan) -> None:
    class Idle:
        def play(self, _world: World, _plan: Plan, _listeners: Listeners, _what: str) -> Usage:
            return Usage(1.0)

    with pytest.raises(EnvironmentTrouble, match="no customer was served in time"):
        calibrate(known, Idle(), name="here", cores=2, note="", length=seconds(5))
