"""What the vocabulary says of itself, as reference pages in Markdown: metrics, and the events of the log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msa_lab.scenario.vocabulary import Vocabulary
from msa_lab.telemetry.catalogue import MetricType
from msa_lab.telemetry.events import KINDS

_READINGS: Final = {
    "trend": "`p(95)`, `avg`, `min`, `med`, `max`, `count`",
    "counter": "`count`",
    "rate": "`rate` (0 to 1), `count`",
    "gauge": "`value`, `min`, `max`",
}
_MEANT: Final = {
    "trend": "many values, such as durations",
    "counter": "how often",
    "rate": "a share",
    "gauge": "a level that rises and falls",
}


def metrics_page(words: Vocabulary) -> str:
    """Give the page of metrics; those kept for each operation, group or saga are named once, with a word."""
    lines = [_METRICS, "| kind | is | its threshold may read |", "|---|---|---|"]
    lines += [f"| {kind} | {_MEANT[kind]} | {readings} |" for kind, readings in _READINGS.items()]
    lines += ["", "## All", "", "| metric | kind | says |", "|---|---|---|"]
    lines += [_metric(metric) for metric in _general(words)]
    return "\n".join([*lines, "", *_instances(words)])


def events_page() -> str:
    """Give the page of the kinds of log events, in families."""
    lines = [_EVENTS]
    family = ""
    for kind, (importance, text) in KINDS.items():
        if kind.partition(".")[0] != family:
            family = kind.partition(".")[0]
            lines += ["", f"## {family}", "", "| kind | importance | says | detail |", "|---|---|---|---|"]
        said, _, detail = text.partition(": ")
        words = ", ".join(f"`{word.strip()}`" for word in detail.split(",") if word.strip())
        lines.append(f"| `{kind}` | {importance} | {said} | {words} |")
    return "\n".join([*lines, ""])


def _metric(metric: MetricType) -> str:
    kind = f"{metric.kind} of durations" if metric.unit == "duration" else metric.kind
    return f"| `{metric.name}` | {kind} | {metric.purpose} |"


def _general(words: Vocabulary) -> Iterable[MetricType]:
    """Give each metric, with a placeholder for what it is kept for; the first of its family speaks for it."""
    seen: dict[str, MetricType] = {}
    for metric in words.metrics.values():
        name = _family(metric.name, words)
        first = next(iter(words.operations), "")
        purpose = metric.purpose.replace(first, "OPERATION") if first else metric.purpose
        for group in _hearers(words):
            if metric.name == f"event.{group}.lag":
                purpose = metric.purpose.replace(group, "SERVICE")
        seen.setdefault(name, MetricType(name, metric.kind, purpose, metric.kinds, metric.unit))
    return seen.values()


def _family(name: str, words: Vocabulary) -> str:
    head, _, last = name.rpartition(".")
    what = head.partition(".")[2]
    if head.startswith("request.") and what in words.operations:
        return f"request.OPERATION.{last}"
    if head.startswith("saga.") and what in words.sagas:
        return f"saga.SAGA.{last}"
    return "event.SERVICE.lag" if last == "lag" and what in _hearers(words) else name


def _instances(words: Vocabulary) -> list[str]:
    return [
        "## What the capitals stand for",
        "",
        "- OPERATION: an operation that shoppers call; [the shop](shop.md) lists them.",
        f"- SAGA: {', '.join(f'`{name}`' for name in words.sagas)}.",
        f"- SERVICE: one that hears events: {', '.join(f'`{name}`' for name in _hearers(words))}.",
        "",
    ]


def _hearers(words: Vocabulary) -> tuple[str, ...]:
    return tuple(sorted({group for groups in words.subscribers.values() for group in groups}))


_METRICS: Final = """\
# Metrics

A metric is a fold over the event log. An expectation of the kind `metric` judges one at the end of the run;
with `during` only what happened in that load phase counts.

```yaml
- id: fast-enough
  metric: saga.checkout.duration
  threshold: p(95) < 3s
  during: rush
```

A trend or a rate without a single sample proves nothing: the expectation is UNPROVEN, not held. Counters,
rates and gauges may stand in every expression about the whole run: `saga.checkout.started >= 80`.
"""

_EVENTS: Final = """\
# Events of the log

A run is written as one list of events; every verdict, metric and view is read from it. Each has `seq`, `t`
(microseconds since the start), `kind`, `service`, `instance`, `saga`, `trace`, `span`, `cause` (the `seq` of
the event that led to it, 0 for none), `lamport`, `importance` and `detail`. A filter may name these fields
and the words of the detail: `service == "payment" and kind == "call.failed"`.

With `--log normal` those of importance `plumbing` are not written, with `--log key` only those of importance
`key` are; the verdict is the same."""
