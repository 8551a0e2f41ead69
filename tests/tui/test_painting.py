"""A frame paints what has changed and nothing else: painting is what a busy run's keys would wait for."""

import itertools
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from textual._compositor import Compositor, ReflowResult
from textual.geometry import Region, Size
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from msa_lab.tui.app import LabApp
from msa_lab.tui.widgets.keysline import KeysLine
from msa_lab.tui.widgets.rows import Page, Rows, Scrolled
from msa_lab.tui.window import Turns, collect, seldom_collecting
from tests.tui.staging import Stage, rows


def test_only_what_has_changed_is_painted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[str] = []
    paint = Scrolled.render_lines

    def noted(widget: Scrolled, crop: Region) -> list[Strip]:
        painted.append(str(widget.id))
        return paint(widget, crop)

    monkeypatch.setattr(Scrolled, "render_lines", noted)

    async def story(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LabApp)
        await pilot.pause()
        painted.clear()

        app.redraw()
        await pilot.pause()
        assert painted == []

        rows(app, "events-now").action_move(1)
        await pilot.pause()
        assert set(painted) == {"events-now"}

    stage(story, (120, 40))


def test_the_keys_that_are_shown_are_no_widgets_and_take_clicks(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LabApp)
        await pilot.pause()
        line = app.screen.query_one(KeysLine)
        assert not line.children

        asked = next(key for key in line.shown() if key.description == "keys")
        await pilot.click(KeysLine, offset=(asked.start, 0))
        await pilot.pause()
        assert len(app.screen_stack) == 2

    stage(story, (120, 40))


@dataclass
class Work:
    """What Textual did: layouts of the window, paintings of the first line of each list or page."""

    layouts: int = 0
    painted: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        self.layouts = 0
        self.painted.clear()


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """The count of layouts and paintings, while the test runs."""
    counted = Work()
    reflow = Compositor.reflow

    def painting(kind: type[Page | Rows]) -> Callable[[Page | Rows, int], Strip]:
        paint: Callable[[Any, int], Strip] = kind.render_line

        def painted(widget: Page | Rows, y: int) -> Strip:
            counted.painted[str(widget.id)] += y == 0
            return paint(widget, y)

        return painted

    def laying_out(compositor: Compositor, parent: Widget, size: Size) -> ReflowResult:
        counted.layouts += 1
        return reflow(compositor, parent, size)

    for kind in (Page, Rows):
        monkeypatch.setattr(kind, "render_line", painting(kind))
    monkeypatch.setattr(Compositor, "reflow", laying_out)
    return counted


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_screen_that_is_opened_again_is_laid_out_once(
    stage: Stage, work: Work, size: tuple[int, int]
) -> None:
    async def story(pilot: Pilot[None]) -> None:
        names = "234571"
        for name in names:
            await pilot.press(name)
            await pilot.pause()
        layouts = 0
        for name in names:
            work.clear()
            await pilot.press(name)
            await pilot.pause()
            layouts += work.layouts
            # once as it opens; a second time where the focus or the end of the list comes after the picture
            assert work.painted, name
            assert max(work.painted.values()) <= 2, (name, work)
        assert layouts <= len(names) + 1  # a busy machine may part what one key has asked for

    stage(story, size)


def test_the_focus_that_goes_on_does_not_paint_the_window(stage: Stage, work: Work) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await pilot.press("tab", "shift+tab")
        await pilot.pause()
        work.clear()
        await pilot.press("tab")
        await pilot.pause()
        assert set(work.painted) == {"services", "sagas-now"}
        assert work.layouts == 0

    stage(story, (120, 40))


def test_a_list_longer_than_the_window_asks_for_no_second_layout(stage: Stage, work: Work) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LabApp)
        await pilot.pause()
        work.clear()
        await pilot.press("4")
        await pilot.pause()
        assert rows(app, "event-list").show_vertical_scrollbar
        assert work.layouts == 2  # the first, and one for the page beneath, whose length was not known

    stage(story, (80, 24))


class Ring:
    def __init__(self) -> None:
        self.me = self


def test_garbage_is_looked_for_between_keys_when_there_is_much_that_is_new() -> None:
    with seldom_collecting():
        few = weakref.ref(Ring())
        collect(whole=False)
        assert few() is not None
        rings = [Ring() for _ in range(20_000)]
        many = weakref.ref(rings[0])
        rings.clear()
        collect(whole=False)
        assert (few(), many()) == (None, None)


def test_what_outlived_a_look_for_garbage_goes_when_the_viewer_rests() -> None:
    with seldom_collecting():
        dialog = Ring()
        closed = weakref.ref(dialog)
        for _ in range(10):
            rings = [Ring() for _ in range(20_000)]
            rings.clear()
            collect(whole=False)
        del dialog
        collect(whole=False)
        assert closed() is not None

        collect(whole=True)
        assert closed() is None

    turns = Turns()
    turns.key(10.0)
    assert not turns.rests(12.0)
    assert turns.rests(15.0)


def test_a_frame_waits_for_a_key_but_a_key_held_down_stops_no_frames() -> None:
    turns = Turns()
    assert turns.frame(10.0)

    turns.key(10.05)
    assert not turns.frame(10.14)
    assert turns.frame(10.2)

    held = [10.2 + step * 0.03 for step in range(1, 60)]
    drawn = []
    for now in held:
        turns.key(now)
        if turns.frame(now + 0.01):
            drawn.append(now)
    gaps = [after - before for before, after in itertools.pairwise(drawn)]
    assert gaps
    assert max(gaps) < 0.55


TOUR = (
    "j tab j j k comma comma 2 right down enter j comma 3 j j v v v w d a 4 k k pageup pagedown end home z z "
    "w j w 5 plus comma 7 a j a left_square_bracket 3 right_square_bracket 1 comma full_stop"
)
"""Keys that move, fold, turn and go in time, on each screen."""
Cells = list[tuple[str, object]]


def cells(strip: Strip) -> Cells:
    """Give the letters of a line with their styles."""
    return [(letter, segment.style) for segment in strip for letter in segment.text]


@dataclass
class Terminal:
    """What a terminal shows that is told only of the regions that are painted."""

    shown: list[Cells] = field(default_factory=list)
    parts: int = 0

    def take(self, picture: list[Strip], regions: set[Region] | None) -> None:
        lines = [cells(strip) for strip in picture]
        if regions is None or len(lines) != len(self.shown):
            self.shown = lines
            return
        for region in regions:
            self.parts += region.height == 1
            for y in region.line_range:
                first, last = region.column_span
                self.shown[y][first:last] = lines[y][first:last]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_what_is_painted_in_parts_is_what_would_be_painted_whole(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    terminal = Terminal()
    in_part, whole = Compositor.render_partial_update, Compositor.render_full_update

    def part(compositor: Compositor) -> object:
        dirty = compositor._dirty_regions  # noqa: SLF001 - what the terminal is told of
        regions = {region.intersection(compositor.size.region) for region in dirty}
        made = in_part(compositor)
        terminal.take(compositor.render_strips(), regions)
        return made

    def full(compositor: Compositor, **options: bool) -> object:
        made = whole(compositor, **options)
        terminal.take(compositor.render_strips(), None)
        return made

    monkeypatch.setattr(Compositor, "render_partial_update", part)
    monkeypatch.setattr(Compositor, "render_full_update", full)

    async def story(pilot: Pilot[None]) -> None:
        app = pilot.app
        terminal.shown.clear()
        app.refresh()
        await pilot.pause()
        for count, key in enumerate(TOUR.split()):
            await pilot.press(key)
            await pilot.pause()
            for widget in app.screen.walk_children(Widget, with_self=True):
                widget._styles_cache.clear()  # noqa: SLF001 - to paint it anew
            anew = [cells(strip) for strip in app.screen._compositor.render_strips()]  # noqa: SLF001 - as above
            assert terminal.shown == anew, (count, key)

    stage(story, size)
    assert terminal.parts


def test_a_window_that_becomes_small_shows_the_panel_with_the_focus(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LabApp)
        await pilot.press("tab", "tab")
        await pilot.pause()
        focused = app.focused
        await pilot.resize_terminal(60, 16)
        await pilot.pause()
        assert [panel for panel in app.view.query(".panel") if panel.display] == [focused]

        await pilot.resize_terminal(120, 40)
        await pilot.press("shift+tab")
        await pilot.resize_terminal(60, 16)
        await pilot.pause()
        assert app.focused is not focused
        assert [panel for panel in app.view.query(".panel") if panel.display] == [app.focused]

    stage(story, (120, 40))
