"""Runs Locust as a process of its own and reads its figures; the command line never imports gevent."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process import journeys as told
from msa_lab.runtime.process.doors import LOOPBACK, bound
from msa_lab.runtime.process.journeys import JOURNEYS, Journeys

LATE = 15.0
"""How many seconds Locust has after its time to say what it saw."""

_PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many come, how fast (a second) and for how long (seconds); by how many processes; with a page."""

    users: int
    spawn_rate: float
    seconds: float
    workers: int = 0
    web: bool = False


class Locusts:
    """One load under way."""

    def __init__(self, journeys: Journeys, crowd: Crowd, folder: Path) -> None:
        """Start it; its own words go to `folder`.

        Raises:
            EnvironmentTrouble: when it cannot be started.
        """
        self._crowd = crowd
        self._log = folder / "locust.out"
        file = folder / "journeys"
        file.write_bytes(pickle.dumps(journeys))
        self.page = f"http://{LOOPBACK}:{_free_port()}" if crowd.web else ""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - this Python, our own words
                    [sys.executable, "-m", "locust", *self._words()],
                    cwd=folder,
                    env=environment | {JOURNEYS: str(file)},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is the command's affair
                )
        except OSError as error:
            raise EnvironmentTrouble(f"Locust cannot be started: {error.strerror or error}") from error

    def _words(self) -> list[str]:
        crowd = self._crowd
        words = [
            "-f", str(Path(told.__file__).with_name("locustfile.py")), "--json",
            "--users", str(crowd.users), "--spawn-rate", str(crowd.spawn_rate),
            "--run-time", f"{max(1, round(crowd.seconds))}s", "--stop-timeout", "5",
        ]  # fmt: skip
        if crowd.web:
            words += ["--autostart", "--web-host", LOOPBACK, "--web-port", self.page.rpartition(":")[2]]
        else:
            words += ["--headless"]
        if crowd.workers:
            port = str(_free_port())
            words += [
                "--processes", str(crowd.workers), "--master-host", LOOPBACK, "--master-port", port,
                "--master-bind-host", LOOPBACK, "--master-bind-port", port,
            ]  # fmt: skip
        return words

    def wait(self) -> list[dict[str, Any]]:
        """Wait for the end and give the figures, one mapping an operation.

        Raises:
            EnvironmentTrouble: when Locust fails.
        """
        limit = None if self._crowd.web else self._crowd.seconds + LATE + 5.0
        try:
            out, _ = self._process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise EnvironmentTrouble(f"Locust did not end in time; see {self._log}") from None
        figures = _figures(out)
        if figures is None:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
            raise EnvironmentTrouble(f"Locust failed: {last}\n  all it said: {self._log}")
        return figures

    def stop(self) -> None:
        """Ask it to end; `wait` then gives what it has seen."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it and its workers at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _free_port() -> int:
    listening = bound()
    try:
        return int(listening.getsockname()[1])
    finally:
        listening.close()


def _figures(out: bytes) -> list[dict[str, Any]] | None:
    """Read Locust's figures; None when there are none. Each worker prints its own share, too."""
    text, place = out.decode(errors="replace"), 0
    found: list[list[dict[str, Any]]] = []
    while (place := text.find("[", place)) >= 0:
        try:
            entries, place = json.JSONDecoder().raw_decode(text, place)
        except ValueError:
            place += 1
        else:
            found.append(entries)
    if not found:
        return None
    return [_entry(entry) for entry in max(found, key=_requests)]


def _requests(entries: Sequence[Mapping[str, Any]]) -> int:
    return sum(int(entry["num_requests"]) for entry in entries)


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give count, failures, rate a second and times in milliseconds of one operation or journey."""
    count = int(entry["num_requests"])
    times = {float(time): int(number) for time, number in entry["response_times"].items()}
    begun, last = entry["start_time"], entry["last_request_timestamp"] or entry["start_time"]
    seconds = max(float(last) - float(begun), 1.0)
    longest = entry["max_response_time"]  # Locust rounds the others to two digits
    figures = {f"p{share}": min(percentile(times, share), longest) for share in _PERCENTILES}
    return {
        "name": entry["name"], "journey": entry["method"] == "journey", "count": count,
        "failures": int(entry["num_failures"]), "rate": round(count / seconds, 2), **figures,
        "max": longest,
    }  # fmt: skip


def percentile(times: Mapping[float, int], share: int) -> float:
    """Give the nearest-rank percentile of a histogram: value to count."""
    rank = -(-sum(times.values()) * share // 100)
    for value in sorted(times):
        rank -= times[value]
        if rank <= 0:
            return value
    return 0.0
