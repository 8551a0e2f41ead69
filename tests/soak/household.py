"""A run as seen from outside: its processes by name, and what each of them holds open."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped] # has no types of its own

FORK_SERVER = "nursery"


@dataclass(frozen=True, slots=True)
class Holding:
    """What a process holds: open files, threads, listening sockets, connections that the other end closed."""

    files: int
    threads: int
    listening: int
    abandoned: int


def holding(process: psutil.Process) -> Holding:
    """Look at a process."""
    kinds = Counter(_kind(Path(f"/proc/{process.pid}/fd/{number}")) for number in _numbers(process.pid))
    states = Counter(connection.status for connection in process.net_connections("tcp"))
    return Holding(
        kinds["file"], process.num_threads(), states[psutil.CONN_LISTEN], states[psutil.CONN_CLOSE_WAIT]
    )


def _numbers(pid: int) -> list[str]:
    return os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - names, not paths


def _kind(number: Path) -> str:
    try:
        return "socket" if str(number.readlink()).startswith("socket:") else "file"
    except OSError:
        return ""


class Household:
    """The processes of the run that `supervisor` plays, and whoever was ever among them."""

    def __init__(self, supervisor: int) -> None:
        self._supervisor = psutil.Process(supervisor)
        self.seen: set[psutil.Process] = set()

    @property
    def has_fork_server(self) -> bool:
        """Whether the fork server is there."""
        return len(self._supervisor.children()) == 1

    def fork_server(self) -> psutil.Process:
        """Give the fork server."""
        (found,) = self._supervisor.children()
        self.seen.add(found)
        return found

    def members(self) -> Mapping[str, psutil.Process]:
        """Give the processes that the fork server has started and that have come up, by name."""
        found = {}
        for process in self.fork_server().children():
            self.seen.add(process)
            try:
                name = Path(f"/proc/{process.pid}/fd/2").readlink().stem
            except OSError:
                continue  # it has just died
            if name != FORK_SERVER:  # else it is being born
                found[name] = process
        return found

    def alive_after(self, seconds: float) -> list[psutil.Process]:
        """Wait until all that were ever seen have ended, at the most so long; give those that have not."""
        _, alive = psutil.wait_procs(self.seen, timeout=seconds)
        return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
