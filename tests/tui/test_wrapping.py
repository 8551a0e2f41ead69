"""Events wrapped: no word is cut, and every event can be gone to."""

from textual.pilot import Pilot

from tests.tui.staging import Stage, every_size, press, rows

LONG = "payment got no answer from psp.capture: Timeout (fault lossy)"


@every_size
def test_w_lets_long_lines_go_on(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "w")
        listed = rows(app, "event-list")
        await press(pilot, "home", *["down"] * 16)
        words = " ".join(listed.text().split())
        assert all(word in words for word in LONG.split())
        await press(pilot, "w")
        assert len(listed.text().splitlines()) <= listed.count

    stage(story, size)


@every_size
def test_the_cursor_is_always_seen_and_the_last_event_can_be_gone_to(
    stage: Stage, size: tuple[int, int]
) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "w", "home")
        listed = rows(app, "event-list")
        for row in range(listed.count):
            assert listed.cursor == row
            height = listed.scrollable_content_region.height
            assert row in {listed.row_at(y) for y in range(height)}
            await press(pilot, "down")
        await press(pilot, "pageup")
        assert listed.cursor < listed.count - 1
        await press(pilot, "end")
        assert "the run ended" in listed.text()

    stage(story, size)


def test_a_click_takes_the_event_whose_line_it_is(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "w", "home")
        listed = rows(app, "event-list")
        await press(pilot, *["down"] * 15)
        await press(pilot, "up")
        hit = [y for y in range(listed.scrollable_content_region.height) if listed.row_at(y) == 15]
        await pilot.click("#event-list", offset=(30, hit[-1] + 1))
        await pilot.pause()
        assert listed.cursor == 15

    stage(story, (60, 16))


def test_a_mark_stands_at_the_first_line_only(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "w", "home", *["down"] * 16, "m")
        assert rows(app, "event-list").text().count("◆") == 1

    stage(story, (60, 16))
