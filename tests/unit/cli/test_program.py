import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from msa_lab.bootstrap import Workspace
from msa_lab.cli.messages import told
from msa_lab.errors import EnvironmentTrouble, UserMistake

Msalab = Callable[..., Any]


def instead(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen while the services are looked for."""
    monkeypatch.setattr(Workspace, "specs", lambda _: happens())


def test_a_bug_of_ours_is_shown_whole_and_ends_with_70(
    msalab: Msalab, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, lambda: 1 // 0)

    ended = msalab("scenario", "tiny")
    assert ended.code == 70
    assert "Traceback" in ended.err
    assert "ZeroDivisionError" in ended.err
    assert ended.err.endswith(
        "This is a bug of MSA Lab, not a result. Please report it with the lines above.\n"
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_the_run_ends_at_once(
    msalab: Msalab, monkeypatch: pytest.MonkeyPatch, workspace: Path, number: signal.Signals, code: int
) -> None:
    instead(monkeypatch, lambda: signal.raise_signal(number))

    ended = msalab("scenario", "tiny")
    assert ended.code == code
    assert ended.err == "\ninterrupted; nothing was left running\n"
    assert not (workspace / "runs").exists()


def test_the_handlers_of_signals_are_given_back(msalab: Msalab) -> None:
    before = signal.getsignal(signal.SIGINT)

    msalab("scenario", "tiny", "-q")

    assert signal.getsignal(signal.SIGINT) is before


def test_a_machine_without_a_home_can_play(msalab: Msalab, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)

    assert msalab("scenario", "tiny", "-q").code == 0


def test_a_deleted_directory_is_trouble(
    msalab: Msalab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    ended = msalab("scenario", "checkout")
    assert ended.code == 4
    assert ended.err == "error: the current directory: No such file or directory\n"


def test_options_may_stand_before_the_name(msalab: Msalab) -> None:
    assert msalab("scenario", "-q", "tiny").out.startswith("✓ PASSED")


@pytest.mark.parametrize("group", ["scenario", "saga", "runs", "topology", "chaos", "completion"])
def test_a_group_alone_says_what_there_is(msalab: Msalab, group: str) -> None:
    ended = msalab(group)

    assert ended.code == 0
    assert ended.out.startswith(f"Usage: msalab {group} [OPTIONS] COMMAND [ARGS]...\n")


def test_an_unknown_command_ends_with_2(msalab: Msalab) -> None:
    assert msalab("scenrio", "tiny").code == 2


def test_mistakes_are_counted_and_troubles_are_not() -> None:
    assert told(UserMistake("no")) == "error: no\n  (1 error; nothing was started)"
    assert told(EnvironmentTrouble("no")) == "error: no"


def test_long_lists_of_names_are_broken_over_lines() -> None:
    lines = told(UserMistake(f"unknown 'x'\n  there are: {', '.join(['somebody'] * 30)}")).splitlines()

    assert len(lines) > 4
    assert all(len(line) <= 80 for line in lines)


def test_the_version_is_told_by_option_too(msalab: Msalab) -> None:
    assert msalab("--version").out == msalab("version").out


def test_options_without_a_command_ask_for_one(msalab: Msalab) -> None:
    ended = msalab("-q")

    assert ended.code == 2
    assert "which command? msalab --help lists them" in ended.err
