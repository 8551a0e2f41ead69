"""The view on real processes: what is done acts at once, and a shop that was there before stays."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from textual.pilot import Pilot

from msa_lab.errors import UserMistake
from msa_lab.persistence import place_since
from msa_lab.telemetry.moment import Beginning, Moment
from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.session import Hands
from tests.tui.staging import ask_for_fault, bar, every_size, play_on, seen, told
from tests.tui.test_chaos import NAMES
from tests.tui.test_playing import Engine, Start, start, until

__all__ = ["start"]


class Waiting(NamedTuple):
    on: bool
    held: int
    left: float = 300.0


class ByHand:
    """Hands that note what they are asked for."""

    names = NAMES

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refusal = ""
        self.held = Waiting(on=False, held=0)

    def hold(self) -> Waiting:
        self.asked.append("hold")
        self.held = Waiting(on=True, held=3)
        return self.held

    def keep(self) -> Waiting:
        return self.held

    def let_one(self) -> Waiting:
        self.asked.append("let one")
        self.held = Waiting(on=True, held=2)
        return self.held

    def release(self) -> Waiting:
        self.asked.append("release")
        self.held = Waiting(on=False, held=0)
        return self.held

    def line(self, fault: str) -> str:
        return f"msalab chaos inject '{fault}'"

    def inject(self, fault: str) -> str:
        if self.refusal:
            raise UserMistake(self.refusal)
        self.asked.append(fault)
        return f"in force: {fault}"

    def heal(self) -> str:
        self.asked.append("heal")
        return "healed: lossy"


Real = Callable[..., tuple[LabApp, Engine, ByHand]]


@pytest.fixture
def real(start: Start) -> Real:
    def make() -> tuple[LabApp, Engine, ByHand]:
        app, engine = start("process")
        hands: Hands = ByHand()
        engine.hands, engine.why_not, engine.stays = hands, "its past is its past", True
        engine.summary |= {"shop": "shop", "duration_sim": 0}
        assert isinstance(hands, ByHand)
        return app, engine, hands

    return make


@every_size
def test_a_fault_acts_at_once_and_the_radius_is_that_of_now(real: Real, size: tuple[int, int]) -> None:
    app, engine, hands = real()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        await pilot.press("comma", "comma")
        await ask_for_fault(pilot, "loss psp")
        drawn = seen(app)
        assert "Chaos, now  1 active" in drawn
        if size[1] > 16:
            assert "payment, psp, 2 up" in drawn
            assert "1 calls under way" in drawn
            assert "msalab chaos inject 'net.loss payment" in drawn
        await pilot.press("enter")
        await until(pilot, lambda: bool(hands.asked) and bool(told(app)))

    play_on(app, story, size)
    assert hands.asked == ["net.loss payment -> psp probability=0.5 direction=reply for 8s"]
    assert engine.asked == []


def test_what_the_world_refuses_is_told_with_its_reason(real: Real) -> None:
    app, _, hands = real()
    hands.refusal = "load.spike multiplies a scenario's shoppers; a running shop has none"

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        await ask_for_fault(pilot, "spike")
        await pilot.press("enter")
        await until(pilot, lambda: hands.refusal in told(app))

    play_on(app, story)


def test_one_key_heals_all_at_once_and_none_forks(real: Real) -> None:
    app, engine, hands = real()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "healed: lossy" in told(app))
        assert app.playback.follow
        await pilot.press("f")
        await pilot.pause()
        assert any("cannot be played again" in note for note in told(app))
        assert len(app.screen_stack) == 1

    play_on(app, story)
    assert (hands.asked, engine.asked) == (["heal"], [])


def test_quitting_asks_nothing_when_the_shop_stays_and_its_name_is_in_the_header(real: Real) -> None:
    app, engine, _ = real()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        assert "shop  process" in bar(app, "header").text()
        await pilot.press("q")

    play_on(app, story)
    assert app.return_code == 0
    assert not engine.stopped


def test_a_shop_that_ends_meanwhile_is_told(real: Real) -> None:
    app, engine, _ = real()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        engine.told, engine.hands = "shop is down; what is shown is its record", None
        engine.finish()
        await until(pilot, lambda: engine.told in told(app))
        await pilot.press("x")
        await until(pilot, lambda: "its past is its past" in told(app))

    play_on(app, story)


@pytest.mark.parametrize("t", [0, 1, 1_000_000, 3_150_000, 9_999_999, 10_000_000])
def test_the_place_of_an_instant_is_the_first_event_then_or_after(log_path: Path, t: int) -> None:
    lines = log_path.read_bytes().splitlines(keepends=True)
    times = [json.loads(line)["t"] for line in lines]
    wanted = next(place for place, at in enumerate(times) if at >= t)

    assert place_since(log_path, t) == (len(b"".join(lines[:wanted])), times[wanted])
    assert place_since(log_path, times[-1] + 1) == (len(b"".join(lines[:-1])), times[-1])


def test_a_long_log_is_found_its_way_in_and_half_a_line_is_none(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [b'{"seq":%d,"t":%d,"kind":"note"}\n' % (number, number * 10) for number in range(5_000)]
    path.write_bytes(b"".join(lines) + b'{"seq":5')

    for number in (0, 1, 77, 2_500, 4_999):
        assert place_since(path, number * 10) == (len(b"".join(lines[:number])), number * 10)
    path.write_bytes(b"")
    assert place_since(path, 7) == (0, 0)


def test_a_feed_can_begin_in_the_midst_with_what_held_there(log_path: Path) -> None:
    place, t = place_since(log_path, 5_000_000)
    held = Moment(t, services={"gateway-1": "gateway"}, instances={"gateway-1": "up"})
    feed = Feed(log_path, Beginning(place, t, held))
    feed.advance(60)

    assert len(feed.log) == 12
    assert feed.moment(1).instances == {"gateway-1": "up"}
    assert feed.latest.instances == {"gateway-1": "up", "payment-1": "up"}
    assert feed.series.within("request", 8_000_000, 9_000_000) == 3
    assert sum(feed.series.curve("request", 10_000_000, 7)) == 3
    feed.log.close()


def test_a_log_that_goes_on_in_another_file_is_followed_there(real: Real) -> None:
    app, engine, _ = real()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        os.replace(engine.log, engine.log.with_suffix(".1.jsonl"))  # noqa: PTH105 - as a shop's log does
        engine.log.write_bytes(b"")
        engine.go_on(1_000_000)
        await until(pilot, lambda: app.playback.at == 14)
        assert app.feed.latest.instances["order-1"] == "up"
        assert app.playback.t == 10_000_000

    play_on(app, story)


def test_a_second_start_in_one_log_begins_with_nobody_up(log_path: Path) -> None:
    feed = Feed(log_path)
    feed.advance(60)
    began = feed.log.event(0)
    moment = feed.latest.copy()
    assert moment.ended
    moment.feed(began)
    feed.log.close()

    assert (moment.ended, moment.instances, moment.faults) == (False, {}, {})
    assert moment.sagas.views


def test_space_holds_the_shop_a_point_lets_one_pass_and_space_lets_all_go(real: Real) -> None:
    app, _, hands = real()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        await until(pilot, lambda: "hold/let go" in seen(app))
        await pilot.press("space")
        await until(pilot, lambda: "HELD 3" in bar(app, "header").text())
        assert "HELD" in bar(app, "scrubber").text()
        assert any("timeouts are likely" in note for note in told(app))
        await until(pilot, lambda: "let one pass" in seen(app))
        await pilot.press("full_stop")
        await until(pilot, lambda: "HELD 2" in bar(app, "header").text())
        assert app.playback.follow
        await pilot.press("space")
        await until(pilot, lambda: "LIVE" in bar(app, "scrubber").text())

    play_on(app, story, (120, 40))
    assert hands.asked == ["hold", "let one", "release"]


def test_in_the_past_space_means_the_picture_and_the_hold_goes_on(real: Real) -> None:
    app, _, hands = real()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        await pilot.press("space")
        await until(pilot, lambda: app.held == 3)
        await pilot.press("comma", "comma", "full_stop")
        assert app.playback.at == 19
        await pilot.press("space")
        await pilot.pause()
        assert app.playback.playing
        assert "HELD 3" in bar(app, "header").text()
        await pilot.press("L", "space")
        await until(pilot, lambda: app.held is None)

    play_on(app, story)
    assert hands.asked == ["hold", "release"]


def test_a_hold_that_ends_by_itself_is_told(real: Real) -> None:
    app, _, hands = real()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        await pilot.press("space")
        await until(pilot, lambda: app.held == 3)
        hands.held = Waiting(on=False, held=0)
        await until(pilot, lambda: any("by itself" in note for note in told(app)))
        assert "LIVE" in bar(app, "scrubber").text()

    play_on(app, story)


def test_closing_the_view_lets_all_go(real: Real) -> None:
    app, _, hands = real()

    async def story(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.playback.at == 20)
        await pilot.press("space")
        await until(pilot, lambda: app.held == 3)
        await pilot.press("q")

    play_on(app, story)
    assert hands.asked == ["hold", "release"]
