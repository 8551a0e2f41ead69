"""What one process counts while it works: plain numbers in dictionaries, for the metrics page.

Most is folded from what the hosts tell the log, whether anybody keeps that log or not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histogram, in seconds."""

_BOUNDS = tuple(round(bound * 1_000_000_000) for bound in BUCKETS)
INVALID = "InvalidRequest"

Key = tuple[str, str, str, str]
"""Metric, owner (an instance, or a service for what its process does as a whole), and two labels."""


Fold = Callable[[str, Mapping[str, Any]], None]
"""Takes the instance and the detail of an event."""


@dataclass(slots=True)
class Meter:
    """Counts of one process."""

    counts: dict[Key, int] = field(default_factory=dict)
    spans: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    sums: dict[tuple[str, str], int] = field(default_factory=dict)
    folds: Mapping[str, Fold] = field(init=False)

    def __post_init__(self) -> None:
        self.folds = {
            "call.sent": self._call("sent"),
            "call.returned": self._call("answered"),
            "call.failed": self._call_failed,
            "call.retried": self._call("retried"),
            "commit": self._commit,
            "commit.failed": self._commit_failed,
            "event.published": self._published,
            **{
                kind: self._delivery(kind.removeprefix("event."))
                for kind in (
                    "event.delivered",
                    "event.applied",
                    "event.skipped",
                    "event.retried",
                    "event.dead",
                )
            },
            **{
                kind: self._saga(kind.removeprefix("saga."))
                for kind in ("saga.started", "saga.completed", "saga.turned", "saga.compensated")
            },
            "fault.hit": self._fault,
        }

    def add(self, metric: str, owner: str, first: str = "", second: str = "") -> None:
        """Count one."""
        key = (metric, owner, first, second)
        self.counts[key] = self.counts.get(key, 0) + 1

    def request(self, instance: str, operation: str, outcome: str, took: int) -> None:
        """Count a request that the host has answered after `took` nanoseconds."""
        self.add("requests", instance, operation, outcome)
        place = (instance, operation)
        span = self.spans.get(place)
        if span is None:
            span = self.spans[place] = [0] * (len(BUCKETS) + 1)
            self.sums[place] = 0
        span[bisect_left(_BOUNDS, took)] += 1
        self.sums[place] += took

    def unread(self, instance: str, operation: str) -> None:
        """Count a request that could not be read."""
        self.add("requests", instance, operation, INVALID)

    # -- folds over what is told to the log ---------------------------------------------------------------

    def _call(self, outcome: str) -> Fold:
        def count(instance: str, detail: Mapping[str, Any]) -> None:
            self.add("calls", instance, detail["operation"], outcome)

        return count

    def _call_failed(self, instance: str, detail: Mapping[str, Any]) -> None:
        self.add("calls", instance, detail["operation"], detail["reason"])

    def _commit(self, instance: str, _detail: Mapping[str, Any]) -> None:
        self.add("commits", instance)

    def _commit_failed(self, instance: str, detail: Mapping[str, Any]) -> None:
        self.add("commit_failures", instance, detail["reason"])

    def _published(self, _instance: str, detail: Mapping[str, Any]) -> None:
        self.add("published", "", detail["event"])

    def _delivery(self, outcome: str) -> Fold:
        def count(instance: str, detail: Mapping[str, Any]) -> None:
            self.add("deliveries", instance or detail["group"], detail["event"], outcome)

        return count

    def _saga(self, outcome: str) -> Fold:
        def count(instance: str, detail: Mapping[str, Any]) -> None:
            self.add("sagas", instance, detail["name"], outcome)

        return count

    def _fault(self, instance: str, _detail: Mapping[str, Any]) -> None:
        self.add("faults", instance)
