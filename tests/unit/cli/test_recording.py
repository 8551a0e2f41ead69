"""A run by hand, kept as a scenario: the file plays the same run, byte for byte."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Msalab = Callable[..., Any]
CHAOS = """\
chaos:
  default: mild
  profiles:
    mild:
      - {id: late, kind: net.delay, target: order -> payment, at: 1s, for: 1s, with: {latency: exp(20ms)}}
      - {id: gone, kind: process.kill, target: cart-1, at: 1s, with: {restart_after: 200ms}}
    other:
      - {id: doubled, kind: msg.duplicate, target: order.events, at: 0s, for: 2s, probability: 0.5}
"""
LOSS = "net.loss order -> shipping id=mine probability=0.5 direction=reply at 1500ms for 1s"


@pytest.fixture
def mild(workspace: Path) -> Path:
    path = workspace / "scenarios" / "mild.yaml"
    text = (workspace / "scenarios" / "tiny.yaml").read_text().replace("id: tiny", "id: mild  # kept")
    path.write_text(text.replace("load:\n", f"{CHAOS}\nload:\n"))
    return path


def played(ended: Any) -> dict[str, Any]:  # noqa: ANN401 - what msalab gives
    result: dict[str, Any] = json.loads(ended.out)
    return result


def test_a_recorded_run_has_the_same_log(msalab: Msalab, mild: Path) -> None:
    options = ("--seed", "9", "--chaos", "--without", "gone", "--fault", LOSS, "--topology", "no-retry")
    before = played(msalab("scenario", "mild", "--json", *options))

    told = msalab("scenario", "record")

    assert told.code == 0
    assert told.out == (
        "wrote scenarios/mild-by-hand.yaml\n  play it:  msalab scenario scenarios/mild-by-hand.yaml --chaos\n"
    )
    again = played(msalab("scenario", "scenarios/mild-by-hand.yaml", "--chaos", "--json"))
    assert again["log_hash"] == before["log_hash"]
    assert [fault["id"] for fault in again["faults"]] == ["late", "mine"]
    text = mild.with_name("mild-by-hand.yaml").read_text()
    assert "# kept" in text
    assert "doubled" in text
    assert msalab("scenario", "lint", "scenarios/mild-by-hand.yaml").code == 0


def test_faults_on_a_run_without_chaos_become_a_profile_of_their_own(msalab: Msalab, mild: Path) -> None:
    before = played(msalab("scenario", "mild", "--json", "--fault", LOSS))

    msalab("scenario", "record", "--file", "elsewhere/mine.yaml")

    again = played(msalab("scenario", "elsewhere/mine.yaml", "--chaos", "--json"))
    assert mild.is_file()
    assert again["chaos"] == "by-hand"
    assert (again["events"], again["faults"]) == (before["events"], before["faults"])


def test_nothing_is_overwritten(msalab: Msalab, mild: Path) -> None:
    msalab("scenario", "mild", "-q")
    for _ in range(2):
        msalab("scenario", "record")

    assert sorted(path.name for path in mild.parent.glob("mild-*")) == [
        "mild-by-hand-2.yaml", "mild-by-hand.yaml",
    ]  # fmt: skip


def test_a_scenario_that_has_changed_since_is_not_recorded(msalab: Msalab, mild: Path) -> None:
    msalab("scenario", "mild", "-q")
    mild.write_text(mild.read_text() + "# changed\n")

    ended = msalab("scenario", "record")

    assert ended.code == 3
    assert "mild.yaml is not what run" in ended.err
    assert "scenario.lock.yaml" in ended.err


def test_a_fault_that_is_left_out_must_be_there(msalab: Msalab, mild: Path) -> None:
    ended = msalab("scenario", "mild", "--chaos", "--without", "lat")

    assert mild.is_file()
    assert ended.code == 3
    assert "profile 'mild' has no fault 'lat'; did you mean 'late'?" in ended.err


def test_a_fault_in_the_place_of_one_left_out_keeps_its_place(msalab: Msalab, mild: Path) -> None:
    line = "net.delay order -> payment id=late latency=exp(20ms) at 1s for 500ms"
    ended = msalab("scenario", "mild", "--chaos", "--without", "late", "--fault", line, "--dry-run", "--json")

    assert mild.is_file()
    assert ended.out.index("late") < ended.out.index("gone")
