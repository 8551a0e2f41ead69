from __future__ import annotations

import random

from msa_lab.scenario import Phase, arrivals
from msa_lab.sdk.values import Instant, seconds


def test_even_arrivals_are_equally_spaced() -> None:
    phase = Phase("p", "f", 4.0, seconds(1), Instant(2_000_000), "even")

    assert list(arrivals(phase, random.Random(1))) == [2_000_000, 2_250_000, 2_500_000, 2_750_000]


def test_poisson_arrivals_come_at_the_rate_and_within_the_phase() -> None:
    phase = Phase("p", "f", 100.0, seconds(100), Instant(5_000_000))

    found = list(arrivals(phase, random.Random(1)))

    assert found == sorted(found)
    assert found[0] >= 5_000_000
    assert found[-1] < 105_000_000
    assert 9_700 < len(found) < 10_300  # three standard deviations around 10,000


def test_the_same_dice_give_the_same_arrivals() -> None:
    phase = Phase("p", "f", 5.0, seconds(10), Instant(0))

    assert list(arrivals(phase, random.Random(7))) == list(arrivals(phase, random.Random(7)))
