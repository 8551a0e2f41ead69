"""Judging only what an event touched gives what judging everything after every event would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from msa_lab.scenario import Judge, Verdict, vocabulary
from msa_lab.scenario.model import Expectation, ExpectationKind
from msa_lab.sdk import Observable, ServiceSpec, Table
from msa_lab.sdk.memory import Change
from msa_lab.sdk.values import Duration
from msa_lab.source import Place
from msa_lab.telemetry.events import LogEvent


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    sku: str
    count: int


ITEMS: Table[Item] = Table("items", Item)
WORDS = vocabulary(
    [
        ServiceSpec(
            "shop",
            "a shop",
            tables=(ITEMS,),
            observables=(
                Observable(
                    "shop.count", "sku", ITEMS, lambda item: item.sku, measure=lambda item: item.count
                ),
            ),
        )
    ]
)
WITHIN = 4
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(-2, 3)),
    max_size=25,
)
"""How long after the last one, which record, of which SKU, with which count."""


def log(steps: Sequence[tuple[int, str, str, int]]) -> list[tuple[LogEvent, dict[str, int]]]:
    """Write the events, each with the counts of all SKUs seen after it."""
    rows: dict[str, Item] = {}
    seen: dict[str, int] = {}
    events, t = [], 0
    for seq, (pause, key, sku, count) in enumerate(steps, 1):
        t += pause
        before, after = rows.get(key), Item(key, sku, count)
        rows[key] = after
        seen = dict(seen)
        for touched in filter(None, (before, after)):
            seen.setdefault(touched.sku, 0)
        seen = {name: sum(item.count for item in rows.values() if item.sku == name) for name in seen}
        change = Change(ITEMS, key, before, after)
        events.append(
            (LogEvent(seq=seq, t=t, kind="commit", service="shop", detail={"changes": [change]}), seen)
        )
    return events


def judged(
    kind: ExpectationKind, events: Sequence[tuple[LogEvent, dict[str, int]]]
) -> tuple[Verdict, list[str], int]:
    within = Duration(WITHIN) if kind == "eventually" else None
    wanted = Expectation("x", kind, "shop.count > 0", Place("f", 1, 1), each="sku", within=within)
    judge = Judge((wanted,), WORDS)
    for event, _ in events:
        judge.feed(event)
    (finding,) = judge.finish(events[-1][0].t + 100 if events else 0)
    return finding.verdict, sorted(found.entity for found in finding.violations), finding.samples


def expected(broken: Sequence[str], seen: Sequence[str]) -> tuple[Verdict, list[str], int]:
    verdict = Verdict.BROKEN if broken else Verdict.HELD if seen else Verdict.UNPROVEN
    return verdict, sorted(f"sku {name}" for name in broken), len(seen)


def all_seen(events: Sequence[tuple[LogEvent, dict[str, int]]]) -> list[str]:
    return list(events[-1][1]) if events else []


@given(STEPS)
def test_always(steps: list[tuple[int, str, str, int]]) -> None:
    events = log(steps)
    broken = [name for name in all_seen(events) if any(counts.get(name, 1) <= 0 for _, counts in events)]

    assert judged("always", events) == expected(broken, all_seen(events))


@given(STEPS)
def test_never(steps: list[tuple[int, str, str, int]]) -> None:
    events = log(steps)
    broken = [name for name in all_seen(events) if any(counts.get(name, 0) > 0 for _, counts in events)]

    assert judged("never", events) == expected(broken, all_seen(events))


@given(STEPS)
def test_finally(steps: list[tuple[int, str, str, int]]) -> None:
    events = log(steps)
    broken = [name for name in all_seen(events) if events[-1][1][name] <= 0]

    assert judged("finally", events) == expected(broken, all_seen(events))


@given(STEPS)
def test_eventually(steps: list[tuple[int, str, str, int]]) -> None:
    events = log(steps)
    broken = []
    for name in all_seen(events):
        first = next(event.t for event, counts in events if name in counts)
        came = any(counts.get(name, 0) > 0 and event.t <= first + WITHIN for event, counts in events)
        broken += [] if came else [name]

    assert judged("eventually", events) == expected(broken, all_seen(events))
