"""The view on a run that is being played: it follows the log and tells the verdict once."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from msa_lab.chaos.naming import Names
from msa_lab.errors import UserMistake
from msa_lab.tui.app import LabApp
from msa_lab.tui.dialogs import Confirm
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.session import Hands
from tests.tui.staging import SUMMARY, bar, page, play_on, seen, told

HALF = 20


class Engine:
    """An engine by hand: it writes the first half of the log, then the rest when it is told to."""

    def __init__(self, whole: bytes, log: Path, mode: str = "sim") -> None:
        lines = whole.splitlines(keepends=True)
        self.log = log
        self._rest = b"".join(lines[HALF:])
        log.write_bytes(b"".join(lines[:HALF]))
        findings = [{**it, "verdict": "", "observed": ""} for it in SUMMARY["expectations"]]
        self.summary: dict[str, Any] = {**SUMMARY, "mode": mode, "verdict": "", "expectations": findings}
        self.live = True
        self.stopped = self.stays = False
        self.hands: Hands | None = None
        self.names = Names(
            services=("gateway", "order", "payment"), outside=("psp",),
            operations={"payment.capture": "payment", "psp.capture": "psp"},
        )  # fmt: skip
        self.faults = {"lossy": "net.loss payment -> psp id=lossy at 2s for 3s"}
        self.patterns = {"idempotency": "on", "retry": "on", "placement": "twelve"}
        self.asked: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        self.why_not = self.told = ""
        self.words: list[str] = []
        self._finishing = False

    def go_on(self, size: int) -> None:
        """Write so many bytes more."""
        with self.log.open("ab") as file:
            file.write(self._rest[:size])
        self._rest = self._rest[size:]

    def finish(self) -> None:
        self.go_on(len(self._rest))
        self._finishing = True

    def poll(self) -> str:
        if self.words:
            return self.words.pop(0)
        if not (self._finishing and self.live):
            return ""
        self.live = False
        self.summary = json.loads(json.dumps({**SUMMARY, "mode": self.summary["mode"]}))
        return "over"

    def stop(self) -> None:
        self.stopped = True

    def line(self, add: Sequence[str], drop: Sequence[str]) -> str:
        return " ".join(["msalab scenario checkout", *(f"--without {name}" for name in drop), *add])

    def other_line(self, options: str) -> str:
        if not options.startswith(("--seed", "--set")):
            raise UserMistake(f"{options}: --set, --var, --topology or --seed")
        return f"msalab scenario checkout {options}"

    def again(self, options: str) -> None:
        self.asked.append(((options,), ("again",)))

    def branch(self, add: Sequence[str], drop: Sequence[str]) -> None:
        self.asked.append((tuple(add), tuple(drop)))

    def save(self) -> str:
        return "wrote scenarios/checkout-by-hand.yaml"


Start = Callable[..., tuple[LabApp, Engine]]


@pytest.fixture
def start(log_path: Path, tmp_path: Path) -> Iterator[Start]:
    made: list[LabApp] = []

    def make(mode: str = "sim", **options: Any) -> tuple[LabApp, Engine]:  # noqa: ANN401 - those of the app
        engine = Engine(log_path.read_bytes(), tmp_path / "growing.jsonl", mode)
        app = LabApp(Feed(engine.log), engine.summary, session=engine, cache=tmp_path / "cache", **options)
        made.append(app)
        return app, engine

    yield make
    for app in made:
        app.feed.log.close()


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        await pilot.pause(0.05)
    raise AssertionError(seen(pilot.app))  # type: ignore[arg-type]


def test_the_view_follows_the_log_as_it_grows(start: Start) -> None:
    app, engine = start()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == HALF)
        assert "LIVE" in bar(app, "scrubber").text()
        assert "✗ captured-once" in page(app, "expectations").text()
        engine.go_on(700)
        await until(pilot, lambda: app.playback.at > HALF)
        engine.finish()
        await until(pilot, lambda: app.playback.at == 34 and not app.live)
        assert "END" in bar(app, "scrubber").text()
        assert "✓ money  3 orders judged" in page(app, "expectations").text()

    play_on(app, story)


def test_half_a_line_is_no_event_yet(start: Start) -> None:
    app, engine = start()

    async def story(pilot: Pilot[None]) -> None:
        engine.go_on(20)
        await until(pilot, lambda: app.playback.at == HALF)
        engine.go_on(1_000)
        await until(pilot, lambda: app.playback.at > HALF)
        assert app.feed.log.event(HALF).seq == HALF + 1

    play_on(app, story)


def test_playing_waits_at_the_end_of_a_log_that_grows(start: Start) -> None:
    app, engine = start(at=0, play=True, speed=100.0)

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == HALF)
        assert app.playback.playing
        engine.finish()
        await until(pilot, lambda: app.playback.at == 34)
        assert not app.playback.playing

    play_on(app, story)


def test_the_verdict_is_told_once_at_the_end(start: Start) -> None:
    app, engine = start(at=0, play=True, speed=100.0)

    async def story(pilot: Pilot[None]) -> None:
        engine.finish()
        await until(pilot, lambda: told(app) == ["7 tells all, q quits"])
        assert [note.title for note in app._notifications] == ["FAILED: 1 of 2 expectations held"]  # noqa: SLF001 - what the user was told
        await pilot.pause(0.3)
        assert told(app) == ["7 tells all, q quits"]
        assert next(iter(app._notifications)).time_left > 60  # noqa: SLF001 - as above; no key was pressed
        await pilot.press("4")
        await pilot.pause()
        assert not told(app)

    play_on(app, story)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 16)], ids=str)
def test_every_screen_shows_a_run_without_a_verdict(start: Start, size: tuple[int, int]) -> None:
    app, _ = start()

    async def story(pilot: Pilot[None]) -> None:
        for key in "234571":
            await pilot.press(key)
            await pilot.pause()
        await pilot.press("7")
        await pilot.pause()
        assert "not over yet" in bar(app, "verdict-head").text()

    play_on(app, story, size)


def test_quitting_a_simulated_run_asks_nothing(start: Start) -> None:
    app, engine = start()

    async def story(pilot: Pilot[None]) -> None:
        await pilot.press("q")

    play_on(app, story)
    assert app.return_code == 0
    assert not engine.stopped


def test_quitting_asks_before_real_processes_stop(start: Start) -> None:
    app, engine = start("process")

    async def story(pilot: Pilot[None]) -> None:
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, Confirm)
        await pilot.press("escape")
        await pilot.pause()
        assert not engine.stopped
        assert len(app.screen_stack) == 1
        await pilot.press("q", "enter")

    play_on(app, story)
    assert engine.stopped
    assert app.return_code == 0


def test_the_picture_of_real_processes_can_stand_still_while_they_go_on(start: Start) -> None:
    app, _ = start("process")

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == HALF)
        await pilot.press("comma")
        await pilot.pause()
        assert "PAST" in bar(app, "scrubber").text()
        await pilot.press("L")
        await pilot.pause()
        assert "LIVE" in bar(app, "scrubber").text()

    play_on(app, story)
