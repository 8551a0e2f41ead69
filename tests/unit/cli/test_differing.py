"""`msalab diff` and `msalab fork`: the same past to the byte, then what came of the change."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Msalab = Callable[..., Any]


@pytest.fixture
def runs(msalab: Msalab, workspace: Path) -> tuple[str, str]:
    """Two runs of one seed, the second without the payment service from one second on."""
    assert workspace.exists()
    first = json.loads(msalab("scenario", "tiny", "--json").out)
    forked = msalab("fork", first["run"], "--at", "1", "--fault", "process.kill payment-1 for 1s")
    assert forked.code in (0, 1, 5), forked
    second = json.loads(msalab("runs", "list", "--json").out)["runs"][0]
    return first["run"], second["run"]


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def test_a_fork_has_the_same_past_and_is_compared(msalab: Msalab, runs: tuple[str, str]) -> None:
    told = json.loads(msalab("diff", *runs, "--json").out)
    logs = [lines(Path("runs") / run / "events.jsonl") for run in runs]
    same = next(place for place, (one, other) in enumerate(zip(*logs, strict=False)) if one != other)

    assert told["schema"] == "msalab/diff@1"
    assert told["same"] == same > 0
    assert [event["seq"] for event in told["first"]] == [same + 1, same + 1]
    assert all(event["t"] >= 1_000_000 for event in told["first"])
    assert told["first"][1]["kind"] == "fault.started"
    text = msalab("diff", *runs).out
    assert f"the first {same} events are the same; then" in text
    assert f"  {runs[1]}  #{same + 1}  T+1.000" in text


def test_the_fork_itself_says_what_differs_and_its_line_repeats_it(
    msalab: Msalab, runs: tuple[str, str]
) -> None:
    again = msalab("fork", runs[0], "--at", "#1", "--fault", "process.kill payment-1 at 1s for 1s")
    shown = json.loads(msalab("runs", "show", "--json").out)

    assert "events are the same; then" in again.out
    assert "--fault 'process.kill payment-1 at 1s for 1s'" in shown["repeat"][0]


def test_equal_runs_are_said_to_be_equal(msalab: Msalab, runs: tuple[str, str]) -> None:
    told = msalab("diff", runs[0], runs[0])

    assert told.code == 0
    assert "the logs are the same, all" in told.out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--at", "1"), "a fork needs a change"),
        (("--at", "soon", "--fault", "process.kill payment-1 for 1s"), "--at 'soon'"),
        (("--at", "#999999", "--fault", "process.kill payment-1 for 1s"), "has no event #999999"),
        (("--at", "1", "--set", "patterns.retry=off"), "the past would be another"),
        (("--at", "1", "--fault", "process.kil payment-1 for 1s"), "did you mean"),
    ],
)
def test_what_cannot_be_forked_is_refused_with_the_reason(
    msalab: Msalab, runs: tuple[str, str], options: tuple[str, ...], reason: str
) -> None:
    refused = msalab("fork", runs[0], *options)

    assert refused.code == 3
    assert reason in refused.err


def test_other_settings_are_a_new_run_with_its_line(msalab: Msalab, runs: tuple[str, str]) -> None:
    refused = msalab("fork", runs[0], "--at", "1", "--set", "patterns.retry=off")

    assert "--set patterns.retry=off --seed" in refused.err
    assert f"msalab diff {runs[0]} RUN" in refused.err
