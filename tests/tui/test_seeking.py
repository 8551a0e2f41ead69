"""`n` and `N` on every screen: the next match of a filter, or without one the next trouble."""

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from msa_lab.tui.app import LabApp
from msa_lab.tui.feed import panelhelp
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import text_of, width_of
from msa_lab.tui.reading import Reading
from msa_lab.tui.screens.events import EventsView
from msa_lab.tui.screens.map import MapView
from msa_lab.tui.screens.sagas import SagasView
from tests.tui.staging import SUMMARY, Stage, every_size, lab, play_on, press, rows, told, type_in


def last_told(pilot: Pilot[None]) -> str:
    return told(lab(pilot))[-1]


@every_size
def test_on_live_it_goes_to_sagas_in_trouble_or_among_the_events(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "n")
        sagas = rows(app, "sagas-now")
        assert sagas.has_focus
        assert "ord-2" in sagas.row_text()
        await press(pilot, "n")
        assert "ord-3" in sagas.row_text()
        await press(pilot, "n")
        assert last_told(pilot) == "no more trouble this way"
        await press(pilot, "N")
        assert "ord-2" in sagas.row_text()
        app.view.focus_panel(rows(app, "events-now"))
        await press(pilot, "n")
        assert "ord-3" in rows(app, "events-now").row_text()
        assert rows(app, "events-now").has_focus

    stage(story, size)


@every_size
def test_on_the_map_it_goes_to_services_and_links_in_trouble(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "2")
        view = app.view
        assert isinstance(view, MapView)
        await press(pilot, "n")
        assert view.selected == "payment"
        await press(pilot, "n")
        assert view.selected == "psp"
        await press(pilot, "N")
        assert view.selected == "payment"
        await press(pilot, "enter", "home")
        links = rows(app, "links")
        assert links.has_focus
        assert "psp" not in links.row_text()
        await press(pilot, "n")
        assert "psp" in links.row_text()
        await press(pilot, "n")
        assert last_told(pilot) == "no more links in trouble this way"

    stage(story, size, at=4_150_000)


@every_size
def test_on_metrics_the_moment_goes_to_the_next_trouble(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "5", "n")
        assert app.playback.at == 13
        await press(pilot, "n")
        assert app.playback.at == 16
        await press(pilot, "N")
        assert app.playback.at == 13
        await press(pilot, "N")
        assert last_told(pilot) == "no more trouble this way"

    stage(story, size, at=0)


@every_size
def test_on_verdict_it_goes_to_what_did_not_hold(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "7", "a", "end", "N")
        findings = rows(app, "findings")
        assert "captured-once" in findings.row_text()
        await press(pilot, "N")
        assert last_told(pilot) == "no more that did not hold this way"
        findings.go(2)
        await press(pilot, "n")
        assert last_told(pilot) == "no more that did not hold this way"
        await press(pilot, "N")
        assert findings.cursor == 0

    stage(story, size)


def twice_broken() -> dict[str, Any]:
    """Give the run's result as if money had been broken at the end, too."""
    order = {"entity": "order ord-1", "saga": "ord-1", "event": 10, "t": 1.3, "observed": "psp.holding = 5"}
    more = {"verdict": "BROKEN", "kind": "finally", "broken": 1, "violations": [order]}
    findings = [it | more if it["id"] == "money" else it for it in SUMMARY["expectations"]]
    return SUMMARY | {"expectations": findings}


@every_size
def test_on_verdict_it_goes_from_what_is_opened_to_the_next_that_is_broken(
    feed: Feed, size: tuple[int, int], tmp_path: Path
) -> None:
    app = LabApp(feed, twice_broken(), cache=tmp_path)

    async def story(pilot: Pilot[None]) -> None:
        findings = rows(await press(pilot, "7", "enter"), "findings")
        for key, name in (("n", "money"), ("N", "captured-once"), ("down", "wanted"), ("n", "money")):
            await press(pilot, key)
            assert name in findings.row_text()

    play_on(app, story, size)


def test_what_is_opened_from_the_verdict_says_that_the_moment_is_another(feed: Feed, tmp_path: Path) -> None:
    app = LabApp(feed, twice_broken(), cache=tmp_path)
    changed = "now at T+4.200 (was T+10.000), L: end"
    back = "now at T+10.000 (was T+4.200), L: end"

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "7", "a")
        for order, moment, said in (("ord-2", 4_200_000, [changed]), ("ord-1", 10_000_000, [back])):
            findings = rows(app, "findings")
            findings.go(0)
            while f"→ order {order}" not in findings.row_text():
                await press(pilot, "down")
            await press(pilot, "enter")
            assert (app.view.id, app.view.saga()) == ("sagas", order)
            assert app.playback.t == moment
            assert told(app) == said
            await press(pilot, "7")

    play_on(app, story, (120, 40))


def test_with_a_filter_every_saga_that_fits_is_a_match(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "slash")
        app.view.query_one("Input").value = 'state != "RUNNING"'  # type: ignore[attr-defined]
        await press(pilot, "enter")
        view = app.view
        assert isinstance(view, SagasView)
        listed = rows(app, "saga-list").count
        assert listed > 1
        await press(pilot, "home", "n")
        assert rows(app, "saga-list").cursor == 1
        for _ in range(listed):
            await press(pilot, "n")
        assert last_told(pilot) == "no more matches this way"

    stage(story)


def test_with_a_filter_the_events_that_fit_are_the_matches(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "4", "slash")
        await type_in(pilot, 'saga == "ord-1"')
        await press(pilot, "home", "n")
        assert isinstance(app.view, EventsView)
        assert app.view.selected_place() == 7
        await press(pilot, "N", "N")
        assert last_told(pilot) == "no more matches this way"

    stage(story)


@every_size
def test_f1_tells_of_the_panel_in_focus(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "f1")
        assert isinstance(app.screen, Reading)
        assert "A row is a service" in app.screen.text
        await press(pilot, "f1", "4", "f1")
        assert isinstance(app.screen, Reading)
        assert "The log up to this moment" in app.screen.text
        assert "In this panel" in app.screen.text
        assert "filter" in app.screen.text
        assert "Everywhere" not in app.screen.text
        await press(pilot, "escape")
        assert len(app.screen_stack) == 1

    stage(story, size)


def test_every_panel_has_its_help(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = lab(pilot)
        panels = {str(panel.id) for panel in app.screen.query(".panel")}
        assert panels == set(panelhelp.HELP)
        for panel in panels:
            name, lines = panelhelp.told(panel, app.signs, 56)
            assert name
            assert max(width_of(row) for row in lines) <= 56
            assert text_of(lines[-1]).endswith(".")

    stage(story)
