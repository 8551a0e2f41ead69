"""Metrics: the axis is zoomed, and the curves are compared with another run or a moment."""

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot

from msa_lab.tui.app import LabApp
from msa_lab.tui.dialogs import Choose
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.screens.metrics import MetricsView
from tests.tui.staging import SIZES, SUMMARY, Stage, page, play_on, seen, write_log
from tests.tui.test_screens import press

every_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


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
