"""The engine behind the view: a run in a process of its own that can be stopped and played another way."""

from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import pytest

from msa_lab.cli.engine import left
from msa_lab.cli.orders import Order, Over, Refused
from msa_lab.cli.terminal import Terminal
from msa_lab.cli.wanted import Wanted
from msa_lab.cli.watching import Watched

PATIENCE = 30.0


@pytest.fixture
def watched(workspace: Path) -> Iterator[Watched]:
    assert workspace.is_dir()
    made = Watched(Order(Wanted("tiny"), None, Terminal()))
    yield made
    made.end()


def until(watched: Watched, word: str) -> Path:
    """Wait for a word of the engine; give the log."""
    while (heard := watched.poll(PATIENCE)) != word:
        assert heard, f"the engine never said {word}: {watched.over}"
    return watched.log


def play(watched: Watched) -> Path:
    watched.start()
    log = until(watched, "begun")
    until(watched, "over")
    return log


def past(log: Path, t: int) -> list[bytes]:
    """The lines before an instant."""
    return [line for line in log.read_bytes().splitlines() if int(line.split(b'"t":')[1].split(b",")[0]) < t]


def test_what_is_known_before_the_end_has_the_shape_of_the_result(watched: Watched) -> None:
    watched.start()
    log = until(watched, "begun")
    assert log.is_file()
    assert watched.live
    assert watched.summary["verdict"] == ""
    assert [it["id"] for it in watched.summary["expectations"]] == ["some-sagas"]
    before = {*watched.summary["expectations"][0]}

    until(watched, "over")

    assert not watched.live
    assert isinstance(watched.over, Over)
    assert watched.over.code == 0
    assert "PASSED" in watched.over.block
    assert watched.summary["verdict"] == "PASSED"
    assert {*watched.summary["expectations"][0]} - before == {"samples", "broken", "why"}


def test_a_fault_put_in_leaves_the_past_as_it_was(watched: Watched) -> None:
    before = play(watched)
    watched.branch(["net.loss order -> payment at 1200ms for 1s"], [])
    after = play_on(watched)

    assert after.parent != before.parent
    assert past(after, 1_200_000) == past(before, 1_200_000)
    assert len(past(after, 1_200_000)) > 100
    assert after.read_bytes() != before.read_bytes()
    assert watched.line([], []) == (
        "msalab scenario tiny --fault 'net.loss order -> payment at 1200ms for 1s' --seed 7"
    )


def test_a_fault_healed_by_hand_acted_until_then(watched: Watched) -> None:
    play(watched)
    watched.branch(["net.loss order -> payment id=mine at 500ms for 2s"], [])
    before = play_on(watched)
    watched.branch(["net.loss order -> payment id=mine at 500ms for 700ms"], ["mine"])
    after = play_on(watched)

    assert past(after, 1_200_000) == past(before, 1_200_000)
    assert b'"kind":"fault.healed"' in b"".join(past(after, 1_200_001))
    assert list(watched.faults) == ["mine"]


def play_on(watched: Watched) -> Path:
    log = until(watched, "begun")
    until(watched, "over")
    return log


def test_a_run_that_is_stopped_is_judged_as_far_as_it_came(watched: Watched, workspace: Path) -> None:
    path = workspace / "scenarios" / "tiny.yaml"
    path.write_text(path.read_text().replace("duration: 3s", "duration: 10h").replace("for: 2s", "for: 10h"))
    watched.start()
    until(watched, "begun")
    watched.stop()
    until(watched, "over")

    assert watched.summary["ended"] == "interrupted"
    assert isinstance(watched.over, Over)
    assert watched.over.code == 130


def test_what_is_done_after_the_verdict_ends_when_the_view_is_gone() -> None:
    ours, theirs = Pipe()
    assert not left(theirs)
    ours.send("stop")
    assert not left(theirs)

    ours.close()

    assert left(theirs)
    theirs.close()


def test_a_wrong_file_is_refused_in_words(watched: Watched) -> None:
    watched.order = Order(Wanted("wrong"), None, Terminal())
    watched.start()
    assert watched.poll(PATIENCE) == "refused"

    assert isinstance(watched.over, Refused)
    assert watched.over.code == 3
    assert "did you mean" in watched.told
