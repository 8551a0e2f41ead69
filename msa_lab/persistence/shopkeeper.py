"""Keeps what of a running shop outlives its processes: its age, numbers given away, whether it is seeded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from msa_lab.persistence.shoplog import ShopLog
from msa_lab.persistence.shops import ShopFolder
from msa_lab.telemetry.canonical import CanonicalWriter

_GAP = 1_000_000
"""How far, in microseconds, a new start stands after the last event when the machine's clock was put back."""


class ShopKeeper:
    """The memory of one shop. Hold its lock."""

    def __init__(self, folder: ShopFolder, log: ShopLog, writer: CanonicalWriter) -> None:
        self._folder = folder
        self._log = log
        self._writer = writer
        self._past: dict[str, Any] = {"born": time.time_ns(), "origin": 0, "given": "", **folder.past}

    @property
    def seeded(self) -> bool:
        """Whether the databases hold a scenario's `given`."""
        return bool(self._past["given"])

    @property
    def ports(self) -> Mapping[str, int]:
        """Where instances listened last time."""
        return dict(self._past.get("ports", {}))

    def settle(self, ports: Mapping[str, int], topology: str) -> None:
        """Remember how the shop is built and where it listens."""
        self._past |= {"ports": dict(ports), "topology": topology}
        self._folder.remember(self._past)

    def start(self) -> int:
        """Give the shop's birth on the monotonic clock, in nanoseconds: its time goes on while it is down."""
        age = (time.time_ns() - int(self._past["born"])) // 1000
        if self._log.last is not None:
            age = max(age, self._log.last.t + _GAP)
        return time.monotonic_ns() - age * 1000

    def origin(self) -> int:
        """Give the next number of a process; it is on disk before it is used."""
        self._past["origin"] += 1
        self._folder.remember(self._past)
        return int(self._past["origin"])

    def seed(self, scenario: str) -> None:
        """The databases hold the scenario's `given` now."""
        self._past["given"] = scenario
        self._folder.remember(self._past)

    @property
    def trouble(self) -> str:
        """Why the log has ended, '' while it goes on."""
        return "" if self._log.trouble is None else str(self._log.trouble)

    def list_processes(self, processes: list[dict[str, Any]]) -> None:
        """Keep who was started."""
        self._folder.list_processes(processes)

    def flush(self) -> None:
        """Write what was logged to disk."""
        self._writer.flush()
