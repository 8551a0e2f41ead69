"""A frame paints what has changed and nothing else: painting is what a busy run's keys would wait for."""

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from msa_lab.tui.app import LabApp
from msa_lab.tui.widgets.keysline import KeysLine
from msa_lab.tui.widgets.rows import Scrolled
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
