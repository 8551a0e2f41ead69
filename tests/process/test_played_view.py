"""The live view on a run of real processes that it plays itself, in a real terminal."""

import contextlib
import re
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.terminal import until
from tests.tui.terminals import ENTERED, LEFT, Terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="plays real processes")
PLAY = ("scenario", "checkout", "--mode", "process", "--topology", "monolith", "--seed", "7")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    played = Terminal(tmp_path, *PLAY, size=(120, 40), TMPDIR=str(tmp_path))
    yield played
    played.close()


def working_in(place: Path) -> list[int]:
    """Give the processes whose temporary files lie in a folder: all that the view started, and it itself."""
    mark = f"TMPDIR={place}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it ended meanwhile, or is another's
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def test_it_is_followed_hurt_and_ended_from_the_view(terminal: Terminal, tmp_path: Path) -> None:
    terminal.wait_for(ENTERED)
    terminal.wait_for(b"LIVE")
    terminal.wait_for(b"ord-")  # a saga has begun
    assert len(working_in(tmp_path)) > 1

    terminal.type(b"x")
    terminal.wait_for(b"Chaos, now")
    terminal.type(b"net.delay payment -> psp\r")
    terminal.wait_for(b"FAULTS 1")
    terminal.type(b"!")
    terminal.wait_for(b"healed")
    terminal.type(b"f")
    terminal.wait_for(b"Real time cannot be played again")

    terminal.type(b"q")
    terminal.wait_for(b"still running")
    terminal.type(b"\r")
    code = terminal.end()

    left = terminal.after()
    assert code in (1, 5, 130), left
    assert re.search(r"run +[0-9a-f]{6}", left)
    assert "--mode process" in left
    assert LEFT in terminal.output
    assert termios.tcgetattr(terminal.slave) == terminal.before
    until("no process is left", lambda: not working_in(tmp_path))
    assert not [*tmp_path.glob("msalab-*")]
