"""The formulas give the published figures."""

import math

import pytest

from msa_lab.usecases.validation import formulas


def test_mm1() -> None:
    assert [formulas.mm1_mean(rho) for rho in (0.5, 0.8)] == pytest.approx([2, 5])
    assert formulas.mm1_quantile(0.9, 0.99) == pytest.approx(46.0517, abs=5e-5)


def test_erlang() -> None:
    assert formulas.erlang_b(8, 7.2) == pytest.approx(0.19031, abs=5e-6)
    assert formulas.erlang_c(4, 0.8) == pytest.approx(0.59643, abs=5e-6)
    assert formulas.mmc_wait(4, 0.8) == pytest.approx(0.74554, abs=5e-6)
    assert formulas.mmc_wait(8, 0.9) == pytest.approx(0.87692, abs=5e-6)
    assert formulas.mmc_wait_quantile(4, 0.8, 0.99) == pytest.approx(5.1105, abs=5e-5)
    assert formulas.mmc_wait_quantile(4, 0.8, 0.3) == 0


def test_a_bounded_queue() -> None:
    assert formulas.bounded_blocked(1.2, 10) == pytest.approx(0.19259, abs=5e-6)
    assert formulas.bounded_mean(1.2, 10) == pytest.approx(6.9261, abs=5e-5)
    assert formulas.bounded_blocked(1.0, 4) == pytest.approx(0.2)


def test_constant_work_waits_half_as_long_as_exponential_work() -> None:
    assert formulas.mg1_wait(0.8, 0) == pytest.approx(2)
    assert formulas.mg1_wait(0.8, 1) == pytest.approx(formulas.mm1_mean(0.8) - 1)


def test_choices() -> None:
    assert formulas.choices_limit(0.9, 1) == pytest.approx(10)
    assert formulas.choices_limit(0.9, 2) == pytest.approx(2.6141, abs=5e-5)
    assert formulas.choices_limit(0.9, 3) == pytest.approx(2.0279, abs=5e-5)


def test_the_shorter_of_two_queues_lies_between_one_common_queue_and_chance() -> None:
    common = formulas.mmc_wait(2, 0.8) + 1

    assert common < formulas.shortest_of_two_servers(0.8, 40) < formulas.mm1_mean(0.8)
    # In light traffic nearly nobody waits: only he who finds both servers busy does.
    assert formulas.shortest_of_two_servers(0.01, 10) == pytest.approx(1, abs=3e-4)


def test_the_shorter_of_two_queues_of_at_most_one_is_worked_out_by_hand() -> None:
    # States (0,0), (1,0), (1,1) with arrivals at rate 1, services at rate 1: 1, 1, 1/2 before normalising.
    # Inside: (1 + 2 * 1/2) / 2.5; the mean time here is that over the rate offered.
    assert formulas.shortest_of_two_servers(0.5, 1) == pytest.approx(0.8)


def test_tails_and_tries() -> None:
    assert formulas.harmonic(12) == pytest.approx(3.1032, abs=5e-5)
    assert formulas.harmonic(100) == pytest.approx(5.1874, abs=5e-5)
    assert formulas.touched_by_tail(0.01, 100) == pytest.approx(0.63397, abs=5e-6)
    assert formulas.tries(0.5, 4) == 1.875
    assert formulas.tries(1, 3) == 3
    assert formulas.recovered(0.5, 4) == 0.9375
    assert math.isclose(formulas.recovered(0, 1), 1)
