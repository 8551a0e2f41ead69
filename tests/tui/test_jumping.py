"""Jump mode: a letter on each panel that can be gone to, and none on those that cannot."""

from textual.pilot import Pilot

from msa_lab.tui.jumping import LETTERS, Jump, reachable
from tests.tui.staging import Stage, every_size, lab, press, rows, seen


@every_size
def test_a_letter_goes_to_each_panel_of_each_screen(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        for keys in (("1",), ("2",), ("2", "enter"), ("3",), ("3", "enter"), ("4",), ("5",), ("7",)):
            app = await press(pilot, *keys)
            for letter, panel in zip(LETTERS, reachable(app.view), strict=False):
                await press(pilot, "J")
                assert isinstance(app.screen, Jump)
                await press(pilot, letter)
                assert app.focused is panel
                assert panel.size, keys

    stage(story, size)


@every_size
def test_every_panel_that_is_seen_is_offered_and_no_hidden_one(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        small = size == (60, 16)
        for keys in (("1",), ("2",), ("2", "enter"), ("3", "escape"), ("3", "enter"), ("4",), ("5",), ("7",)):
            app = await press(pilot, *keys)
            offered = {str(panel.id) for panel in reachable(app.view)}
            drawn = {str(panel.id) for panel in app.view.query(".panel") if panel.region.height > 0}
            assert drawn <= offered if small else drawn == offered, keys

    stage(story, size)


def test_the_hidden_links_of_the_map_are_not_offered_until_they_are_seen(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "2")
        assert [panel.id for panel in reachable(app.view)] == ["picture"]
        await press(pilot, "enter")
        assert {panel.id for panel in reachable(app.view)} == {"links", "told"}

    stage(story, (80, 24))


def test_the_letters_stand_on_the_panels(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "ctrl+o")
        drawn = seen(app).splitlines()
        for letter, panel in zip(LETTERS, reachable(app.view), strict=False):
            assert drawn[panel.region.y][panel.region.right - 4] == letter

    stage(story, (120, 40))


def test_in_a_small_window_the_letters_are_listed_with_the_names(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "J")
        assert "b  Sagas" in seen(app)
        await press(pilot, "b")
        assert rows(app, "sagas-now").has_focus

    stage(story, (60, 16))


def test_a_digit_opens_a_screen_and_any_other_key_only_leaves(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        before = lab(pilot).focused
        for key in ("escape", "z", "exclamation_mark"):
            await press(pilot, "J", key)
            assert len(pilot.app.screen_stack) == 1
            assert pilot.app.focused is before
        app = await press(pilot, "J", "4")
        assert app.view.id == "events"

    stage(story)
