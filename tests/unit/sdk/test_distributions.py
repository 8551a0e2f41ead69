from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from random import Random

import pytest

from msa_lab.sdk.distributions import (
    Constant,
    Distribution,
    Exponential,
    LogNormal,
    Normal,
    Pareto,
    Stream,
    Uniform,
    exact_exp,
    exact_ln,
    exponential,
    standard_normal,
)
from msa_lab.sdk.values import ms

ALL: dict[str, Distribution] = {
    "constant": Constant(ms(5)),
    "uniform": Uniform(ms(1), ms(3)),
    "exponential": Exponential(ms(2)),
    "lognormal": LogNormal(ms(5), 0.4),
    "normal": Normal(ms(10), ms(2)),
    "pareto": Pareto(ms(1), 3.0),
}

PINNED = {
    "constant": [5000, 5000, 5000, 5000, 5000],
    "uniform": [1940, 2456, 1607, 2774, 1820],
    "exponential": [424, 2477, 627, 805, 223],
    "lognormal": [4563, 4365, 3829, 3601, 8651],
    "normal": [9542, 9321, 8666, 8359, 12741],
    "pareto": [1073, 1511, 1110, 1144, 1038],
}


@pytest.mark.parametrize("name", ALL)
def test_these_are_the_samples_of_this_seed_everywhere(name: str) -> None:
    stream = Random(2024)

    assert [ALL[name].sample(stream) for _ in range(5)] == PINNED[name]


@pytest.mark.parametrize(
    ("draw", "digest"),
    [(exponential, "c437744420a9915e"), (standard_normal, "02695c3507413d12")],
    ids=["exponential", "normal"],
)
def test_ten_thousand_draws_have_these_bits_everywhere(draw: Callable[[Stream], float], digest: str) -> None:
    stream = Random(2024)
    bits = "".join(draw(stream).hex() for _ in range(10_000))

    assert hashlib.sha256(bits.encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize("name", ALL)
def test_the_mean_is_what_the_samples_say(name: str) -> None:
    """Within five standard errors of 20,000 samples."""
    stream, count = Random(7), 20_000
    samples = [ALL[name].sample(stream) for _ in range(count)]
    mean = sum(samples) / count
    deviation = math.sqrt(sum((sample - mean) ** 2 for sample in samples) / (count - 1))

    assert abs(mean - ALL[name].mean) <= 5 * deviation / math.sqrt(count) + 0.5


@pytest.mark.parametrize("name", ALL)
def test_samples_are_whole_and_never_negative(name: str) -> None:
    stream = Random(3)

    assert all(type(one) is int and one >= 0 for one in (ALL[name].sample(stream) for _ in range(2_000)))


def test_what_would_be_negative_is_nothing() -> None:
    stream = Random(1)
    samples = [Normal(ms(1), ms(9)).sample(stream) for _ in range(200)]

    assert min(samples) == 0


def test_a_constant_draws_nothing() -> None:
    stream = Random(1)
    state = stream.getstate()
    Constant(ms(5)).sample(stream)

    assert stream.getstate() == state


def test_a_heavy_tail_has_no_mean() -> None:
    assert Pareto(ms(1), 1.0).mean == math.inf


def test_the_exponential_has_mean_and_variance_of_one_and_forgets() -> None:
    stream, count = Random(11), 40_000
    samples = [exponential(stream) for _ in range(count)]
    mean = sum(samples) / count
    variance = sum((sample - mean) ** 2 for sample in samples) / count
    late = [sample - 1 for sample in samples if sample > 1]

    assert mean == pytest.approx(1, abs=0.025)
    assert variance == pytest.approx(1, abs=0.08)
    assert sum(late) / len(late) == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize(("x", "share"), [(0.1, 0.0951626), (0.6931472, 0.5), (1, 0.6321206), (3, 0.9502129)])
def test_the_exponentials_quantiles_are_right(x: float, share: float) -> None:
    stream, count = Random(5), 40_000
    below = sum(exponential(stream) <= x for _ in range(count)) / count

    assert below == pytest.approx(share, abs=0.0125)


def test_the_normal_has_mean_zero_and_deviation_one() -> None:
    stream, count = Random(13), 40_000
    samples = [standard_normal(stream) for _ in range(count)]

    assert sum(samples) / count == pytest.approx(0, abs=0.025)
    assert sum(sample * sample for sample in samples) / count == pytest.approx(1, abs=0.04)
    assert sum(abs(sample) <= 1.959964 for sample in samples) / count == pytest.approx(0.95, abs=0.006)


@pytest.mark.parametrize("x", [1e-300, 1e-9, 0.3, 0.5, 0.75, 1.0, 2.0, math.e, 10.0, 1e9, 1e300])
def test_the_logarithm_is_right_to_fourteen_digits(x: float) -> None:
    assert exact_ln(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("x", [-700.0, -20.0, -1.0, -1e-9, 0.0, 1e-9, 0.3466, 1.0, 20.0, 700.0])
def test_the_exponential_function_is_right_to_twelve_digits(x: float) -> None:
    assert exact_exp(x) == pytest.approx(math.exp(x), rel=1e-12)
