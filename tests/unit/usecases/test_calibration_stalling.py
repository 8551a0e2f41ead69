"""From what was seen of the cores to a machine's stalls."""

import random

import pytest

from msa_lab.sdk.distributions import Exponential
from msa_lab.sdk.values import ms, seconds
from msa_lab.topology.loading import read_topology
from msa_lab.usecases.calibration.fitting import written
from msa_lab.usecases.calibration.stalling import Watched


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
