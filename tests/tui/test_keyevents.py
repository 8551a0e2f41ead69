"""The key events of Live: what matters stands by itself, what happens all the time is counted."""

import json
from pathlib import Path

import pytest

from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.keyevents import Told, is_trouble, joined, key_events, key_row
from msa_lab.tui.feed.lines import text_of
from tests.tui.staging import look


def drawn(feed: Feed, told: list[Told], width: int = 60) -> list[str]:
    return [" ".join(text_of(key_row(look(feed, 34), it, width)).split()) for it in told]


def test_what_happens_under_a_fault_is_told_as_one(feed: Feed) -> None:
    told = key_events(look(feed, 20), 9)

    assert [it.event.kind for it in told] == [
        "expectation.violated", "call.failed", "fault.started", "phase.started",
    ]  # fmt: skip
    assert drawn(feed, told)[1] == "4.100 * 1 lost, 1 failed"
    assert [is_trouble(it) for it in told] == [True, True, True, False]


def test_one_of_a_kind_is_told_as_itself(feed: Feed) -> None:
    told = key_events(look(feed, 16), 2)

    assert drawn(feed, told)[0].startswith("3.200 x ord-2 the reply of psp.capture was lost")


@pytest.mark.parametrize("width", [37, 52, 60])
def test_what_broke_is_told_with_its_value_where_it_fits(feed: Feed, width: int) -> None:
    row = drawn(feed, key_events(look(feed, 20), 1), width)[0]

    whole = "4.200 ! ord-2 captured-once: psp.captures = 2"
    assert row == whole if width > 50 else row.startswith("4.200 ! ord-2 captured-once: psp.")


def test_what_was_undone_is_told_with_its_reason(feed: Feed) -> None:
    row = drawn(feed, key_events(look(feed, 29), 1), 37)[0]

    assert row == "6.700 ord-3 undone: BreakerOpen"


def test_completions_are_left_to_the_tally(feed: Feed) -> None:
    kinds = [it.event.kind for it in key_events(look(feed, 34), 30)]

    assert kinds[:4] == ["run.ended", "saga.compensated", "saga.turned", "instance.crashed"]  # one is itself
    assert "saga.completed" not in kinds


@pytest.mark.parametrize("between", range(12, 21))
def test_told_in_two_parts_it_is_the_same(feed: Feed, between: int) -> None:
    whole = key_events(look(feed, 20), 30)
    parts = joined(key_events(look(feed, 20), 30, between), key_events(look(feed, between), 30), 30)

    assert drawn(feed, parts) == drawn(feed, whole)


def test_a_storm_pushes_nothing_out(feed: Feed, log_path: Path, tmp_path: Path) -> None:
    lines = log_path.read_text("utf-8").splitlines()
    last = json.loads(lines[-1])
    storm = [
        json.dumps(json.loads(lines[15]) | {"seq": last["seq"] + turn, "t": last["t"]}, separators=(",", ":"))
        for turn in range(1, 501)
    ]
    path = tmp_path / "storm.jsonl"
    path.write_text("\n".join([*lines, *storm, ""]), "utf-8")
    stormy = Feed(path)
    stormy.advance(60)

    told = key_events(look(stormy, 534), 9)

    assert drawn(stormy, told)[0] == "10.000 * 500 lost"
    assert len(told) == len(key_events(look(feed, 34), 9))
    stormy.log.close()
