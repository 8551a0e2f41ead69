"""From what was seen of the cores to a machine's stalls and slowdowns."""

import random

import pytest

from msa_lab.sdk.distributions import Exponential
from msa_lab.sdk.values import ms, seconds
from msa_lab.topology import MachineSettings
from msa_lab.topology.loading import read_topology
from msa_lab.usecases.calibration.fitting import written
from msa_lab.usecases.calibration.stalling import SlowPhase, Watched, slow_phases


def seen(apart: float, length: float, count: int) -> Watched:
    """What exponential stalls look like, in milliseconds."""
    dice = random.Random(2)
    lengths = [round(dice.expovariate(1 / ms(length))) for _ in range(count)]
    return Watched(count * ms(apart) + sum(lengths), lengths)


def test_stalls_have_the_length_and_distance_that_was_seen() -> None:
    watched = seen(70, 30, 3_000)
    stalls = watched.stalls()

    assert stalls is not None
    assert isinstance(stalls.length, Exponential)
    assert stalls.length.mean == pytest.approx(ms(30), rel=0.05)
    assert stalls.apart == Exponential(ms(70))
    assert stalls.share == pytest.approx(watched.share, rel=0.001)


@pytest.mark.parametrize(
    "watched",
    [
        Watched(),
        Watched(seconds(60)),
        Watched(seconds(60), [ms(30)] * 9),  # too few to tell
        Watched(seconds(60), [ms(1)] * 100),  # not worth telling
    ],
)
def test_cores_that_were_there_have_none(watched: Watched) -> None:
    assert watched.stalls() is None


def test_they_can_be_written_and_read() -> None:
    stalls = seen(700, 12, 500).stalls()
    assert stalls is not None
    form = f"{{apart: {written(stalls.apart)}, length: {written(stalls.length)}}}"
    head = "schema: msalab/topology@1\nid: here\ntitle: Here\n"
    text = f"{head}machines: {{host: {{cores: 2, stalls: {form}}}}}\n"

    assert read_topology(text, ()).machines["host"].stalls == stalls


TICK = 2_000


def looks(*ticks: int, took: float = 4.0) -> list[tuple[int, float]]:
    return [(tick * TICK, took) for tick in ticks]


def test_slow_looks_one_after_the_other_are_one_phase() -> None:
    found = slow_phases(looks(*range(100, 125), *range(400, 410)), TICK)

    assert found == [SlowPhase(25 * TICK, 0.25), SlowPhase(10 * TICK, 0.25)]


def test_a_look_that_found_nothing_slow_does_not_end_a_phase() -> None:
    (found,) = slow_phases(looks(1, 2, 3, 5, 6, 7), TICK)

    assert found.length == 7 * TICK
    assert found.pace == pytest.approx(7 / (6 * 4 + 1))


def test_a_single_slow_look_is_no_phase() -> None:
    assert slow_phases(looks(1, 50, 100), TICK) == []


def test_slowdowns_have_the_length_distance_and_pace_that_was_seen() -> None:
    dice = random.Random(2)
    slow = [SlowPhase(round(dice.expovariate(1 / ms(50))), 0.25) for _ in range(3_000)]
    watched = Watched(3_000 * ms(950) + sum(phase.length for phase in slow), (), slow)
    slowdowns = watched.slowdowns()

    assert slowdowns is not None
    assert isinstance(slowdowns.length, Exponential)
    assert slowdowns.length.mean == pytest.approx(ms(50), rel=0.05)
    assert slowdowns.apart == Exponential(ms(950))
    assert slowdowns.pace == 0.25
    assert slowdowns.share == pytest.approx(watched.slow_share, rel=0.001)
    assert watched.machine(2) == MachineSettings(2, None, slowdowns)


@pytest.mark.parametrize(
    "watched",
    [
        Watched(seconds(60), (), [SlowPhase(ms(50), 0.25)] * 9),  # too few to tell
        Watched(seconds(60), (), [SlowPhase(ms(4), 0.4)] * 100),  # not worth telling
    ],
)
def test_hardly_any_slowdowns_are_none(watched: Watched) -> None:
    assert watched.slowdowns() is None
