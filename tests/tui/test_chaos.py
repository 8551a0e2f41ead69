"""The chaos palette and what follows from it, at every size."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from msa_lab.chaos.naming import Names
from msa_lab.tui.feed import chaospage
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.switchpage import switches
from msa_lab.tui.palette import Palette
from msa_lab.tui.widgets.rows import Page
from tests.tui.staging import (
    Stage,
    ask_for_fault,
    bar,
    every_size,
    lab,
    look,
    page,
    play_on,
    press,
    seen,
    text,
    told,
)
from tests.tui.test_playing import Engine, Start, start, until

__all__ = ["start"]
NAMES = Names(
    services=("gateway", "order", "payment"), outside=("psp",),
    operations={"payment.capture": "payment", "psp.capture": "psp"},
)  # fmt: skip


def test_each_kind_is_offered_once_and_all_its_targets_for_words(feed: Feed) -> None:
    sight = look(feed, 20)
    kinds = [offer.kind.name for offer in chaospage.offers(sight, NAMES, "", 4_200_000)]
    found = chaospage.offers(sight, NAMES, "net.loss payment", 4_200_000)

    assert len(kinds) == len(set(kinds))
    assert {"process.kill", "net.loss", "pay.timeout_charged", "broker.loss"} <= set(kinds)
    assert [(offer.kind.name, offer.target) for offer in found] == [
        ("net.loss", "payment -> psp"), ("net.loss", "order -> payment"),
    ]  # fmt: skip
    assert found[0].text == "net.loss payment -> psp probability=0.5 direction=reply at 4200ms for 8s"


def test_every_offer_is_a_fault_that_can_be_played(feed: Feed) -> None:
    for offer in chaospage.offers(look(feed, 20), NAMES, ".", 4_200_001):
        spec = chaospage.fault_of(offer.text, NAMES)
        assert spec is not None
        assert spec.start.instant == 4_201_000  # type: ignore[union-attr] # all begin at an instant


def test_the_blast_radius_names_what_would_be_touched(feed: Feed) -> None:
    spec = chaospage.fault_of("net.loss payment -> psp probability=0.5 at 3s for 8s", NAMES)
    assert spec is not None
    told = text(chaospage.radius(look(feed, 16), NAMES, spec, 80)).splitlines()

    assert told == [
        "services   payment, psp",
        "links      1 in use, 0.5 messages/s, 50% of them",
        "operations 2: payment.capture, psp.capture",
        "sagas      1 in progress now: ord-2",
        "lasts      for 8s, then heals by itself",
    ]


def test_healing_ends_what_acts_and_calls_off_what_is_planned(feed: Feed) -> None:
    planned = {
        "lossy": "net.loss payment -> psp id=lossy at 2s for 3s",
        "later": "db.down order id=later at 6s for 1s",
    }
    now = chaospage.healing(look(feed, 20), planned, NAMES)
    after = chaospage.healing(look(feed, 24), {"lossy": planned["lossy"]}, NAMES)

    assert now.drop == ("lossy", "later")
    assert now.add == ("net.loss payment -> psp id=lossy at 2s for 2200ms",)
    assert after.drop == ()


@every_size
def test_x_shows_the_radius_and_the_command_line_and_enter_puts_it_in(
    start: Start, size: tuple[int, int]
) -> None:
    app, engine = start(at=4_200_000)

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await ask_for_fault(pilot, "loss psp")
        drawn = seen(app)
        assert "net.loss" in drawn
        if size[1] > 16:
            assert "1 in use" in drawn
            assert "same by    msalab scenario checkout" in drawn
        await press(pilot, "enter")
        assert len(app.screen_stack) == 1

    play_on(app, story, size)
    assert engine.asked == [
        (("net.loss payment -> psp probability=0.5 direction=reply at 4200ms for 8s",), ())
    ]


@every_size
def test_what_a_fault_does_is_told_in_full(start: Start, size: tuple[int, int]) -> None:
    app, _ = start(at=4_200_000)

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await press(pilot, "x")
        assert "type to search" in seen(app)
        for title in ("An instance dies and comes back", "then goes on as if nothing had been"):
            assert title in " ".join(seen(app).replace("│", " ").split())
            await press(pilot, "down")

    play_on(app, story, size)


def test_the_line_can_be_changed_and_a_wrong_one_is_not_put_in(start: Start) -> None:
    app, engine = start(at=4_200_000)

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await press(pilot, "x")
        await pilot.press("down", "tab")
        field = app.screen.query_one("#fault", Input)
        assert field.has_focus
        field.value = "net.los payment -> psp at 5s for 1s"
        await press(pilot, "enter")
        assert isinstance(app.screen, Palette)
        assert "did you mean net.loss?" in seen(app)
        field.value = "net.loss payment -> psp at 5s for 1s"
        await press(pilot, "enter")

    play_on(app, story)
    assert engine.asked == [(("net.loss payment -> psp at 5s for 1s",), ())]


def test_esc_leaves_all_as_it_is(start: Start) -> None:
    app, engine = start(at=4_200_000)

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "x")
        await press(pilot, "escape")
        assert len(app.screen_stack) == 1

    play_on(app, story)
    assert engine.asked == []


def test_one_key_heals_all(start: Start) -> None:
    app, engine = start(at=4_200_000)

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await press(pilot, "exclamation_mark")

    play_on(app, story)
    assert engine.asked == [(("net.loss payment -> psp id=lossy at 2s for 2200ms",), ("lossy",))]


@every_size
def test_on_the_map_p_fills_in_a_partition_x_the_target_and_h_heals_what_acts_there(
    start: Start, size: tuple[int, int]
) -> None:
    app, engine = start(at=4_200_000)

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await pilot.press("2", "right")
        for key, wanted in (("p", "net.partition payment"), ("x", "payment")):
            await press(pilot, key)
            assert isinstance(app.screen, Palette)
            assert app.screen.query_one("#kind", Input).value == wanted
            assert app.screen.fault
            await pilot.press("escape")
        messages: list[str] = []
        for keys in (("left", "h"), ("right", "h")):
            await press(pilot, *keys)
            messages += told(app)
        assert any(message.startswith("no fault acts on ") for message in messages)

    play_on(app, story, size)
    assert engine.asked == [(("net.loss payment -> psp id=lossy at 2s for 2200ms",), ("lossy",))]


async def begun(pilot: Pilot[None]) -> None:
    """Wait until the view stands at the second charge, where all runs here begin."""
    await until(pilot, lambda: lab(pilot).playback.at == 20)


def branched(engine: Engine, log: Path) -> None:
    """Let the engine have begun another run, whose log is this."""
    engine.log = log
    engine.summary = {**engine.summary, "run": "def456"}
    engine.words.append("begun")


def change(lines: list[bytes], place: int, old: bytes, new: bytes) -> bytes:
    assert old in lines[place]
    return b"".join([*lines[:place], lines[place].replace(old, new), *lines[place + 1 :]])


def test_the_new_run_comes_in_at_the_same_moment(start: Start, log_path: Path, tmp_path: Path) -> None:
    app, engine = start(at=4_200_000)
    other = tmp_path / "other.jsonl"
    lines = log_path.read_bytes().splitlines(keepends=True)
    other.write_bytes(change(lines, 25, b"payment", b"order"))

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await pilot.press("4", "exclamation_mark")
        branched(engine, other)
        await until(pilot, lambda: app.feed.log.path == other)
        assert 4_200_000 <= app.playback.t < 6_000_000
        assert app.playback.playing
        assert not any("not the same" in message for message in told(app))
        await until(pilot, lambda: "def456" in bar(app, "header").text() or app.size.width < 100)
        await press(pilot, "1", "L")
        assert "order" in page(app, "services").text()

    play_on(app, story, (120, 40))


def test_a_past_that_differs_is_told(start: Start, log_path: Path, tmp_path: Path) -> None:
    app, engine = start(at=4_200_000)
    other = tmp_path / "other.jsonl"
    lines = log_path.read_bytes().splitlines(keepends=True)
    other.write_bytes(change(lines, 2, b"order", b"ordre"))

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await pilot.press("exclamation_mark")
        branched(engine, other)
        await until(pilot, lambda: app.feed.log.path == other)
        assert any("not the same" in message for message in told(app))

    play_on(app, story)


@pytest.mark.parametrize("key", ["x", "exclamation_mark", "f"])
def test_real_processes_have_a_past_that_stays(start: Start, key: str) -> None:
    app, engine = start("process")
    engine.why_not = "real processes have a past that cannot be played again"

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, key)
        assert told(app) == ["real processes have a past that cannot be played again"]

    play_on(app, story)
    assert engine.asked == []


def test_a_run_alone_cannot_be_changed_and_says_so(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "x")
        (message,) = told(pilot.app)
        assert "open it where its scenario is" in message

    stage(story)


def test_a_session_is_saved_once_its_run_is_over(start: Start) -> None:
    app, engine = start()

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "W")
        assert told(app) == ["as soon as the run is over"]
        engine.finish()
        await until(pilot, lambda: not app.live)
        await press(pilot, "W")
        assert "wrote scenarios/checkout-by-hand.yaml" in told(app)

    play_on(app, story)


def test_the_same_past_is_the_same_to_the_byte(feed: Feed, tmp_path: Path) -> None:
    whole = feed.log.path.read_bytes()
    made: list[Callable[[], None]] = []

    def other(content: bytes) -> Feed:
        path = tmp_path / f"{len(made)}.jsonl"
        path.write_bytes(content)
        read = Feed(path)
        read.advance(60)
        made.append(read.log.close)
        return read

    lines = whole.splitlines(keepends=True)
    shorter = json.dumps(json.loads(lines[5])).encode() + b"\n"
    assert feed.log.agrees(other(whole).log, 5_000_000)
    assert feed.log.agrees(other(change(lines, 25, b"payment", b"order")).log, 6_000_000)
    assert not feed.log.agrees(other(change(lines, 25, b"payment", b"order")).log, 7_000_000)
    assert not feed.log.agrees(other(b"".join([*lines[:5], shorter, *lines[6:]])).log, 5_000_000)
    assert not feed.log.agrees(other(b"".join(lines[:9])).log, 5_000_000)
    for close in made:
        close()


@every_size
def test_a_fork_offers_the_switches_and_says_why_none_is_turned_from_here_on(
    start: Start, log_path: Path, size: tuple[int, int]
) -> None:
    app, engine = start(at=4_200_000)

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await press(pilot, "f")
        await press(pilot, *"idempo")
        palette = app.screen
        assert isinstance(palette, Palette)
        assert palette.fault == "--set patterns.idempotency=off"
        drawn = " ".join(palette.query_one("#radius", Page).text().split())
        await pilot.press("enter")
        branched(engine, log_path)
        await until(pilot, lambda: app.feed.log.path == log_path)
        if size[1] > 16:
            (chosen,) = switches({"idempotency": "on"}, "")
            assert f"teaches {chosen.title}" in drawn
            assert "not from T+4.200 on" in drawn
            assert "turned from T+0" in drawn
            assert "same by msalab scenario checkout --set patterns.idempotency=off" in drawn

    play_on(app, story, size)
    assert engine.asked == [(("--set patterns.idempotency=off",), ("again",))]


def test_x_offers_no_switches(start: Start) -> None:
    app, _ = start(at=4_200_000)

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        palette = await ask_for_fault(pilot, "idempo")
        assert palette.fault == ""

    play_on(app, story)


def test_every_switch_is_offered_to_each_value_it_has_not() -> None:
    found = switches({"idempotency": "on", "placement": "modular"}, "")

    assert [it.text for it in found] == [
        "--set patterns.idempotency=off", "--set patterns.placement=twelve",
        "--set patterns.placement=monolith",
    ]  # fmt: skip
    assert [it.target for it in switches({"idempotency": "off"}, "pattern idem")] == ["off to on"]


@every_size
def test_a_fork_can_be_a_new_run_with_other_settings(
    start: Start, log_path: Path, size: tuple[int, int]
) -> None:
    app, engine = start(at=4_200_000)

    async def story(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await press(pilot, "f")
        field = app.screen.query_one("#fault", Input)
        field.value = "--sed 9"
        field.focus()
        await press(pilot, "enter")
        assert isinstance(app.screen, Palette)
        field.value = "--seed 9"
        await pilot.pause()
        if size[1] > 16:
            assert "another past" in seen(app)
            assert "same by    msalab scenario checkout --seed 9" in seen(app)
        await pilot.press("enter")
        branched(engine, log_path)
        message = "another run, another past: msalab diff abc123 def456"
        await until(pilot, lambda: message in told(app))
        assert app.feed.log.path == log_path

    play_on(app, story, size)
    assert engine.asked == [(("--seed 9",), ("again",))]
