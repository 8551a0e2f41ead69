"""Who is asked answers once, however fast the keys come."""

import pytest
from textual import events
from textual.pilot import Pilot

from msa_lab.tui.asking import Asking
from tests.tui.staging import Stage, press


@pytest.mark.parametrize("at_once", [("escape", "escape"), ("enter", "enter"), ("escape", "3"), ("3", "n")])
@pytest.mark.parametrize(
    "opened", [("J",), ("g",), ("question_mark",), ("4", "vertical_line"), ("5", "b")], ids=" ".join
)
def test_a_second_key_before_it_is_closed_is_no_second_answer(
    stage: Stage, opened: tuple[str, ...], at_once: tuple[str, str]
) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, *opened)
        assert isinstance(app.screen, Asking)
        for key in at_once:
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        await press(pilot, "escape", "escape")
        assert len(app.screen_stack) == 1
        assert (await press(pilot, "2")).view.id == "map"

    stage(story)
