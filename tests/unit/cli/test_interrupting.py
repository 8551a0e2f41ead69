"""Signals while a run is played, sent to a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    """Read what it says until the word comes."""
    assert process.stderr is not None
    while word not in (line := process.stderr.readline()):
        assert line, f"it ended without saying {word}"


@contextmanager
def playing(workspace: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A run that would take minutes; it has begun when this gives it."""
    text = (workspace / "scenarios" / "breaks.yaml").read_text()
    text = text.replace("id: breaks", "id: endless").replace("duration: 3s", "duration: 10h")
    (workspace / "scenarios" / "endless.yaml").write_text(text.replace("for: 2s", "for: 10h"))
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "msa_lab", "scenario", "endless", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=workspace,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        wait_for(process, "FAIL")
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_is_judged_and_kept(workspace: Path, number: signal.Signals, code: int) -> None:
    with playing(workspace, "--json", "--fault", "net.delay order -> payment latency=1ms for 9h") as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    result = json.loads(out)
    assert process.returncode == result["exit"] == code
    assert (result["ended"], result["verdict"]) == ("interrupted", "FAILED")
    assert [(fault["id"], fault["healed"]) for fault in result["faults"]] == [("net.delay", True)]
    assert json.loads((workspace / "runs" / result["run"] / "run.json").read_text()) == result
    assert "stopping: healing the faults, judging, keeping the run" in err


def test_what_was_cut_short_proves_nothing(workspace: Path) -> None:
    with playing(workspace, "--json") as process:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)

    verdicts = {finding["id"]: finding["verdict"] for finding in json.loads(out)["expectations"]}
    assert verdicts == {"some-sagas": "UNPROVEN", "nobody-pays": "BROKEN"}


def test_a_second_signal_ends_the_process_at_once(workspace: Path) -> None:
    with playing(workspace) as process:
        process.send_signal(signal.SIGINT)
        wait_for(process, "stopping")
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=60) in {130, -signal.SIGINT}


def test_who_kills_a_run_leaves_no_temporary_folder(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fleeting = workspace / "fleeting"
    fleeting.mkdir()
    monkeypatch.setenv("TMPDIR", str(fleeting))

    with playing(workspace) as process:
        process.kill()
        process.wait()

    assert list(fleeting.iterdir()) == []
