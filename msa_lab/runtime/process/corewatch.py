"""Watches whether this machine's cores are there, and how fast, while something else is measured on them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from msa_lab.runtime.process.coreprobe import LATE, SLOW, TICK
from msa_lab.runtime.process.cores import CoreTimes, read_core_times
from msa_lab.usecases.calibration.stalling import SlowPhase, Watched, slow_phases

PROBE = Path(__file__).with_name("coreprobe.py")
READY_WITHIN = 5_000_000_000
"""How many nanoseconds a probe may take to begin."""


@dataclass(frozen=True, slots=True)
class CoreWatch:
    """One probe on each core that writes into `told`; without any it knows only what the system counts."""

    began: int
    before: CoreTimes
    told: tuple[IO[bytes], ...]

    def seen(self) -> Watched:
        """Give what the probes saw so far: a stall from the first tick in it, half a tick late on average."""
        time_of_all = (time.monotonic_ns() // 1000 - self.began) * len(self.told)
        lengths: list[int] = []
        slow: list[SlowPhase] = []
        for told in self.told:
            looks = [
                (int(due), int(late), int(took)) for due, late, took in map(bytes.split, _lines(told)[1:])
            ]
            lengths += [late for _, late, _ in looks if late * 1000 > LATE]
            slow += slow_phases(
                [(due, took / 1000) for due, _, took in looks if took > 1000 * SLOW], TICK // 1000
            )
        return Watched(time_of_all, lengths, slow)

    def stolen(self) -> float:
        """Give which share of the time that cores were wanted a host kept them back; 0 where unknown."""
        return read_core_times().share_since(self.before)


def _lines(told: IO[bytes]) -> list[bytes]:
    """Give all whole lines; the last may still be written.

    Who writes shares the place in the file with whoever reads on from it, and moves it to the end.
    """
    text = b""
    while more := os.pread(told.fileno(), 1_000_000, len(text)):
        text += more
    return text.split(b"\n")[:-1]


@contextmanager
def watched_cores() -> Iterator[CoreWatch]:
    """Watch each core that this process may use, until the end.

    Where that takes a right that this user lacks, or the system knows no such thing, no probe watches.
    """
    with ExitStack() as stack:
        probes = [stack.enter_context(_probe(core)) for core in _cores()]
        watching = all(_begins(probe, out) for probe, out in probes)
        told = tuple(out for _, out in probes) if watching else ()
        yield CoreWatch(time.monotonic_ns() // 1000, read_core_times(), told)


def _cores() -> list[int]:
    able = hasattr(os, "sched_getaffinity") and hasattr(os, "sched_setscheduler")
    return sorted(os.sched_getaffinity(0)) if able else []


@contextmanager
def _probe(core: int) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    with tempfile.TemporaryFile("a+b") as out:
        command = [sys.executable, "-I", "-S", str(PROBE), str(core)]
        probe = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)  # noqa: S603 - this Python, our own words
        try:
            yield probe, out
        finally:
            probe.kill()
            probe.wait()


def _begins(probe: subprocess.Popen[bytes], out: IO[bytes]) -> bool:
    """Wait until a probe watches; False when it ended or does not come to it."""
    until = time.monotonic_ns() + READY_WITHIN
    while time.monotonic_ns() < until:
        if _lines(out):
            return True
        if probe.poll() is not None:
            return False
        time.sleep(0.01)
    return False
