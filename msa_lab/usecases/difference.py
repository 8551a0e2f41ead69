"""What differs between two runs: the first event, the fates of sagas, the verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.sagas import Sagas

ABSENT = "-"
"""The fate of a saga, or the verdict of an expectation, that one of the runs does not have."""


class Change(NamedTuple):
    """What became of a saga or an expectation in one run and in the other."""

    name: str
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Difference:
    """How two runs differ. `same` counts the events that are equal from the start on.

    `first` are the first events that are not, None where a log has ended; without any the logs are equal.
    """

    same: int
    first: tuple[LogEvent | None, LogEvent | None] | None
    sagas: int
    fates: tuple[Change, ...]
    verdicts: tuple[Change, ...]


def difference(
    one: Iterable[LogEvent],
    other: Iterable[LogEvent],
    verdicts: tuple[Mapping[str, str], Mapping[str, str]],
) -> Difference:
    """Compare two logs, and the verdicts of both runs by the expectations' ids."""
    same, first = 0, None
    folds = Sagas(), Sagas()
    for left, right in zip_longest(one, other):
        for sagas, event in zip(folds, (left, right), strict=True):
            if event is not None:
                sagas.feed(event)
        if first is not None:
            continue
        if left == right:
            same += 1
        else:
            first = (left, right)
    states = [{name: view.state for name, view in sagas.views.items()} for sagas in folds]
    return Difference(
        same, first, len(states[0] | states[1]), _changes(states[0], states[1]), _changes(*verdicts)
    )


def _changes(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[Change, ...]:
    """Give what is not the same in both, in the order of the one, then of the other."""
    names = dict.fromkeys((*one, *other))
    found = (Change(name, one.get(name, ABSENT), other.get(name, ABSENT)) for name in names)
    return tuple(change for change in found if change.one != change.other)


def verdicts_of(summary: Mapping[str, Any]) -> dict[str, str]:
    """Give the verdicts of a run's result by the expectations' ids."""
    return {str(it["id"]): str(it["verdict"]) for it in summary.get("expectations") or ()}
