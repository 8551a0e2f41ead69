"""Sagas: the page beside the messages, and what the services have written down of one at a moment."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from msa_lab.telemetry.canonical import CanonicalWriter
from msa_lab.telemetry.log import EventLog
from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.screens.sagas import SagasView
from tests.tui.staging import Stage, every_size, page, play_on, press

TIMES = {
    "step": "authorize", "started_at": 1_000_250, "lease_until": 61_000_000, "ended_at": 0, "attempt": 3,
    "data": {"placed_at": 900_000, "format": 7},
}  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three services write: the saga's record, a payment that a webhook changes, stock that is no saga's."""
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        writer = CanonicalWriter(file.write)
        events = EventLog(writer)

        def at(t: float, kind: str, who: str, saga: str, **detail: Any) -> None:  # noqa: ANN401 - of any kind
            events.emit(kind, round(t * 1e6), who, f"{who}-1", saga, 0, 0, 0, 0, detail)

        def write(t: float, who: str, saga: str, where: str, row: dict[str, Any] | None) -> None:
            table, key = where.split()
            change: dict[str, Any] = {"table": table, "key": key} | (
                {"after": row} if row is not None else {}
            )
            at(t, "commit", who, saga, changes=[change])

        at(0, "instance.started", "order", "", incarnation=1)
        write(0.9, "order", "", "orders ord-1", {"id": "ord-1", "state": "PLACED"})
        at(1, "saga.started", "order", "ord-1", name="checkout", step="authorize")
        write(1, "order", "ord-1", "sagas ord-1", {"id": "ord-1", "state": "RUNNING", **TIMES})
        write(1.5, "inventory", "ord-1", "stock SKU-1", {"id": "SKU-1", "available": 4})
        paid = {"id": "pay-7", "order_id": "ord-1", "amount": {"minor": 1075, "currency": "EUR"}}
        write(2, "payment", "ord-1", "payments pay-7", {**paid, "state": "PENDING"})
        write(3, "payment", "", "payments pay-7", {**paid, "state": "CAPTURED"})
        write(4, "order", "ord-1", "orders ord-1", None)
        at(5, "saga.completed", "order", "ord-1", name="checkout", took=4_000_000)
        writer.flush()
    return path


@every_size
def test_d_shows_what_is_written_down_at_the_moment(log: Path, size: tuple[int, int], tmp_path: Path) -> None:
    feed = Feed(log)
    feed.advance(60)
    app = LabApp(feed, {}, cache=tmp_path)

    def told() -> str:
        return page(app, "why").text()

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "3", "enter", "d")
        assert page(app, "why").size
        assert str(page(app, "why").border_title) == "Data (d) at T+5.000"
        assert told().splitlines()[0] == "order sagas ord-1  RUNNING  T+1.000"
        assert "payment payments pay-7  CAPTURED  T+3.000" in told()
        assert "amount=10.75 EUR" in told()
        assert "order orders ord-1  deleted  T+4.000" in told()
        assert "stock" not in told()  # it is no row of this saga
        await press(pilot, *["comma"] * 3)
        assert "payment payments pay-7  PENDING  T+2.000" in told()
        assert "order orders ord-1  PLACED  T+0.900" in told()
        assert "T+2.000" in str(page(app, "why").border_title)
        await press(pilot, "L")
        assert "CAPTURED" in told()
        await press(pilot, "w")
        assert told().startswith("why ")
        await press(pilot, "d", "d")
        assert told().startswith("why ")

    play_on(app, story, size)
    feed.log.close()


def test_instants_are_told_as_times(log: Path, tmp_path: Path) -> None:
    feed = Feed(log)
    feed.advance(60)
    app = LabApp(feed, {}, cache=tmp_path)

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "3", "enter", "d")
        told = page(app, "why").text()
        for written in ("started_at=T+1.000", "lease_until=T+61.000", "ended_at=0", "attempt=3"):
            assert f"  {written}" in told
        assert "data={format: 7, placed_at: T+0.900}" in " ".join(told.split())

    play_on(app, story, (120, 40))
    feed.log.close()


def test_without_commits_it_says_so(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", "enter", "d")
        assert "nothing is written down" in page(app, "why").text()

    stage(story, (120, 40))


@every_size
@pytest.mark.parametrize("key", ["w", "d"])
def test_a_page_opened_from_the_list_leaves_the_focus_in_the_saga(
    stage: Stage, size: tuple[int, int], key: str
) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "3", key)
        assert app.focused is not None
        assert app.view in app.focused.ancestors
        assert app.focused.display
        view = app.view
        assert isinstance(view, SagasView)
        before = view.way
        await press(pilot, "v")
        assert view.way != before

    stage(story, size)
