"""The view in a real terminal: whatever ends it, the terminal is given back as it was."""

import json
import os
import signal
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.staging import SUMMARY, write_log
from tests.tui.terminals import CURSOR_ON, ENTERED, LEFT, MOUSE_OFF, PATIENCE, Terminal


@pytest.fixture
def place(tmp_path: Path) -> Path:
    run = tmp_path / "runs" / "abc123"
    run.mkdir(parents=True)
    write_log(run / "events.jsonl")
    summary = {**SUMMARY, "started": "2026-01-01T00:00:00+00:00", "schema": "msalab/run@1"}
    (run / "run.json").write_text(json.dumps(summary))
    return tmp_path


def quit_key(terminal: Terminal) -> None:
    os.write(terminal.master, b"q")


def twice_interrupt_key(terminal: Terminal) -> None:
    os.write(terminal.master, b"\x03")
    terminal.wait_for(b"once more")
    os.write(terminal.master, b"\x03")


def interrupt(number: signal.Signals) -> Callable[[Terminal], None]:
    return lambda terminal: terminal.process.send_signal(number)


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        (quit_key, 0),
        (twice_interrupt_key, 130),
        (interrupt(signal.SIGTERM), 143),
        (interrupt(signal.SIGHUP), 129),
        (interrupt(signal.SIGINT), 130),
    ],
    ids=["q", "^c^c", "SIGTERM", "SIGHUP", "SIGINT"],
)
def test_the_terminal_is_given_back(place: Path, ends: Callable[[Terminal], None], code: int) -> None:
    terminal = Terminal(place, "tui")
    try:
        terminal.wait_for(ENTERED)
        terminal.wait_for(b"Services")
        ends(terminal)

        assert terminal.end() == code
        tail = terminal.output[terminal.output.rindex(ENTERED) :]
        assert LEFT in tail
        assert MOUSE_OFF in tail
        assert CURSOR_ON in tail
        assert termios.tcgetattr(terminal.slave) == terminal.before
    finally:
        terminal.close()


def test_a_view_whose_terminal_is_gone_ends_by_itself(place: Path) -> None:
    terminal = Terminal(place, "replay")
    try:
        terminal.wait_for(ENTERED)
        terminal.wait_for(b"Services")
        terminal.vanish()

        assert terminal.process.wait(PATIENCE) == 4  # its verdict can be told to nobody
    finally:
        terminal.close()


def test_the_verdict_is_printed_when_the_view_is_closed(place: Path) -> None:
    terminal = Terminal(place, "replay", "--at", "4.2")
    try:
        terminal.wait_for(b"PAUSED")
        quit_key(terminal)

        assert terminal.end() == 0
        after = terminal.output[terminal.output.rindex(LEFT) :]
        assert b"FAILED" in after
        assert b"captured-once" in after
    finally:
        terminal.close()


def test_a_damaged_log_ends_the_view_with_a_sentence(place: Path) -> None:
    log = place / "runs" / "abc123" / "events.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"seq":30', b'"seq":?', 1))
    terminal = Terminal(place, "tui")
    try:
        assert terminal.end() == 4
        assert b"events.jsonl:30 is no event" in terminal.output
        assert b"Traceback" not in terminal.output
        assert termios.tcgetattr(terminal.slave) == terminal.before
    finally:
        terminal.close()


def test_a_crash_of_the_view_gives_the_terminal_back_and_is_our_bug(place: Path) -> None:
    broken = json.loads((place / "runs" / "abc123" / "run.json").read_text())
    broken["expectations"][0].pop("observed")
    (place / "runs" / "abc123" / "run.json").write_text(json.dumps(broken))
    terminal = Terminal(place, "tui")
    try:
        assert terminal.end() == 70
        assert b"Traceback" in terminal.output
        assert termios.tcgetattr(terminal.slave) == terminal.before
    finally:
        terminal.close()
