"""The page of a calibration."""

import dataclasses
from pathlib import Path

import pytest

from msa_lab.bootstrap import Workspace, topology_for
from msa_lab.cli.calibrationpage import page
from msa_lab.cli.terminal import Terminal
from msa_lab.sdk import Duration, ms, seconds
from msa_lab.sdk.distributions import Constant, Exponential
from msa_lab.topology import MachineSettings, Slowdowns, Stalls
from msa_lab.usecases.calibration.calibrate import Calibrated
from msa_lab.usecases.calibration.demand import Demand
from msa_lab.usecases.calibration.deriving import Calibration
from msa_lab.usecases.calibration.speed import Compared
from msa_lab.usecases.calibration.stalling import Watched

NOTHING = Constant(Duration(0))
FOUND = Calibration({}, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, demand=0.08, calls=0.02)


def calibrated(capacity: float, simulated: float, second: float = 42_000.0) -> Calibrated:
    """A result whose one saga took 40 ms in the real shop, 40 ms in one play and `second` in the other."""
    workspace = Workspace(Path(__file__).parents[3])
    topology = topology_for(workspace, workspace.specs(), "textbook", ["machines.host=2"])
    rows = (Compared("saga checkout", 0.95, 40_000.0, simulated, (60, 58), (40_000.0, second)),)
    cpu = Demand({"cart": 0.05}, 0.02)
    return Calibrated(topology, FOUND, cpu, 0.09, capacity, 24.5, {0.2: rows}, {0.2: 0.204})


def test_both_worlds_stand_side_by_side() -> None:
    lines = page(calibrated(24.0, 44_000.0), Path("here.yaml"), Terminal()).splitlines()

    assert lines == [
        "                    process    sim",
        "capacity, visits/s    24.00  24.50",
        "",
        "load  what                process      sim    gap  own  samples",
        "20%   saga checkout  p95  40.0 ms  44.0 ms  +10 %  5 %  60, 58",
        "",
        "✓ all sagas are within 25 % of the real ones",
        "  a visit took 70 ms of CPU, 90 in a quiet shop; a simulated one takes 80",
        "  written  here.yaml",
        "  play it  msalab scenario checkout --topology here.yaml",
    ]


def test_what_is_too_far_off_is_told() -> None:
    text = page(calibrated(24.0, 51_000.0), Path("here.yaml"), Terminal())

    assert "▲ not all sagas are within 25 % of the real ones" in text
    assert "used only" not in text


def test_a_shop_that_was_not_alone_is_told() -> None:
    done = calibrated(10.0, 44_000.0)

    assert done.used == pytest.approx(0.35)
    assert "at its capacity the shop used only 35 % of the cores" in page(done, Path("x"), Terminal())
    assert dataclasses.replace(done, capacity=20.0).used == pytest.approx(0.7)


def test_a_real_shop_that_differs_from_itself_is_told() -> None:
    text = page(calibrated(24.0, 44_000.0, second=60_000.0), Path("x"), Terminal())

    assert "▲ plays of the real shop at one load were up to 50 % apart themselves" in text
    assert "kept back" not in text


def test_a_host_that_keeps_back_the_cores_is_told() -> None:
    text = page(calibrated(24.0, 44_000.0), Path("x"), Terminal(), stolen=0.22)

    assert "▲ the host of this virtual machine kept back 22 % of the cores' time" in text
    assert "for want of a right to watch them" in " ".join(text.split())


@pytest.mark.parametrize(
    ("length", "told"), [(30, "stand still for 30 % of all time"), (0, "are always there")]
)
def test_whether_the_simulated_cores_stand_still_too_is_told(length: int, told: str) -> None:
    done = calibrated(24.0, 44_000.0)
    stalls = Stalls(Exponential(ms(70)), Exponential(ms(length))) if length else None
    machines = {"host": MachineSettings(2, stalls)}
    topology = dataclasses.replace(done.topology, machines=machines)
    done = dataclasses.replace(done, topology=topology, watched=Watched(seconds(60)))
    text = " ".join(page(done, Path("x"), Terminal(), stolen=0.22).split())

    assert f"while they were wanted; the simulated ones {told}" in text
    assert "for want" not in text


def test_whether_the_cores_were_slow_is_told() -> None:
    done = calibrated(24.0, 44_000.0)
    machines = {
        "host": MachineSettings(2, slowdowns=Slowdowns(Exponential(ms(900)), Exponential(ms(100)), 0.25))
    }
    done = dataclasses.replace(done, topology=dataclasses.replace(done.topology, machines=machines))
    text = " ".join(page(done, Path("x"), Terminal(), stolen=0.0).split())

    assert (
        "slow now and then; the simulated ones work at 25 % of their pace for 10 % of all time, too" in text
    )


def test_a_shop_that_refused_is_told() -> None:
    done = dataclasses.replace(calibrated(24.0, 44_000.0), failed=7)

    assert "▲ 7 requests and sagas of the real shop came to nothing" in page(done, Path("x"), Terminal())
