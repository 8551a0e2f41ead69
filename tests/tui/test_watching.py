"""`msalab scenario` before a user: the view opens on a terminal and only there; then comes the verdict."""

import json
import signal
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.terminals import ENTERED, Terminal
from tests.unit.cli.conftest import BREAKS, WRONG

Open = Callable[..., Terminal]
ENDLESS = (
    BREAKS.replace("id: breaks", "id: endless").replace("duration: 3s", "duration: 10h")
).replace("for: 2s", "for: 10h")  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "scenarios").mkdir()
    for name, text in (("breaks", BREAKS), ("wrong", WRONG), ("endless", ENDLESS)):
        (tmp_path / "scenarios" / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def terminal(place: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def make(*arguments: str, **options: Any) -> Terminal:  # noqa: ANN401 - those of Terminal
        opened.append(Terminal(place, "scenario", *arguments, **options))
        return opened[-1]

    yield make
    for it in opened:
        it.close()


def result(place: Path) -> dict[str, Any]:
    """The result of the only run, as soon as it is there."""
    stop = time.perf_counter() + 30
    while not (found := list(place.glob("runs/*/run.json"))):
        assert time.perf_counter() < stop, "the run was not kept"
        time.sleep(0.05)
    (path,) = found
    read: dict[str, Any] = json.loads(path.read_text())
    return read


def test_a_scenario_opens_the_view_and_its_verdict_is_printed_after(place: Path, terminal: Open) -> None:
    window = terminal("breaks")
    window.wait_for(b"Services")
    window.wait_for(b"FAILED")
    window.type(b"q")

    assert window.end() == 1
    assert "nobody-pays" in window.after()
    assert "msalab scenario breaks --seed 7" in window.after()
    assert result(place)["verdict"] == "FAILED"


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        (lambda window: window.type(b"\x03\x03"), 130),
        (lambda window: window.process.send_signal(signal.SIGTERM), 143),
        (lambda window: window.process.send_signal(signal.SIGHUP), 129),
    ],
    ids=["^c^c", "SIGTERM", "SIGHUP"],
)
def test_whatever_ends_the_view_the_run_is_judged_and_kept(
    place: Path, terminal: Open, ends: Callable[[Terminal], None], code: int
) -> None:
    window = terminal("endless")
    window.wait_for(b"Services")
    ends(window)

    assert window.end() == code
    assert termios.tcgetattr(window.slave) == window.before
    assert "interrupted at" in window.after()
    assert result(place)["ended"] == "interrupted"


def test_the_run_does_not_outlive_a_view_that_was_killed(place: Path, terminal: Open) -> None:
    window = terminal("endless")
    window.wait_for(b"Services")
    window.process.kill()

    assert result(place)["ended"] == "interrupted"


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("breaks", "--ui", "plain"), {}),
        (("breaks", "-q"), {}),
        (("breaks", "--json"), {}),
        (("breaks",), {"TERM": "dumb"}),
        (("breaks",), {"CI": "1"}),
        (("breaks",), {"size": (59, 16)}),
        (("breaks",), {"size": (60, 15)}),
    ],
    ids=["plain", "quiet", "json", "dumb", "CI", "narrow", "low"],
)
def test_elsewhere_the_output_stays_plain(
    terminal: Open, arguments: tuple[str, ...], options: dict[str, Any]
) -> None:
    window = terminal(*arguments, **options)

    assert window.end() == 1
    assert ENTERED not in window.output
    assert b"nobody-pays" in window.output


def test_the_smallest_window_opens_it(terminal: Open) -> None:
    window = terminal("breaks", size=(60, 16))
    window.wait_for(ENTERED)
    window.wait_for(b"1/7 Live")
    window.type(b"q")

    assert window.end() == 1


def test_a_wrong_file_is_told_before_any_screen_opens(terminal: Open) -> None:
    window = terminal("wrong")

    assert window.end() == 3
    assert ENTERED not in window.output
    assert b"did you mean" in window.output
