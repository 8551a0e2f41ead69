"""`msalab parity`, as far as it goes without starting processes; tests/process plays the rest."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from msa_lab import bootstrap
from msa_lab.cli import calibrationpage
from msa_lab.cli.wanted import seeds_of
from msa_lab.errors import EnvironmentTrouble
from msa_lab.sdk import Duration, ms, seconds
from msa_lab.sdk.distributions import Constant
from msa_lab.topology.loading import read_topology
from msa_lab.usecases.calibration.calibrate import Calibrated
from msa_lab.usecases.calibration.demand import Demand
from msa_lab.usecases.calibration.deriving import Calibration
from msa_lab.usecases.calibration.speed import Compared
from msa_lab.usecases.calibration.stalling import Watched
from msa_lab.usecases.calibration.topologyfile import topology_text
from msa_lab.usecases.ports import Plan, World

Msalab = Callable[..., Any]


@pytest.mark.parametrize(
    ("text", "seeds"), [("1..3", (1, 2, 3)), ("7", (7,)), ("1, 4,9..10,4", (1, 4, 9, 10)), ("0", (0,))]
)
def test_seeds_are_numbers_and_ranges(text: str, seeds: tuple[int, ...]) -> None:
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "1..", "..3", "3..1", "a", "-1", "1;2", "1,,2", "1...3"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape("numbers and ranges, such as 1..3 or 1,4,9")):
        seeds_of(text)


def test_more_seeds_than_anybody_waits_for_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 1000 seeds"):
        seeds_of("1..999999999999")


@pytest.fixture
def twice_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the simulated world stand in for real processes: the worlds are then equal."""
    monkeypatch.setattr(bootstrap, "process_world", bootstrap.simulated_world)


@pytest.mark.usefixtures("twice_simulated")
def test_equal_worlds_agree_without_a_gap(msalab: Msalab) -> None:
    ended = msalab("parity", "tiny", "--seeds", "1..2", "-v")

    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "✓ AGREE  both worlds come to the same verdicts"
    assert lines[2:6] == [
        "  verdict  sim       process",
        "  seed 1   ✓ PASSED  ✓ PASSED  agree",
        "  seed 2   ✓ PASSED  ✓ PASSED  agree",
        "",
    ]
    assert "  1 of 1 expectations agree" in lines
    assert "  ✓ some-sagas  2 HELD  2 HELD  agree" in lines
    assert re.search(
        r"^  request.duration p50 +[\d.]+ ms +[\d.]+ ms +\+0 %  \+0 % to \+0 %$", ended.out, re.MULTILINE
    )
    assert ended.err.splitlines()[1] == "4 runs; those of real processes take 16 s at the least"
    assert ended.err.count("✓ PASSED") == 4


@pytest.mark.usefixtures("twice_simulated")
def test_what_proves_nothing_is_no_agreement(msalab: Msalab) -> None:
    ended = msalab("parity", "unproven", "--seeds", "3", "-q")

    assert ended.code == 5
    assert ended.out.startswith("? INCONCLUSIVE  not all could be judged; this is no agreement")
    assert "  look     msalab scenario unproven --seed 3\n" in ended.out
    assert "  look     msalab scenario unproven --mode process --seed 3\n" in ended.out
    assert ended.err == ""


def test_a_machine_without_real_processes_is_told_before_anything_is_played(
    msalab: Msalab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> World:
        raise EnvironmentTrouble("mode process needs Linux or macOS")

    monkeypatch.setattr(bootstrap, "process_world", refuse)
    ended = msalab("parity", "tiny")

    assert ended.code == 4
    assert ended.err == "error: mode process needs Linux or macOS\n"


def test_wrong_options_start_nothing(msalab: Msalab) -> None:
    assert msalab("parity", "tiny", "--seeds", "x").code == 2
    assert msalab("parity", "tiny", "--no-chaos", "--chaos-profile", "x").code == 2
    assert msalab("parity", "tinny").code == 3


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, twice_simulated: None) -> None:  # noqa: ARG001 - is set up first
    """Let what is measured be known: the use case has tests of its own, and its real runs take minutes."""
    quick = Constant(ms(1))
    found = Calibration({}, quick, quick, quick, quick, quick, quick, demand=0.08, calls=0.02)

    def calibrated(
        plan: Plan, _stage: object, *, name: str, cores: int, note: str, length: Duration,
        watched: Callable[[], Watched],
    ) -> Calibrated:  # fmt: skip
        assert length == seconds(5)
        assert watched().share < 1
        text = topology_text(plan.topology, found, name=name, machine=watched().machine(cores), note=note)
        topology = read_topology(text, plan.topology.specs)
        rows = (Compared("saga checkout", 0.5, 40_000.0, 44_000.0, (60, 58), (40_000.0, 42_000.0)),)
        cpu = Demand({"cart": 0.05}, 0.02)
        return Calibrated(topology, found, cpu, 0.09, 24.0, 24.5, {0.2: rows}, {0.2: 0.2})

    monkeypatch.setattr(calibrationpage, "calibrate", calibrated)


@pytest.mark.usefixtures("measured")
def test_a_calibration_is_written_and_can_be_played(msalab: Msalab, workspace: Path) -> None:
    ended = msalab("calibrate", "tiny", "--seconds", "5", "--out", "fast.yaml")

    assert ended.code == 0
    assert "20%   saga checkout  p50  40.0 ms  44.0 ms  +10 %  5 %  60, 58\n" in ended.out
    assert "  written  fast.yaml\n" in ended.out
    assert "machines:\n  host: " in (workspace / "fast.yaml").read_text()
    assert msalab("scenario", "tiny", "--topology", "fast.yaml", "-q").code == 0


@pytest.mark.usefixtures("measured")
def test_a_calibration_goes_to_the_topologies_of_the_workspace(msalab: Msalab, workspace: Path) -> None:
    told = json.loads(msalab("calibrate", "tiny", "--seconds", "5", "--json", "-q").out)

    assert told["schema"] == "msalab/calibration@1"
    assert told["topology"] == "textbook-here"
    assert told["levels"][0]["rows"][0]["gap"] == pytest.approx(0.1)
    assert told["apart"] == pytest.approx(0.05)
    assert 0 <= told["stolen"] < 1
    assert (workspace / "topologies" / "textbook-here.yaml").exists()
    assert msalab("topology", "lint", "textbook-here").code == 0


@pytest.mark.usefixtures("twice_simulated")
def test_a_place_that_cannot_be_written_is_told_before_anything_is_measured(
    msalab: Msalab, workspace: Path
) -> None:
    (workspace / "taken").write_text("a file")
    ended = msalab("calibrate", "tiny", "--out", "taken/fast.yaml")

    assert ended.code == 4
    assert ended.err.startswith("error: taken cannot be made")
