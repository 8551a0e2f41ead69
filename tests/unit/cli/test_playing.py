import json
import os
import re
import resource
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
Msalab = Callable[..., Any]


def test_a_run_that_holds_ends_with_0_and_is_kept(msalab: Msalab, workspace: Path) -> None:
    ended = msalab("scenario", "tiny")

    run = re.search(r"^  run      (\w+)   (runs/\w+)$", ended.out, re.MULTILINE)
    assert run is not None
    assert ended.code == 0
    assert ended.out == (
        "✓ PASSED  1 of 1 expectation held\n\n  ✓ 1 held  -v lists them\n\n"
        f"  run      {run[1]}   runs/{run[1]}\n"
        f"  look     msalab saga list --run {run[1]}\n"
        "  again    msalab scenario tiny --seed 7\n"
    )
    assert sorted(path.name for path in (workspace / run[2]).iterdir()) == [
        "events.jsonl", "run.json", "scenario.lock.yaml",
    ]  # fmt: skip


def test_progress_goes_to_stderr_a_line_for_each_thing(msalab: Msalab) -> None:
    ended = msalab("scenario", "tiny", "--fault", "net.delay * -> * latency=5ms at 1s for 500ms")

    lines = ended.err.splitlines()
    assert lines[:3] == [
        "MSA Lab  tiny  sim  topology textbook  seed 7  chaos none",
        "T+00.0  given    products 1, stock 1",
        "T+00.0  load     rush: buy, 3 shoppers/s for 2 s",
    ]
    assert lines[3] == "T+01.0  fault  ✗ net.delay  net.delay on * -> *  until T+01.5"
    assert re.fullmatch(r"T\+01\.5  heal     net\.delay  touched \d+", lines[4])
    assert re.fullmatch(r"T\+\d\d\.\d  done     (\d+) sagas: \1 completed, 0 compensated, 0 open", lines[5])


def test_quiet_says_only_the_result(msalab: Msalab) -> None:
    ended = msalab("scenario", "tiny", "-q")

    assert ended.err == ""
    assert ended.out.startswith("✓ PASSED")


def test_a_broken_expectation_ends_with_1_and_tells_where_what_and_why(msalab: Msalab) -> None:
    ended = msalab("scenario", "breaks")

    assert ended.code == 1
    assert "✗ FAILED  1 of 2 expectations\n" in ended.out
    assert "  ✗ nobody-pays                 scenarios/breaks.yaml:27  BROKEN\n" in ended.out
    assert "      wanted    each order: never psp.captured > 0\n" in ended.out
    assert "      how it came to be\n" in ended.out
    assert "      why: In this shop everything is free.\n           docs/free.md\n" in ended.out
    assert "  ✓ 1 more held  -v lists them\n" in ended.out
    assert re.search(r"^  look     msalab saga why (\S+) --run \w+$", ended.out, re.MULTILINE)
    assert re.search(r"^T\+\d\d\.\d  FAIL   ✗ nobody-pays  order \S+", ended.err, re.MULTILINE)


def test_too_little_evidence_ends_with_5_and_is_no_pass(msalab: Msalab) -> None:
    ended = msalab("scenario", "unproven")

    assert ended.code == 5
    assert ended.out.startswith("? INCONCLUSIVE  1 of 1 expectation could not be judged; this is no pass\n")


def test_verbose_lists_what_held(msalab: Msalab) -> None:
    assert re.search(
        r"^  ✓ some-sagas  saga\.checkout\.started = \d+$", msalab("-v", "scenario", "tiny").out, re.MULTILINE
    )


def test_the_page_of_an_expectation_is_named_so_that_it_can_be_opened(
    msalab: Msalab, workspace: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "docs").mkdir()
    (workspace / "docs" / "free.md").write_text("All is free.\n")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    ended = msalab("scenario", str(workspace / "scenarios" / "breaks.yaml"))

    assert f"           {workspace / 'docs' / 'free.md'}\n" in ended.out


def test_json_is_one_object_with_the_documented_keys(msalab: Msalab, workspace: Path) -> None:
    ended = msalab("scenario", "breaks", "--json")

    result = json.loads(ended.out)
    assert ended.code == result["exit"] == 1
    assert list(result) == [
        "schema", "run", "tool", "scenario", "mode", "topology", "outside", "seed", "chaos", "started",
        "duration_sim", "duration_wall", "verdict", "exit", "ended", "settled", "log_hash", "events",
        "expectations", "faults", "sagas", "metrics", "artifacts", "repeat",
    ]  # fmt: skip
    assert result["schema"] == "msalab/run@1"
    assert result["repeat"] == ["msalab scenario breaks --seed 7"]
    assert result["artifacts"] == [
        f"runs/{result['run']}/{name}" for name in ("events.jsonl", "scenario.lock.yaml", "run.json")
    ]
    assert json.loads((workspace / "runs" / result["run"] / "run.json").read_text()) == result


def test_jsonl_is_the_log_and_the_verdict_goes_to_stderr(msalab: Msalab, workspace: Path) -> None:
    ended = msalab("scenario", "tiny", "--jsonl")

    log = next((workspace / "runs").glob("*/events.jsonl")).read_text()
    assert ended.out == log
    assert json.loads(ended.out.splitlines()[0])["kind"] == "run.started"
    assert "✓ PASSED" in ended.err


def test_the_again_line_repeats_the_run_exactly(msalab: Msalab) -> None:
    typed = [
        "scenario", "breaks", "--topology", "no-retry", "--set", "services.payment.replicas=3", "--seed",
        "11", "--fault", "net.loss order -> payment probability=0.5 at 500ms for 1s", "--json",
    ]  # fmt: skip
    first = json.loads(msalab(*typed).out)

    again = shlex.split(first["repeat"][0])
    second = json.loads(msalab(*again[1:], "--json").out)

    assert again[0] == "msalab"
    assert second["log_hash"] == first["log_hash"]
    assert second["run"] != first["run"]


def test_the_lock_file_holds_all_that_the_run_depended_on(msalab: Msalab, workspace: Path) -> None:
    msalab("scenario", "tiny", "--fault", "net.delay order -> payment latency=5ms for 1s")

    lock = yaml.safe_load(next((workspace / "runs").glob("*/scenario.lock.yaml")).read_text())
    assert lock["seed"] == 7
    assert lock["repeat"] == (
        "msalab scenario tiny --fault 'net.delay order -> payment latency=5ms for 1s' --seed 7"
    )
    assert lock["chaos"] == {
        "profile": "none", "faults": ["net.delay order -> payment latency=5ms at 0s for 1s"],
    }  # fmt: skip
    assert lock["scenario"]["text"] == (workspace / "scenarios" / "tiny.yaml").read_text()
    assert lock["topology"]["id"] == "textbook"
    assert lock["topology"]["patterns"]["outbox"] == "on"


def test_a_dry_run_prints_the_plan_and_starts_nothing(msalab: Msalab, workspace: Path) -> None:
    ended = msalab("scenario", "breaks", "-n", "--fault", "net.loss order -> payment at 1s for 1s")

    assert ended.code == 0
    assert "  T+00.0  rush  buy  3/s poisson  for 2s\n" in ended.out
    assert "  net.loss order -> payment at 1s for 1s\n" in ended.out
    assert "  nobody-pays  scenarios/breaks.yaml:27\n      each order: never psp.captured > 0\n" in ended.out
    assert ended.out.endswith("(nothing was started)\n")
    assert not (workspace / "runs").exists()


def test_a_wrong_file_ends_with_3_and_shows_the_place(msalab: Msalab, workspace: Path) -> None:
    ended = msalab("scenario", "wrong")

    assert ended.code == 3
    assert "scenarios/wrong.yaml:26:15" in ended.err
    assert "did you mean 'saga.checkout.started'?" in ended.err
    assert ended.err.endswith("  (1 error; nothing was started)\n")
    assert not (workspace / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["tniy"], 3, "error: unknown scenario 'tniy'; did you mean 'tiny'?"),
        (["tiny", "--topology", "textbok"], 3, "unknown topology 'textbok'; did you mean 'textbook'?"),
        (["tiny", "--chaos"], 3, "tiny has no default chaos profile"),
        (["tiny", "--chaos-profile", "x"], 3, "tiny has no chaos profile 'x'"),
        (["checkout", "--chaos-profile", "broker-los"], 3, "did you mean 'broker-loss'?"),
        (["tiny", "--fault", "net.los order -> payment for 1s"], 3, "did you mean 'net.loss'?"),
        (["tiny", "--set", "patterns.rety=off"], 3, "did you mean 'retry'?"),
        (["tiny", "--var", "x"], 3, "--var 'x': write NAME=VALUE"),
        (["tiny", "--mode", "real"], 2, "--mode 'real': sim or process"),
        (["tiny", "--seed", "x"], 2, "a whole number of at most 18 digits, or random"),
        (["tiny", "--log", "x"], 2, "all, normal or key"),
        (["tiny", "--json", "--jsonl"], 2, "contradict each other"),
        (["tiny", "--no-such"], 2, "No such option"),
    ],
)
def test_mistakes_on_the_command_line_start_nothing(
    msalab: Msalab, workspace: Path, arguments: list[str], code: int, says: str
) -> None:
    ended = msalab("scenario", *arguments)

    assert ended.code == code
    assert says in ended.err
    assert "Traceback" not in ended.err
    assert not (workspace / "runs").exists()


def test_all_wrong_faults_are_told_at_once(msalab: Msalab) -> None:
    ended = msalab("scenario", "tiny", "--fault", "net.los * for 1s", "--fault", "db.slo payment for 1s")

    assert "did you mean 'net.loss'?" in ended.err
    assert "did you mean 'db.slow'?" in ended.err
    assert "(2 errors; nothing was started)" in ended.err


def test_the_same_kind_of_fault_twice_gets_a_number(msalab: Msalab) -> None:
    line = "net.delay order -> payment latency=1ms for 1s"
    ended = msalab("scenario", "tiny", "--json", "--fault", line, "--fault", line)

    assert [fault["id"] for fault in json.loads(ended.out)["faults"]] == ["net.delay", "net.delay-2"]


def test_a_run_folder_that_cannot_be_written_ends_with_4_after_the_verdict(
    msalab: Msalab, workspace: Path
) -> None:
    (workspace / "runs").write_text("a file is in the way")

    ended = msalab("scenario", "breaks")

    assert ended.code == 4
    assert "✗ FAILED  1 of 2 expectations" in ended.out
    assert "how it came to be" in ended.out
    assert "  run      " not in ended.out
    assert ended.err.endswith(
        "error: runs cannot be written: File exists\n  (the run was played and judged, but not kept)\n"
    )


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 20,000 bytes, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_ends_with_4_after_the_verdict(msalab: Msalab) -> None:
    ended = msalab("scenario", "tiny", "--json")

    result = json.loads(ended.out)
    assert (ended.code, result["exit"], result["verdict"], result["artifacts"]) == (4, 4, "PASSED", [])
    assert "events.jsonl cannot be written: File too large\n" in ended.err


def test_the_folder_of_runs_is_the_option_then_the_environment(
    msalab: Msalab, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSALAB_RUNS", "elsewhere")

    msalab("scenario", "tiny", "-q")
    msalab("scenario", "tiny", "-q", "--out", "chosen")

    assert len(list((workspace / "elsewhere").iterdir())) == 1
    assert len(list((workspace / "chosen").iterdir())) == 1


def test_a_directory_to_work_in_can_be_given(msalab: Msalab, workspace: Path) -> None:
    ended = msalab("-C", str(workspace / "scenarios"), "scenario", "./tiny.yaml", "-q")

    assert ended.code == 0
    assert (workspace / "scenarios" / "runs").is_dir()
    assert msalab("-C", "/no/such/place", "version").code == 2


@pytest.mark.parametrize("option", ["--json", "--jsonl"])
def test_a_reader_that_stops_early_changes_neither_the_run_nor_its_code(workspace: Path, option: str) -> None:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "msa_lab", "scenario", "breaks", "-q", option],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=workspace,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()

    assert process.wait(timeout=60) == 1
    assert "Traceback" not in said
    assert len(list((workspace / "runs").glob("*/run.json"))) == 1


@pytest.mark.parametrize("option", ["--json", "--jsonl"])
def test_a_full_disk_behind_stdout_ends_with_4_and_the_run_is_kept(workspace: Path, option: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "msa_lab", "scenario", "breaks", "-q", option],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=workspace, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    assert ended.returncode == 4
    assert "error: the output cannot be written: No space left on device\n" in ended.stderr
    assert len(list((workspace / "runs").glob("*/run.json"))) == 1


def test_a_broken_figure_leads_to_the_figures(msalab: Msalab, workspace: Path) -> None:
    path = workspace / "scenarios" / "tiny.yaml"
    more = "  - {id: instant, metric: saga.checkout.duration, threshold: max < 1ms}\n"
    path.write_text(path.read_text() + more)

    ended = msalab("scenario", "tiny")
    assert ended.code == 1
    assert re.search(r"^  look     msalab metrics \w+$", ended.out, re.MULTILINE)
