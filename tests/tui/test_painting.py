"""A frame paints what has changed and nothing else: painting is what a busy run's keys would wait for."""

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from msa_lab.tui.app import LabApp
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
