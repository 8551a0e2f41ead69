"""Metrics: the axis is zoomed, and the curves are compared with another run or a moment."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from msa_lab.telemetry.canonical import CanonicalWriter
from msa_lab.telemetry.log import EventLog
from msa_lab.tui.app import LabApp
from msa_lab.tui.dialogs import Choose
from msa_lab.tui.feed import metricpage
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import Signs, text_of
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.screens.metrics import MetricsView
from msa_lab.tui.widgets.keysline import KeysLine
from tests.tui.staging import SUMMARY, Stage, every_size, page, play_on, press, seen, write_log


def view_of(app: LabApp) -> MetricsView:
    assert isinstance(app.view, MetricsView)
    return app.view


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with three runs: abc123, another, and one that is damaged."""
    for name, seed in (("abc123", 7), ("def456", 9), ("bad000", 1)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        write_log(folder / "events.jsonl")
        told = {**SUMMARY, "run": name, "seed": seed, "started": "2026-01-01T00:00:00+00:00"}
        (folder / "run.json").write_text(json.dumps(told) if name != "bad000" else "{")
    return tmp_path / "runs"


@pytest.fixture
def steady(tmp_path: Path) -> Iterator[Sight]:
    """A run of 31 s: 7 requests and 2 sagas a second, without a pause but from 20 to 23 s."""
    path = tmp_path / "steady.jsonl"
    with path.open("wb") as file:
        writer = CanonicalWriter(file.write)
        log = EventLog(writer)
        for tick in range(31 * 14):
            t = tick * 1_000_000 // 14
            if 20_000_000 <= t < 23_000_000:
                continue
            took = 10_000 + tick * 7919 % 997 * 100
            if not tick % 2:
                asked = {"operation": "order.place", "outcome": "ok", "took": took, "flow": "", "phase": ""}
                log.emit("shopper.request", t, "client", "", "", 0, 0, 0, 0, asked)
            if not tick % 7:
                saga = ("order", "order-1", f"ord-{tick}", 0, 0, 0, 0)
                log.emit("saga.started", t, *saga, {"name": "checkout", "step": "pay"})
                log.emit("saga.completed", t, *saga, {"name": "checkout", "took": took})
        log.emit("run.ended", 31_000_000, "", "", "", 0, 0, 0, 0, {"settled": True})
        writer.flush()
    feed = Feed(path)
    feed.advance(60)
    yield Sight(feed, len(feed.log), 31_000_000, Signs(), {})
    feed.log.close()


@pytest.mark.parametrize("zoom", [0, 1, 2])
@pytest.mark.parametrize("room", [32, 59, 120])
def test_columns_finer_than_what_is_measured_are_no_gaps(steady: Sight, room: int, zoom: int) -> None:
    sight = Sight(steady.feed, steady.at, 12_000_000, steady.signs)

    plots = {chart.title: chart for chart in metricpage.charts(sight, room, metricpage.axis_of(sight, zoom))}

    for title in ("requests / s", "request p95", "sagas completed / s", "saga p95"):
        values = plots[title].values
        known = [place for place, value in enumerate(values) if value is not None]
        assert known, title
        assert all(values[: known[-1] + 1]), title


def test_an_outage_stays_a_gap(steady: Sight) -> None:
    plots = {chart.title: chart for chart in metricpage.charts(steady, 62)}

    assert plots["requests / s"].values[40:46] == (0.0,) * 6
    assert plots["request p95"].values[40:46] == (None,) * 6
    assert all(plots["request p95"].values[46:])


def test_figures_do_not_depend_on_the_width(steady: Sight) -> None:
    for t in (9_500_000, 12_345_678, 31_000_000):
        sight = Sight(steady.feed, steady.at, t, steady.signs)
        told = [
            [(chart.now, chart.peak) for chart in metricpage.charts(sight, room)] for room in (10, 32, 59)
        ]
        assert told[0] == told[1] == told[2]
    second = Sight(steady.feed, steady.at, 9_500_000, steady.signs)
    assert metricpage.charts(second, 32)[0].now == 7


def test_the_time_is_written_beneath_where_there_is_a_free_row(steady: Sight) -> None:
    high, low = (
        [text_of(row) for row in metricpage.grid(steady, width, height)]
        for width, height in ((198, 50), (78, 18))
    )

    assert high[-1].split() == ["0s", "31s"] * 3
    assert "31s" not in low[-1]


@every_size
def test_nothing_is_cut_at_the_right(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "5")
        assert "…" not in page(app, "charts").text()

    stage(story, size)


@every_size
def test_the_axis_is_halved_about_the_moment_and_doubled(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "5", "plus")
        assert "T+1.6 to 6.6, 2x" in str(page(app, "charts").border_title)
        await press(pilot, "plus")
        assert "T+2.9 to 5.4, 4x" in str(page(app, "charts").border_title)
        for _ in range(9):
            await press(pilot, "plus")
        deepest = view_of(app).zoom
        assert 0 < deepest < 9
        await press(pilot, "minus")
        assert view_of(app).zoom == deepest - 1
        await press(pilot, "escape")
        assert "whole run" in str(page(app, "charts").border_title)
        assert app.view.id == "metrics"

    stage(story, size, at=4_150_000)


@every_size
def test_the_curves_are_compared_with_a_mark(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "5", "m", "L", "b")
        assert isinstance(app.screen, Choose)
        assert "the mark at T+" in seen(app)
        await press(pilot, "enter")
        assert "vs T+4.1" in str(page(app, "charts").border_title)
        assert " vs " in page(app, "charts").text()
        await press(pilot, "b", "enter")
        assert view_of(app).baseline is None
        assert " vs " not in page(app, "charts").text()

    stage(story, size, at=4_150_000)


@every_size
def test_the_curves_are_compared_with_another_run(runs: Path, size: tuple[int, int], tmp_path: Path) -> None:
    feed = Feed(runs / "abc123" / "events.jsonl")
    feed.advance(60)
    app = LabApp(feed, SUMMARY, cache=tmp_path)

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "5", "b")
        assert "run def456" in seen(app)
        assert "abc123  F" not in seen(app)
        assert "bad000" not in seen(app)
        await press(pilot, "end", "enter")
        while view_of(app).baseline is None:
            await pilot.pause(0.05)
        assert "vs run def456" in str(page(app, "charts").border_title)
        charts = view_of(app).thing().splitlines()
        assert "requests / s (baseline)" in charts[0]
        for row in charts[1:]:
            cells = row.split(",")[1:]
            assert cells[:9] == cells[9:]  # the same run twice
        await press(pilot, "escape")
        assert view_of(app).baseline is None

    play_on(app, story, size)
    feed.log.close()


def test_in_a_browser_other_runs_are_not_offered(runs: Path, tmp_path: Path) -> None:
    feed = Feed(runs / "abc123" / "events.jsonl")
    feed.advance(60)
    app = LabApp(feed, SUMMARY, cache=tmp_path, private=True)

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "5", "b")
        assert "this moment" in seen(app)
        assert "def456" not in seen(app)
        await press(pilot, "escape")
        assert view_of(app).baseline is None

    play_on(app, story)
    feed.log.close()


@every_size
def test_both_ways_to_zoom_stand_in_the_last_line(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "5")
        written = [key.written for key in app.screen.query_one(KeysLine).shown()]
        assert written[:3] == ["b", "+", "-"]

    stage(story, size)


def test_the_curves_use_the_room_of_a_large_window(feed: Feed) -> None:
    sight = Sight(feed, 34, 10_000_000, Signs(), SUMMARY)

    drawn = [text_of(row) for row in metricpage.grid(sight, 196, 53)]
    last = max(place for place, row in enumerate(drawn) if row.strip())
    assert last >= 50
