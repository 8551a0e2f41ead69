"""A small run by hand: ord-1 goes well, ord-2 is charged twice, ord-3 is undone after a crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from msa_lab.telemetry.canonical import CanonicalWriter
from msa_lab.telemetry.log import EventLog
from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import Line, Signs, text_of
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.palette import Palette
from msa_lab.tui.widgets.bars import Bar
from msa_lab.tui.widgets.rows import Page, Rows

Story = Callable[[Pilot[None]], Awaitable[None]]
SIZES = [(80, 24), (120, 40), (200, 60), (60, 16)]
every_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
SUMMARY: dict[str, Any] = {
    "run": "abc123", "scenario": {"id": "checkout", "file": "checkout.yaml"}, "mode": "sim",
    "topology": "no-idempotency", "seed": 7, "chaos": "flaky", "verdict": "FAILED", "exit": 1,
    "duration_sim": 10.0, "repeat": ["msalab scenario checkout --seed 7"],
    "sagas": {"started": 3, "completed": 2, "compensated": 1, "open": 0},
    "faults": [{"id": "lossy", "kind": "net.loss", "target": "payment -> psp", "touched": 1}],
    "expectations": [
        {
            "id": "money", "kind": "finally", "verdict": "HELD", "severity": "error",
            "file": "invariants.yaml", "line": 4, "observed": "3 orders judged", "limit": "balanced",
            "violations": [],
        },
        {
            "id": "captured-once", "kind": "never", "verdict": "BROKEN", "severity": "error",
            "file": "invariants.yaml", "line": 9, "observed": "order ord-2: psp.captures = 2",
            "limit": "each order: never psp.captures > 1", "samples": 3, "broken": 1,
            "reason": "A retry without an idempotency key charges twice.",
            "doc": "docs/concepts/idempotency.md",
            "violations": [
                {
                    "entity": "order ord-2", "saga": "ord-2", "event": 19, "t": 4.2,
                    "observed": "psp.captures = 2",
                }
            ],
        },
    ],
}  # fmt: skip


def write_log(path: Path) -> None:
    """Write the run's events; the numbers in the tests are those of these lines."""
    with path.open("wb") as file:
        writer = CanonicalWriter(file.write)
        log = EventLog(writer)

        def at(t: float, name: str, /, who: str = "", saga: str = "", cause: int = 0, **detail: Any) -> int:  # noqa: ANN401 - of any kind
            instance = f"{who}-1" if who and who != "client" else ""
            return log.emit(name, round(t * 1e6), who, instance, saga, 0, 0, cause, 0, detail)

        at(0, "run.started", scenario="checkout", seed=7, topology="no-idempotency", chaos="flaky")  # 1
        for service in ("gateway", "order", "payment", "psp"):  # 2 to 5
            at(0, "instance.started", service, incarnation=1)
        at(0, "phase.started", phase="rush", flow="buy", rate=1.0)  # 6
        began = at(1, "saga.started", "order", "ord-1", name="checkout", step="authorize")  # 7
        sent = at(
            1.1,
            "call.sent",
            "order",
            "ord-1",
            began,
            callee="payment-1",
            operation="payment.capture",
            attempt=1,
            call=1,
        )  # 8
        at(1.2, "call.received", "payment", "ord-1", sent, call=1, operation="payment.capture")  # 9
        at(
            1.3,
            "call.returned",
            "order",
            "ord-1",
            sent,
            call=1,
            operation="payment.capture",
            outcome="ok",
            took=200_000,
        )  # 10
        at(1.3, "saga.step", "order", "ord-1", name="checkout", step="capture")  # 11
        at(1.5, "saga.completed", "order", "ord-1", name="checkout", took=500_000)  # 12
        at(2, "fault.started", fault="lossy", kind="net.loss", target="payment -> psp")  # 13
        began = at(3, "saga.started", "order", "ord-2", name="checkout", step="authorize")  # 14
        sent = at(
            3.1,
            "call.sent",
            "payment",
            "ord-2",
            began,
            callee="psp-1",
            operation="psp.capture",
            attempt=1,
            call=2,
        )  # 15
        at(
            3.2,
            "message.dropped",
            "payment",
            "ord-2",
            sent,
            call=2,
            direction="reply",
            fault="lossy",
            operation="psp.capture",
        )  # 16
        lost = at(
            4.1,
            "call.failed",
            "payment",
            "ord-2",
            16,
            call=2,
            operation="psp.capture",
            reason="Timeout",
            fault="lossy",
            took=1_000_000,
            definite=False,
        )  # 17
        again = at(
            4.15,
            "call.sent",
            "payment",
            "ord-2",
            lost,
            callee="psp-1",
            operation="psp.capture",
            attempt=2,
            call=3,
        )  # 18
        commit = at(4.2, "commit", "psp", "ord-2", again, changes=[])  # 19
        at(
            4.2,
            "expectation.violated",
            "psp",
            "ord-2",
            commit,
            expectation="captured-once",
            entity="order ord-2",
            observed="psp.captures = 2",
        )  # 20
        at(4.3, "saga.step", "order", "ord-2", name="checkout", step="capture")  # 21
        at(4.5, "saga.completed", "order", "ord-2", name="checkout", took=1_500_000)  # 22
        at(5, "fault.healed", fault="lossy", touched=1)  # 23
        at(6, "saga.started", "order", "ord-3", name="checkout", step="authorize")  # 24
        at(6.1, "saga.step", "order", "ord-3", name="checkout", step="reserve")  # 25
        at(6.2, "instance.crashed", "payment", incarnation=1)  # 26
        at(6.5, "saga.turned", "order", "ord-3", name="checkout", step="capture", failure="BreakerOpen")  # 27
        at(6.6, "saga.undone", "order", "ord-3", name="checkout", step="reserve")  # 28
        at(
            6.7, "saga.compensated", "order", "ord-3", name="checkout", took=700_000, failure="BreakerOpen"
        )  # 29
        at(7, "instance.started", "payment", incarnation=2)  # 30
        for place, took in enumerate((10_000, 20_000, 30_000)):  # 31 to 33
            at(8 + place / 10, "shopper.request", "client", operation="order.place", outcome="ok", took=took,
               flow="buy", phase="rush")  # fmt: skip
        at(10, "run.ended", settled=True)  # 34
        writer.flush()


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    """The log of the run by hand."""
    path = tmp_path / "events.jsonl"
    write_log(path)
    return path


@pytest.fixture
def feed(log_path: Path) -> Iterator[Feed]:
    """The run by hand, read whole."""
    read = Feed(log_path)
    read.advance(60)
    yield read
    read.log.close()


Stage = Callable[..., LabApp]


@pytest.fixture
def stage(feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Open the view on the run by hand and play a story on it; give the app, closed."""
    for name in ("NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")

    def play(story: Story, size: tuple[int, int] = (80, 24), **options: Any) -> LabApp:  # noqa: ANN401 - those of the app
        app = LabApp(feed, json.loads(json.dumps(SUMMARY)), cache=tmp_path / "cache", **options)

        play_on(app, story, size)
        return app

    return play


def play_on(
    app: LabApp, story: Story, size: tuple[int, int] = (80, 24), *, notifications: bool = False
) -> None:
    """Open a view and play a story on it; toasts are drawn only when `notifications` are wanted."""

    async def opened() -> None:
        async with app.run_test(size=size, notifications=notifications) as pilot:
            await pilot.pause()
            await story(pilot)

    asyncio.run(opened())


def look(feed: Feed, at: int, *, unicode: bool = True) -> Sight:
    """Give what is seen of the run by hand after so many events."""
    return Sight(feed, at, feed.log.time(at - 1) if at else 0, Signs(unicode), SUMMARY)


def text(lines: Sequence[Line]) -> str:
    """Give the text of drawn lines."""
    return "\n".join(text_of(row).rstrip() for row in lines)


def lab(pilot: Pilot[None]) -> LabApp:
    assert isinstance(pilot.app, LabApp)
    return pilot.app


async def press(pilot: Pilot[None], *keys: str) -> LabApp:
    await pilot.press(*keys)
    await pilot.pause()
    return lab(pilot)


async def type_in(pilot: Pilot[None], typed: str) -> None:
    """Type a text and Enter."""
    names = {" ": "space", "#": "number_sign", "=": "equals_sign", '"': "quotation_mark", ".": "full_stop"}
    await pilot.press(*(names.get(letter, letter) for letter in typed), "enter")
    await pilot.pause()


def told(app: App[None]) -> list[str]:
    """Give what the user was told in toasts that are still seen."""
    return [note.message for note in app._notifications]  # noqa: SLF001 - there is no other way to them


async def ask_for_fault(pilot: Pilot[None], words: str) -> Palette:
    """Open the chaos palette and type what is looked for."""
    await pilot.press("x")
    await pilot.pause()
    palette = pilot.app.screen
    assert isinstance(palette, Palette)
    await pilot.press(*("space" if letter == " " else letter for letter in words))
    await pilot.pause()
    return palette


def seen(app: LabApp) -> str:
    """Give the text of the whole window."""
    strips = app.screen._compositor.render_strips()  # noqa: SLF001 - the only way to all that is drawn
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def rows(app: LabApp, name: str) -> Rows:
    return app.screen_stack[0].query_one(f"#{name}", Rows)


def page(app: LabApp, name: str) -> Page:
    return app.screen_stack[0].query_one(f"#{name}", Page)


def bar(app: LabApp, name: str) -> Bar:
    return app.screen_stack[0].query_one(f"#{name}", Bar)
