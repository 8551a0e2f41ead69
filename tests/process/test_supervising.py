"""The parts of the supervisor that can be shown without a process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from msa_lab.persistence import ShopLog
from msa_lab.persistence.shopkeeper import ShopKeeper
from msa_lab.persistence.shops import ShopFolder
from msa_lab.runtime.process.identity import memory, started
from msa_lab.runtime.process.outputs import trim
from msa_lab.runtime.process.restarting import Falls
from msa_lab.runtime.process.stamping import stamp, unstamped
from msa_lab.telemetry.canonical import CanonicalWriter
from msa_lab.telemetry.log import EventLog


def test_each_fall_in_a_row_is_followed_by_a_longer_pause_and_the_fifth_by_none() -> None:
    falls = Falls()

    assert [falls.fell(0.0) for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, None]


def test_who_has_served_a_while_falls_for_the_first_time_again() -> None:
    falls = Falls()
    for _ in range(4):
        falls.fell(0.0)

    assert falls.fell(30.0) == 0.5
    assert falls.fell(0.0) == 1.0
    falls.forget()
    assert falls.fell(0.0) == 0.5


def test_a_line_bears_the_time_of_the_wall_clock() -> None:
    stamped = stamp(1_767_225_600_123_999_999) + "order-1 serves"

    assert stamped == "2026-01-01T00:00:00.123Z order-1 serves"
    assert unstamped(stamped) == "order-1 serves"
    assert unstamped("12:M 01 Jan 2026 ready") == "12:M 01 Jan 2026 ready"


def test_a_large_output_is_moved_aside_under_its_writers_hands(tmp_path: Path) -> None:
    with (tmp_path / "order-1.out").open("a") as out:
        out.write("x" * 2000)
        out.flush()
        trim(tmp_path, largest=1000)
        out.write("y")

    assert (tmp_path / "order-1.out").read_text() == "y"
    assert (tmp_path / "order-1.out.1").read_text() == "x" * 2000


def test_a_process_is_known_by_when_it_was_started() -> None:
    mine = started(os.getpid())

    assert mine
    assert mine == started(os.getpid())
    assert started(2**22 + 1) is None
    assert (memory(os.getpid()) or 0) > 1_000_000


def kept(folder: ShopFolder) -> ShopKeeper:
    log = ShopLog(folder.events)
    return ShopKeeper(folder, log, CanonicalWriter(log.append))


def test_numbers_of_processes_and_the_shops_time_go_on_across_starts(tmp_path: Path) -> None:
    folder = ShopFolder(tmp_path / "shop")
    folder.make()
    first = kept(folder)
    assert [first.origin(), first.origin()] == [1, 2]
    begun = first.start()

    log = ShopLog(folder.events)
    events = EventLog(writer := CanonicalWriter(log.append))
    events.emit("note", 3_600_000_000)  # an hour by the shop's clock: the machine's was put back since
    writer.flush()
    log.close()
    second = kept(folder)

    assert second.origin() == 3
    hour = 3_601_000_000_000
    assert begun - second.start() == pytest.approx(hour, abs=5_000_000_000)


def test_a_log_that_the_disk_refuses_is_said(tmp_path: Path) -> None:
    folder = ShopFolder(tmp_path / "shop")
    folder.make()
    assert kept(folder).trouble == ""
    (folder.events / "events.jsonl").unlink()
    (folder.events / "events.jsonl").mkdir()

    assert kept(folder).trouble == f"{folder.events / 'events.jsonl'} cannot be written: Is a directory"
