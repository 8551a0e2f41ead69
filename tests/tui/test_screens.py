"""Every screen and every key, at three sizes, by what is then seen."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import text_of
from msa_lab.tui.keys import tabs
from msa_lab.tui.reading import Reading
from msa_lab.tui.screens.events import EventsView
from msa_lab.tui.screens.sagas import SagasView
from msa_lab.tui.widgets.keysline import KeysLine
from tests.tui.staging import (
    SIZES,
    Stage,
    bar,
    every_size,
    lab,
    page,
    play_on,
    press,
    rows,
    seen,
    told,
    type_in,
)


@every_size
def test_every_screen_opens_by_its_number_and_shows_its_matter(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        for key, name, shown in (
            ("2", "map", "payment"), ("3", "sagas", "ord-2"), ("4", "events", "run.ended"),
            ("5", "metrics", "requests / s"), ("7", "verdict", "captured-once"), ("1", "live", "gateway"),
        ):  # fmt: skip
            app = await press(pilot, key)
            assert app.view.id == name
            assert shown in seen(app) or (name == "events" and "the run ended" in seen(app))
            assert "10s" in bar(app, "scrubber").text()
            assert "BROKEN 1" in bar(app, "header").text()

    stage(story, size)


@every_size
def test_every_screen_takes_the_focus_to_a_panel_that_is_seen(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        for key in "234571":
            app = await press(pilot, key)
            assert app.focused is not None
            assert app.focused.has_class("panel")
            assert app.focused.size.width > 10
            assert app.focused.size.height > 1

    stage(story, size)


@every_size
def test_tab_goes_through_all_panels_of_a_screen(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        visited = []
        for _ in range(5):
            focused = lab(pilot).focused
            assert focused is not None
            assert focused.size.height > 0
            visited.append(str(focused.id))
            await press(pilot, "tab")
        faults = [] if size == (80, 24) else ["faults"]  # no room: the services name them
        assert sorted({*visited}) == ["events-now", "expectations", *faults, "sagas-now", "services"]

    stage(story, size)


def test_a_small_window_shows_one_panel_and_names_the_screen(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = lab(pilot)
        assert bar(app, "tabs").text().startswith(" 1/7 Live ")
        assert not rows(app, "sagas-now").display
        await press(pilot, "tab")
        assert not page(app, "services").display
        assert rows(app, "sagas-now").display
        assert rows(app, "sagas-now").size.height > 5

    stage(story, (60, 16))


@pytest.mark.parametrize("width", range(10, 61, 5))
def test_the_screens_name_in_a_small_window_is_followed_by_whole_hints(width: int) -> None:
    drawn = text_of(tabs("metrics", width))

    assert drawn.startswith(" 5/7 Metrics ")
    assert drawn.strip().endswith(("Metrics", "? keys"))
    assert len(drawn) <= max(width, 13)


def test_steps_and_markers_move_the_moment_on_every_screen(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "comma")
        assert app.playback.at == 33
        await press(pilot, "full_stop")
        assert app.playback.at == 34
        for at in (26, 23, 20, 13):
            await press(pilot, "left_square_bracket")
            assert app.playback.at == at
        assert "FAULTS 1" in bar(app, "header").text()
        assert "lossy" in page(app, "services").text()
        await press(pilot, "right_square_bracket")
        assert app.playback.at == 20
        assert "captured-once" in page(app, "expectations").text().splitlines()[0]
        await press(pilot, "L")
        assert app.playback.at == 34
        assert "END" in bar(app, "scrubber").text()

    stage(story)


def test_space_plays_and_pauses_and_the_speed_changes(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "space")
        assert app.playback.playing
        assert "PLAY" in bar(app, "scrubber").text()
        await press(pilot, "space")
        assert not app.playback.playing
        assert "PAUSED" in bar(app, "scrubber").text()
        await press(pilot, "greater_than_sign", "greater_than_sign")
        assert app.playback.speed == 4.0
        await press(pilot, "less_than_sign")
        assert app.playback.speed == 2.0

    stage(story)


def test_a_replay_plays_from_its_start_and_a_moment_stands_still(stage: Stage) -> None:
    async def plays(pilot: Pilot[None]) -> None:
        assert lab(pilot).playback.playing
        assert lab(pilot).playback.t < 5_000_000

    async def stands(pilot: Pilot[None]) -> None:
        assert not lab(pilot).playback.playing
        assert lab(pilot).playback.at == 20

    stage(plays, at=0, play=True)
    stage(stands, at=4_200_000)


@pytest.mark.parametrize(("where", "at"), [("4.2", 20), ("#26", 26), ("ord-3", 24), ("end", 34)])
def test_g_goes_where_it_is_told(stage: Stage, where: str, at: int) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "g")
        await type_in(pilot, where)
        assert app.playback.at == at

    stage(story)


def test_esc_goes_up_and_never_out(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "enter")
        assert app.view.has_class("open")
        await press(pilot, "escape")
        assert not app.view.has_class("open")
        await press(pilot, "escape")
        assert app.view.id == "live"
        await press(pilot, "escape", "escape", "escape")
        assert app.view.id == "live"
        assert app.is_running
        await press(pilot, "g", "escape")
        assert app.is_running
        assert len(app.screen_stack) == 1

    stage(story)


def test_q_quits(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await pilot.press("q")

    assert stage(story).return_code == 0


@every_size
def test_the_help_lists_the_keys_of_the_screen_first(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "question_mark")
        assert isinstance(app.screen, Reading)
        told = app.screen.text
        assert told.index("why") < told.index("Everywhere") < told.index("quit")
        assert all(
            word in told
            for word in (
                "only trouble",
                "next marker",
                "go to",
                "one level up, never out",
                "Shift+Tab",
                "PgUp",
            )
        )
        await press(pilot, "escape")
        assert app.view.id == "sagas"
        assert len(app.screen_stack) == 1

    stage(story, size)


@every_size
def test_the_last_line_shows_keys_of_the_screen_and_cuts_none(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        for key, shown in (("2", "inspect"), ("3", "why"), ("4", "filter"), ("7", "open")):
            app = await press(pilot, key)
            await pilot.pause()
            keys = app.screen_stack[0].query_one(KeysLine).shown()
            assert shown in {key.description for key in keys}
            assert keys[-1].description == "keys"
            assert keys[-1].end <= size[0]

    stage(story, size)


def test_the_palette_offers_what_the_keys_do(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "colon")
        assert len(app.screen_stack) == 2
        await type_in(pilot, "verdict")
        await pilot.pause(0.3)
        await press(pilot, "enter")
        assert app.view.id == "verdict"

    stage(story)


def test_the_theme_changes_and_no_colour_begins_plain(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = lab(pilot)
        assert app.theme == "msalab-dark"
        await press(pilot, "t")
        assert app.theme == "msalab-light"
        await press(pilot, "t", "t")
        assert app.theme == "msalab-dark"

    async def plain(pilot: Pilot[None]) -> None:
        assert lab(pilot).theme == "msalab-plain"

    stage(story)
    stage(plain, colour=False)
    monkeypatch.setenv("NO_COLOR", "1")
    stage(plain)


@every_size
def test_a_toast_of_one_line_covers_no_more_than_the_border(
    feed: Feed, size: tuple[int, int], tmp_path: Path
) -> None:
    app = LabApp(feed, {}, cache=tmp_path)

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "4", "m")
        while not app.screen.query("Toast"):
            await pilot.pause(0.02)
        await pilot.pause()
        (toast,) = app.screen.query("Toast")
        assert toast.region.height <= (2 if size[0] < 80 else 1)
        assert toast.region.bottom == bar(app, "scrubber").region.y

    play_on(app, story, size, notifications=True)


def test_a_toast_goes_at_the_next_key_but_one_of_an_error(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "6")
        assert [(note.title, note.timeout) for note in app._notifications] == [("Lab", 2)]  # noqa: SLF001 - what the user was told
        await press(pilot, "4")
        assert not told(app)
        app.notify("it failed", severity="error")
        await press(pilot, "m", "5")
        assert told(app)[0] == "it failed"

    stage(story)


@pytest.mark.parametrize("key", ["g", "slash"])
def test_what_is_typed_has_no_frame(stage: Stage, key: str) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", key)
        typed = app.focused
        assert isinstance(typed, Input)
        assert (typed.region.height, typed.gutter.top) == (1, 0)
        assert typed.size.height == 1

    stage(story)


def test_m_maximises_the_panel_and_back(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "M")
        assert app.screen.maximized is page(app, "services")
        await press(pilot, "M")
        assert app.screen.maximized is None

    stage(story)


def test_s_saves_a_picture(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "s")

    stage(story)
    (picture,) = tmp_path.glob("*.svg")
    assert "MSA&#160;Lab" in picture.read_text(encoding="utf-8")


def test_copying_keeps_a_file_and_says_how(stage: Stage, tmp_path: Path) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "enter", "y")
        assert any("by the terminal (OSC 52)" in message and "copied.txt" in message for message in told(app))

    stage(story)
    assert (tmp_path / "cache" / "copied.txt").read_text(encoding="utf-8").startswith("sequenceDiagram")


@pytest.mark.parametrize(("key", "begins"), [("4", '{"seq":34'), ("5", "t,requests / s,"), ("1", "service")])
def test_what_is_copied_is_the_thing_in_focus(stage: Stage, tmp_path: Path, key: str, begins: str) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, key, "y")

    stage(story)
    assert (tmp_path / "cache" / "copied.txt").read_text(encoding="utf-8").lstrip().startswith(begins)


# -- sagas -----------------------------------------------------------------------------------------


@every_size
def test_a_saga_opens_with_its_messages_on_what_it_broke(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "enter")
        assert isinstance(app.view, SagasView)
        assert app.view.chosen == "ord-2"
        assert "captured-once" in rows(app, "sequence").row_text()
        assert "psp.capture try 2" in rows(app, "sequence").text()

    stage(story, size)


@every_size
def test_w_tells_why_of_the_message_and_again_of_the_saga(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "enter", "w")
        assert page(app, "why").display
        assert page(app, "why").text().startswith("why event 20?")
        await press(pilot, "w")
        assert page(app, "why").text().startswith("why ord-2?")

    stage(story, size)


@pytest.mark.parametrize("size", SIZES[:3])
def test_what_broke_why_and_by_which_fault_is_seen_at_once(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "enter")
        before = page(app, "why").size.height
        for key in ("w", "w"):
            await press(pilot, key)
            room = page(app, "why").size.height
            drawn = page(app, "why").text().splitlines()[:room]
            assert room >= max(8, before)
            assert any("✗ captured-once: psp.captures = 2" in row for row in drawn)
            assert any("charges twice" in row for row in drawn)
            assert any("FAULT lossy" in row for row in drawn)
        await press(pilot, "v")
        assert page(app, "why").size.height == before

    stage(story, size)


@every_size
def test_v_changes_between_messages_time_and_states(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "enter", "v")
        assert "Timeout" in page(app, "other-way").text()
        assert page(app, "other-way").size.height > 1
        await press(pilot, "v")
        assert "→ COMPLETED" in page(app, "other-way").text()
        await press(pilot, "v")
        assert rows(app, "sequence").has_focus

    stage(story, size)


def test_the_list_of_sagas_is_filtered_by_the_grammar(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "slash")
        await type_in(pilot, 'state = "COMPENSATED"')
        assert "^" in str(seen(app))
        await press(pilot, "escape", "slash", "home")
        app.view.query_one("Input").value = 'state == "COMPENSATED"'  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert rows(app, "saga-list").count == 1
        assert "ord-3" in rows(app, "saga-list").text()

    stage(story)


def test_o_lists_only_trouble_and_a_draws_who_heard(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "o")
        assert rows(app, "saga-list").count == 2
        await press(pilot, "o", "a")
        assert rows(app, "saga-list").count == 3

    stage(story)


def test_in_the_past_only_the_sagas_that_had_begun_are_listed(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3")
        assert rows(app, "saga-list").count == 1
        assert "ord-1" in rows(app, "saga-list").text()

    stage(story, at=2_000_000)


def test_a_message_leads_to_its_event_and_an_event_to_its_saga(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "enter", "enter")
        assert isinstance(app.view, EventsView)
        assert app.view.selected_place() == 19
        await press(pilot, "enter")
        assert app.view.id == "sagas"

    stage(story)


def test_n_goes_to_the_next_saga_in_trouble_and_back(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "n")
        view = app.view
        assert isinstance(view, SagasView)
        assert view.chosen == "ord-3"
        await press(pilot, "enter", "N")
        assert view.chosen == "ord-2"
        assert view.has_class("open")
        await press(pilot, "escape", "n", "n")
        assert view.chosen == "ord-3"

    stage(story)


# -- events ----------------------------------------------------------------------------------------


@every_size
def test_events_are_filtered_by_the_grammar_and_esc_takes_it_away(
    stage: Stage, size: tuple[int, int]
) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "slash")
        await type_in(pilot, 'saga == "ord-3"')
        assert rows(app, "event-list").count == 5
        assert "ord-3" in rows(app, "event-list").text()
        await press(pilot, "escape")
        assert rows(app, "event-list").count == 34

    stage(story, size)


def test_a_wrong_filter_is_told_in_place(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "slash")
        await type_in(pilot, "sagga == 1")
        assert "did you mean saga?" in seen(app)
        await press(pilot, "escape")
        assert rows(app, "event-list").count == 34

    stage(story)


def test_slash_on_another_screen_filters_the_events(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "5", "slash")
        await type_in(pilot, "t > 7s")
        assert app.view.id == "events"
        assert rows(app, "event-list").count == 4

    stage(story)


def test_n_goes_to_the_next_trouble_and_back(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "home", "n")
        assert isinstance(app.view, EventsView)
        assert app.view.selected_place() == 12
        await press(pilot, "n")
        assert app.view.selected_place() == 15
        await press(pilot, "N")
        assert app.view.selected_place() == 12

    stage(story)


def test_z_leaves_out_what_weighs_less(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "z")
        assert rows(app, "event-list").count == 26
        await press(pilot, "z")
        assert rows(app, "event-list").count == 23
        await press(pilot, "z")
        assert rows(app, "event-list").count == 34

    stage(story)


def test_the_list_follows_the_moment_until_the_cursor_moves(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4")
        assert isinstance(app.view, EventsView)
        assert app.view.selected_place() == 19
        await press(pilot, "comma")
        assert app.view.selected_place() == 18
        await press(pilot, "up", "full_stop")
        assert app.view.selected_place() == 17
        await press(pilot, "F")
        assert app.view.selected_place() == 19

    stage(story, at=4_200_000)


def test_a_mark_is_put_at_the_event_and_found_again(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "home", "down", "down", "m")
        assert rows(app, "event-list").text().splitlines()[2].startswith("◆")
        await press(pilot, "L", "left_square_bracket")
        for _ in range(9):
            await press(pilot, "left_square_bracket")
        assert app.playback.at == 3

    stage(story)


def test_the_selected_event_is_shown_in_full(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "g")
        await type_in(pilot, "#17")
        await press(pilot, "4")
        told = page(app, "event").text()
        assert "payment got no answer from psp.capture: Timeout (fault lossy)" in told
        assert "16 message.dropped ◀ 15 call.sent" in told
        assert '"definite":false' in told

    stage(story)


# -- verdict -------------------------------------------------------------------------------


@every_size
def test_the_verdict_leads_from_the_expectation_to_the_moment_it_broke(
    stage: Stage, size: tuple[int, int]
) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "7", "enter")
        assert "order ord-2" in rows(app, "findings").text()
        await press(pilot, "down", "down", "down", "enter")
        assert isinstance(app.view, SagasView)
        assert app.view.chosen == "ord-2"
        assert app.playback.at == 20
        assert "captured-once" in rows(app, "sequence").row_text()

    stage(story, size)


# -- the mouse -------------------------------------------------------------------------------------


def test_a_click_opens_a_screen_a_click_on_the_scrubber_goes_there(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = lab(pilot)
        await pilot.click("#tabs", offset=(18, 0))
        await pilot.pause()
        assert app.view.id == "sagas"
        await pilot.click("#scrubber", offset=(4, 0))
        await pilot.pause()
        assert app.playback.t == 0

    stage(story)
