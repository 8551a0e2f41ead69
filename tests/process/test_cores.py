"""How much of the cores a host keeps back."""

from pathlib import Path

import pytest

from msa_lab.runtime.process.cores import CoreTimes, read_core_times


def test_stolen_time_is_a_share_of_the_time_that_cores_were_wanted(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 20 900 7 0 10 30 0 0\ncpu0 1 2 3\n", encoding="ascii")
    before = read_core_times(stat)
    stat.write_text("cpu  160 0 30 999 9 0 10 60 0 0\ncpu0 1 2 3\n", encoding="ascii")

    assert before == CoreTimes(worked=130, stolen=30)
    assert read_core_times(stat).share_since(before) == pytest.approx(0.3)


def test_where_nothing_is_known_nothing_is_stolen(tmp_path: Path) -> None:
    none = read_core_times(tmp_path / "missing")

    assert none == CoreTimes()
    assert none.share_since(none) == 0


def test_this_machine_counts_on() -> None:
    before = read_core_times()
    sum(range(100_000))

    assert 0 <= read_core_times().share_since(before) <= 1
