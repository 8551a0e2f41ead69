from __future__ import annotations

import pytest

from msa_lab.telemetry.histogram import Histogram


def filled(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def test_small_values_are_exact() -> None:
    histogram = filled([5, 1, 2047, 3, 2])

    assert [histogram.quantile(share) for share in (0, 0.2, 0.4, 0.5, 0.6, 0.8, 1)] == [
        1,
        1,
        2,
        3,
        3,
        5,
        2047,
    ]
    assert (histogram.count, histogram.total, histogram.low, histogram.high) == (5, 2058, 1, 2047)


def test_nearest_rank_of_a_hundred_values() -> None:
    histogram = filled(list(range(1, 101)))

    assert [histogram.quantile(share) for share in (0.5, 0.55, 0.95, 0.99, 0.999)] == [50, 55, 95, 99, 100]


@pytest.mark.parametrize("value", [2048, 123_456, 30_000_000, 3_600_000_000])
def test_large_values_are_known_to_a_tenth_of_a_percent(value: int) -> None:
    histogram = filled([value, 10 * value])

    assert value <= histogram.quantile(0.5) <= value * 1.001


def test_a_quantile_is_never_above_the_highest_value() -> None:
    assert filled([1_000_000]).quantile(0.5) == 1_000_000


def test_the_mean_is_exact() -> None:
    assert filled([1_000_001, 2_000_002]).mean == 1_500_001.5


def test_of_nothing_all_is_zero() -> None:
    assert (Histogram().quantile(0.95), Histogram().mean, Histogram().cells()) == (0, 0.0, ())


def test_cells_say_how_many_values_lie_where() -> None:
    assert filled([3, 3, 4096]).cells() == ((3, 2), (4099, 1))
