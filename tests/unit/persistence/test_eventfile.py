from pathlib import Path

import msgspec
import pytest

from msa_lab.errors import EnvironmentTrouble
from msa_lab.persistence import event_at, events
from msa_lab.telemetry.events import LogEvent


def written(path: Path, *log: LogEvent) -> Path:
    path.write_bytes(msgspec.json.Encoder(order="deterministic").encode_lines(log))
    return path


def some(count: int) -> list[LogEvent]:
    """Events with gaps between their numbers and lines of very different lengths."""
    return [
        LogEvent(3 * n + 1, n * 1000, "note", saga=f"s-{n % 5}", detail={"message": "x" * (n * 37 % 9000)})
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 300])
def test_every_event_is_found_by_its_number_and_no_other(tmp_path: Path, count: int) -> None:
    log = some(count)
    path = written(tmp_path / "events.jsonl", *log)

    assert [event_at(path, event.seq) for event in log] == log
    assert [event_at(path, event.seq + 1) for event in log] == [None] * count
    assert event_at(path, 0) is None


def test_events_come_back_in_order(tmp_path: Path) -> None:
    log = some(20)

    assert list(events(written(tmp_path / "events.jsonl", *log))) == log


def test_only_lines_with_one_of_the_marks_are_given(tmp_path: Path) -> None:
    path = written(tmp_path / "events.jsonl", *some(20))

    assert [event.seq for event in events(path, b'"saga":"s-2"', b'"saga":"s-4"')] == [
        7, 13, 22, 28, 37, 43, 52, 58,
    ]  # fmt: skip


def test_a_half_written_last_line_is_left_out(tmp_path: Path) -> None:
    log = some(3)
    path = written(tmp_path / "events.jsonl", *log)
    path.write_bytes(path.read_bytes()[:-5])

    assert list(events(path)) == log[:2]
    assert event_at(path, log[2].seq) is None


def test_what_is_no_event_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"seq":1,"t":0,"kind":"note"}\nhello\n')

    with pytest.raises(EnvironmentTrouble, match=r"events\.jsonl:2 is no event"):
        list(events(path))


def test_a_missing_log_is_trouble_and_has_no_events(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentTrouble, match=r"gone\.jsonl cannot be read: No such file"):
        list(events(tmp_path / "gone.jsonl"))

    assert event_at(tmp_path / "gone.jsonl", 1) is None
