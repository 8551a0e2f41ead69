"""Opens kept runs for the commands that look at them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from msa_lab import bootstrap
from msa_lab.cli.kept import stored
from msa_lab.cli.places import here, runs_folder, shops_folder
from msa_lab.errors import UserMistake
from msa_lab.persistence import LiveRun, RunStore, StoredRun
from msa_lab.scenario.expressions import InvalidExpression
from msa_lab.scenario.sagascope import saga_filter
from msa_lab.scenario.vocabulary import vocabulary
from msa_lab.source import InvalidFile, Mistake, Place, meant, quoted
from msa_lab.source.mistakes import SYNTAX
from msa_lab.telemetry.sagas import Sagas, SagaView
from msa_lab.telemetry.tally import Tally

__all__ = [
    "SAGA_MARK",
    "filter_of",
    "looked_at",
    "metrics_of",
    "saga_filter",
    "saga_named",
    "sagas_of",
]
SAGA_MARK = b'"kind":"saga.'


def looked_at(run: str | None) -> StoredRun:
    """Open a run, or the event log of a shop by the shop's name.

    Raises:
        UserMistake: when there is neither.
        EnvironmentTrouble: when it is damaged.
    """
    if run is not None and hasattr(os, "fork"):
        from msa_lab.persistence.shops import ShopStore  # noqa: PLC0415 - needs a Unix

        shops = {shop.name: shop for shop in ShopStore(shops_folder()).all()}
        if run in shops and run not in RunStore(runs_folder()).ids():
            return LiveRun(shops[run].events, {"run": run, "expectations": []})
    return stored(run)


def metrics_of(run: StoredRun) -> Mapping[str, Mapping[str, Any]]:
    """Give the metrics of a run's result; for a shop, fold those of its log.

    A shop does not log what its callers ask of it: metrics of requests are left out where there are none.
    """
    if not isinstance(run, LiveRun):
        return run.summary.get("metrics") or {}
    words = vocabulary(bootstrap.Workspace(here()).specs())
    tally = Tally(words.metrics, words.sagas)
    marks = [b'"kind":' + msgspec.json.encode(kind) for kind in tally.kinds]
    now = 0
    for event in run.events(*marks):
        tally.feed(event)
        now = event.t
    return {
        name: values
        for name, values in tally.metrics(now).items()
        if values.get("count") or not name.startswith("request.")
    }


def sagas_of(run: StoredRun) -> dict[str, SagaView]:
    """Fold the sagas of a run."""
    sagas = Sagas()
    for event in run.events(SAGA_MARK):
        sagas.feed(event)
    return dict(sagas.views)


def saga_named(views: dict[str, SagaView], name: str, run: StoredRun) -> SagaView:
    """Find a saga.

    Raises:
        UserMistake: when there is none of that id.
    """
    if name in views:
        return views[name]
    guess = meant(name, views)
    raise UserMistake(
        f"run {run.id} has no saga {quoted(name)}{guess}\n  list them:  msalab saga list --run {run.id}"
    )


def filter_of(option: str, text: str, compiled: Callable[[str], Callable[..., bool]]) -> Callable[..., bool]:
    """Compile an expression of the command line, with its mistakes shown in place.

    Raises:
        InvalidFile: with all mistakes.
    """
    try:
        return compiled(text)
    except InvalidExpression as invalid:
        mistakes = [
            Mistake(
                SYNTAX,
                problem.message,
                Place(option, 1, problem.offset + 1, max(1, problem.length)),
                problem.suggestion,
                problem.hint,
            )
            for problem in invalid.problems
        ]
        raise InvalidFile(mistakes, {option: text}) from invalid
