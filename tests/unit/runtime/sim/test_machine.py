from __future__ import annotations

import random
from pathlib import Path

import pytest

from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.runtime.sim.machine import Machine, Pace, Phases, machine
from msa_lab.runtime.sim.streams import Streams
from msa_lab.sdk.distributions import Constant, Distribution, Exponential, LogNormal
from msa_lab.sdk.values import Duration, ms, seconds
from msa_lab.topology import MachineSettings, Slowdowns, Stalls

ROOT = Path(__file__).parents[4]


def stalled(apart: Distribution, length: Distribution, cores: int = 1, seed: int = 1) -> Machine:
    return machine("host", MachineSettings(cores, Stalls(apart, length)), Streams(seed))


def test_each_job_gets_the_core_that_is_free_first() -> None:
    small = Machine(cores=2)

    assert [small.occupy(0, demand) for demand in (10, 4, 3, 2, 10)] == [10, 4, 7, 9, 19]
    assert small.occupy(100, 1) == 101


def test_work_stands_still_with_its_core_and_goes_on_afterwards() -> None:
    # Runs from 0 to 10, stands still until 13, runs until 23, and so on.
    host = stalled(Constant(Duration(10)), Constant(Duration(3)))

    assert host.occupy(2, 4) == 6  # between two stalls
    assert host.occupy(8, 2) == 10  # until the very moment one begins
    assert host.occupy(11, 1) == 14  # waits for the end of one
    assert host.occupy(20, 14) == 40  # through two: 23 to 26, 36 to 39
    assert host.occupy(1_000, 0) == 1_001  # even nothing takes until the stall from 998 to 1,001 is over


@pytest.mark.parametrize(
    ("apart", "length"),
    [
        (Exponential(ms(70)), Exponential(ms(30))),
        (Constant(ms(9)), Constant(ms(1))),
        (Exponential(ms(300)), LogNormal(ms(20), 0.8)),
    ],
)
def test_the_declared_share_of_a_busy_core_is_lost(apart: Distribution, length: Distribution) -> None:
    host, worked, end = stalled(apart, length), 0, 0
    while worked < seconds(600):
        worked += ms(3)
        end = host.occupy(end, ms(3))

    assert 1 - worked / end == pytest.approx(Stalls(apart, length).share, rel=0.05)


def test_each_core_stands_still_by_itself() -> None:
    host = stalled(Exponential(ms(70)), Exponential(ms(30)), cores=2)
    ends = [host.occupy(0, seconds(10)), host.occupy(0, seconds(10))]

    assert len(set(ends)) == 2


def test_the_same_seed_stands_still_at_the_same_instants() -> None:
    def ends(seed: int) -> list[int]:
        host = stalled(Exponential(ms(70)), Exponential(ms(30)), cores=2, seed=seed)
        return [host.occupy(start, ms(5)) for start in range(0, seconds(2), ms(4))]

    assert ends(1) == ends(1)
    assert ends(1) != ends(2)


def test_even_a_core_that_hardly_runs_gets_on() -> None:
    stream = random.Random(1)

    assert Pace(Phases(Constant(Duration(0)), Constant(ms(1)), stream)).end(0, 3) == 2_003


def slowed(apart: Distribution, length: Distribution, pace: float, cores: int = 1) -> Machine:
    return machine("host", MachineSettings(cores, slowdowns=Slowdowns(apart, length, pace)), Streams(1))


def test_slow_cores_take_longer_for_what_falls_into_a_slowdown() -> None:
    # As usual from 0 to 10, at a quarter of the pace until 30, as usual until 40, and so on.
    host = slowed(Constant(Duration(10)), Constant(Duration(20)), 0.25)

    assert host.occupy(2, 4) == 6  # before one
    assert host.occupy(9, 2) == 14  # one before, one in it
    assert host.occupy(26, 3) == 32  # one in it, two after
    assert host.occupy(35, 12) == 62  # five, five in the whole one, two after


def test_a_core_can_stand_still_in_a_slowdown() -> None:
    stream = random.Random(1)
    slow = Phases(Constant(Duration(10)), Constant(Duration(20)), stream)
    stalls = Phases(Constant(Duration(12)), Constant(Duration(3)), stream)

    # Eight until 10, half in 2 slow ones, nothing until 15, 1.5 in the next 6.
    assert Pace(stalls, slow, 0.25).end(2, 10) == 21


def test_all_cores_are_slow_at_once() -> None:
    host = slowed(Exponential(ms(900)), Exponential(ms(50)), 0.25, cores=2)
    ends = [host.occupy(0, seconds(10)), host.occupy(0, seconds(10))]

    assert len(set(ends)) == 1


@pytest.mark.parametrize("length", [Exponential(ms(50)), LogNormal(ms(40), 0.5)])
def test_the_declared_share_of_a_busy_core_is_slow(length: Distribution) -> None:
    apart = Exponential(ms(900))
    host, worked, end = slowed(apart, length, 0.25), 0, 0
    while worked < seconds(20_000):
        worked += ms(300)
        end = host.occupy(end, ms(300))

    lost = Slowdowns(apart, length, 0.25).share * (1 - 0.25)
    assert 1 - worked / end == pytest.approx(lost, rel=0.05)


@pytest.mark.parametrize(("load", "apart", "length"), [(0.4, 70, 30), (0.6, 700, 100)])
def test_one_core_with_stalls_keeps_jobs_as_long_as_theory_says(load: float, apart: int, length: int) -> None:
    """M/M/1 whose server breaks down whether busy or not (White and Christie, 1958).

    With work done at rate mu, breakdowns at rate xi and repairs at rate eta, generating functions of the two
    states give the mean time in the system below; without breakdowns it is 1 / (mu - lambda).
    """
    arrivals, mu, xi, eta = load / ms(10), 1 / ms(10), 1 / ms(apart), 1 / ms(length)
    there = eta / (xi + eta)
    theory = (1 / there + xi * arrivals / eta**2) / (mu - arrivals / there) + xi / (eta * (xi + eta))
    host = stalled(Exponential(ms(apart)), Exponential(ms(length)))
    dice, work = random.Random(5), Exponential(ms(10))
    now, took, count = 0.0, 0, 400_000
    for _ in range(count):
        now += dice.expovariate(arrivals)
        took += host.occupy(int(now), work.sample(dice)) - int(now)

    assert took / count == pytest.approx(theory, rel=0.05)


def test_a_shop_on_such_a_machine_is_another_one_and_as_repeatable() -> None:
    workspace = Workspace(ROOT)
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    everywhere = [f"services.{spec.name}.machine=host" for spec in specs]

    def played(*host: str) -> str:
        wishes = Wishes(seed=3, settings=(*host, *everywhere))
        return play(plan_for(workspace, specs, scenario, wishes)).log_hash

    stalls = [f"machines.host.stalls.{part}" for part in ("apart=exp(70ms)", "length=exp(30ms)")]
    steady, unsteady = played("machines.host=2"), played("machines.host.cores=2", *stalls)
    assert steady == played("machines.host.cores=2")
    assert unsteady == played("machines.host.cores=2", *stalls)
    assert steady != unsteady
