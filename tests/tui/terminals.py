"""A pseudo-terminal in which the program runs as it does before a user."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_OFF, CURSOR_ON = b"\x1b[?1000l", b"\x1b[?25h"
PATIENCE = 30
_NOT_OURS = ("NO_COLOR", "CI", "COLUMNS", "LINES")


class Terminal:
    """A pseudo-terminal with `msalab` in it."""

    def __init__(
        self, place: Path, *arguments: str, size: tuple[int, int] = (80, 24), **variables: str
    ) -> None:
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, size[::-1])
        self.before = termios.tcgetattr(self.slave)
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("NO_COLOR", "CI", "COLUMNS", "LINES")
        }
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "msa_lab", *arguments],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, cwd=place, start_new_session=True,
            env={
                **environment, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT),
                "XDG_STATE_HOME": str(place / "state"), **variables,
            },
        )  # fmt: skip
        self.output = b""

    def wait_for(self, text: bytes) -> None:
        stop = time.perf_counter() + PATIENCE
        while text not in self.output:
            assert time.perf_counter() < stop, self.output[-2000:]
            self._read()

    def _read(self) -> None:
        ready, _, _ = select.select([self.master], [], [], 0.1)
        if ready:
            self.output += os.read(self.master, 65536)

    def end(self) -> int:
        stop = time.perf_counter() + PATIENCE
        while self.process.poll() is None:
            assert time.perf_counter() < stop, self.output[-2000:]
            self._read()
        while select.select([self.master], [], [], 0.1)[0]:
            self._read()
        return self.process.returncode

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def after(self) -> str:
        """Give what stands on the normal screen after the view was left."""
        return self.output[self.output.rindex(LEFT) :].decode()

    def vanish(self) -> None:
        """Be gone, as a window that is closed."""
        os.close(self.master)
        os.close(self.slave)
        self.master = self.slave = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.master >= 0:
            self.vanish()
