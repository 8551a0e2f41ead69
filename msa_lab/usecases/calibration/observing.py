"""What a quiet shop's log says of how long its parts take, as a fold.

Measured are differences of the log's own instants, which all come from one clock. With hardly anybody in the
shop nothing waits for a CPU, so what is seen is what the work itself takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msa_lab.telemetry.events import LogEvent

KINDS: Final = (
    "call.sent", "call.received", "call.replied", "call.returned", "commit", "event.recorded",
    "event.delivered", "event.applied", "shopper.request",
)  # fmt: skip

Work = tuple[str, str]
"""A service and what it works on: one of its operations, or an event that it hears."""


@dataclass(slots=True)
class Timed:
    """How long one kind of work took at its service, in microseconds, calls of others left out.

    `commits` counts the transactions in all of it that are logged; their time is in `own`.
    """

    own: list[int] = field(default_factory=list)
    commits: float = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Durations in microseconds; `requests` counts those of shoppers.

    `trips` are there and back without the work between, by operation: of calls, and of shoppers' requests.
    `replies` are the ways back alone, from the callee's reply to the caller, by the caller's service.
    `commits` are from the reply to a saga's step to the next step: the transaction between. `lags` are from
    fact to delivery. `committed` counts all transactions of each service.
    """

    work: Mapping[Work, Timed]
    trips: Mapping[str, Sequence[int]]
    commits: Sequence[int]
    lags: Sequence[int]
    requests: int
    replies: Mapping[str, Sequence[int]] = field(default_factory=dict)
    committed: Mapping[str, int] = field(default_factory=dict)

    def with_those_of(self, other: Measured) -> Measured:
        """Give what was seen in both, as one."""
        nothing = Timed()
        both = (
            (work, self.work.get(work, nothing), other.work.get(work, nothing))
            for work in {**self.work, **other.work}
        )
        return Measured(
            {
                work: Timed([*first.own, *second.own], first.commits + second.commits)
                for work, first, second in both
            },
            joined(self.trips, other.trips),
            [*self.commits, *other.commits],
            [*self.lags, *other.lags],
            self.requests + other.requests,
            joined(self.replies, other.replies),
            Counter(self.committed) + Counter(other.committed),
        )


def joined(first: Mapping[str, Sequence[int]], second: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Give the samples of both, by name."""
    return {name: [*first.get(name, ()), *second.get(name, ())] for name in {**first, **second}}


@dataclass(slots=True)
class _Call:
    service: str
    operation: str
    parent: int
    sent: int = 0
    received: int = 0
    replied: int = 0


class Observer:
    """Folds what happens from `begin` on; what was under way then is left out."""

    def __init__(self, begin: int) -> None:
        self._begin = begin
        self._work: dict[Work, Timed] = {}
        self._trips: dict[str, list[int]] = {}
        self._commits: list[int] = []
        self._lags: list[int] = []
        self._calls: dict[int, _Call] = {}
        self._below: dict[int, list[tuple[int, int]]] = {}
        self._within: dict[int, int] = {}
        self._entered: dict[int, tuple[str, int]] = {}
        self._steps: dict[tuple[str, str], int] = {}
        self._recorded: dict[str, int] = {}
        self._deliveries: dict[tuple[str, str], int] = {}
        self._requests = 0
        self._replies: dict[str, list[int]] = {}
        self._committed: dict[str, int] = {}

    def feed(self, event: LogEvent) -> None:
        """Take in the next event."""
        if event.t >= self._begin:
            _FEEDS[event.kind](self, event)

    def measured(self) -> Measured:
        """Give what was found."""
        return Measured(
            self._work, self._trips, self._commits, self._lags, self._requests, self._replies, self._committed
        )

    def _sent(self, event: LogEvent) -> None:
        detail = event.detail
        call = _Call(event.service, detail["operation"], event.span, sent=event.t)
        self._calls[detail["call"]] = call
        if not event.span and (since := self._steps.pop((event.instance, event.saga), 0)):
            self._commits.append(event.t - since)

    def _received(self, event: LogEvent) -> None:
        number = event.detail["call"]
        call = self._calls.get(number)
        if call is None:  # nobody of ours sent it: a shopper
            call = self._calls[number] = _Call("", event.detail["operation"], 0)
        call.service, call.received = event.service, event.t

    def _replied(self, event: LogEvent) -> None:
        number = event.detail["call"]
        call = self._calls.get(number)
        if call is None or not call.received:
            return
        call.replied = event.t
        below = self._below.pop(number, [])
        commits = self._within.pop(number, 0)
        if event.detail["outcome"] == "ok":
            timed = self._work.setdefault((call.service, call.operation), Timed())
            timed.own.append(event.t - call.received - covered(below))
            timed.commits += commits
        if not call.sent:
            self._entered[event.trace] = (call.operation, event.t - call.received)
            del self._calls[number]

    def _returned(self, event: LogEvent) -> None:
        call = self._calls.pop(event.detail["call"], None)
        if call is None:
            return
        if call.parent:
            self._below.setdefault(call.parent, []).append((call.sent, event.t))
        elif event.saga:
            self._steps[event.instance, event.saga] = event.t
        if call.replied and event.detail["outcome"] == "ok":
            trip = event.t - call.sent - (call.replied - call.received)
            self._trips.setdefault(call.operation, []).append(trip)
            self._replies.setdefault(event.service, []).append(event.t - call.replied)

    def _commit(self, event: LogEvent) -> None:
        self._committed[event.service] = self._committed.get(event.service, 0) + 1
        if event.span:
            self._within[event.span] = self._within.get(event.span, 0) + 1

    def _request(self, event: LogEvent) -> None:
        self._requests += 1
        operation, inside = self._entered.pop(event.trace, ("", 0))
        if operation and event.detail["outcome"] == "ok":
            self._trips.setdefault(operation, []).append(event.detail["took"] - inside)

    def _fact(self, event: LogEvent) -> None:
        self._recorded[event.detail["id"]] = event.t

    def _delivered(self, event: LogEvent) -> None:
        detail = event.detail
        self._deliveries[detail["id"], detail["group"]] = event.t
        recorded = self._recorded.get(detail["id"])
        if recorded is not None and detail["attempt"] == 1:
            self._lags.append(event.t - recorded)

    def _applied(self, event: LogEvent) -> None:
        detail = event.detail
        delivered = self._deliveries.pop((detail["id"], detail["group"]), None)
        if delivered is not None:
            timed = self._work.setdefault((event.service, detail["event"]), Timed())
            timed.own.append(event.t - delivered)
            timed.commits += 1


_FEEDS: Final = {
    "call.sent": Observer._sent,  # noqa: SLF001 - its own table
    "call.received": Observer._received,  # noqa: SLF001
    "call.replied": Observer._replied,  # noqa: SLF001
    "call.returned": Observer._returned,  # noqa: SLF001
    "commit": Observer._commit,  # noqa: SLF001
    "event.recorded": Observer._fact,  # noqa: SLF001
    "event.delivered": Observer._delivered,  # noqa: SLF001
    "event.applied": Observer._applied,  # noqa: SLF001
    "shopper.request": Observer._request,  # noqa: SLF001
}


def covered(intervals: Sequence[tuple[int, int]]) -> int:
    """Give how much time intervals cover together; calls side by side overlap."""
    total, until = 0, 0
    for begin, end in sorted(intervals):
        total += max(0, end - max(begin, until))
        until = max(until, end)
    return total
