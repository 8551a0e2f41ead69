from pathlib import Path

import msgspec

from msa_lab.persistence import LiveRun, ShopLog
from msa_lab.persistence.shoplog import last_event
from msa_lab.telemetry.events import LogEvent

LINE = len(b'{"seq":1000,"t":1000,"kind":"note","detail":{},"instance":""}')


def line(seq: int) -> bytes:
    return msgspec.json.Encoder(order="deterministic").encode_lines([LogEvent(seq, seq * 10, "note")])


def test_the_log_never_takes_more_than_its_limit_and_keeps_the_last_half(tmp_path: Path) -> None:
    limit = 40 * len(line(1000))
    log = ShopLog(tmp_path, limit)

    for seq in range(1000, 1500):
        log.append(line(seq))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= limit

    log.close()
    kept = [event.seq for event in LiveRun(tmp_path, {}).events()]
    assert kept == list(range(kept[0], 1500))
    assert len(kept) >= 20


def test_events_are_found_in_both_files(tmp_path: Path) -> None:
    log = ShopLog(tmp_path, 40 * len(line(1000)))
    for seq in range(1000, 1030):
        log.append(line(seq))
    log.close()

    run = LiveRun(tmp_path, {})
    assert [event.seq for event in (run.find(1000), run.find(1029)) if event] == [1000, 1029]
    assert run.find(1030) is None


def test_a_half_line_of_a_killed_supervisor_is_cut_off_and_the_log_goes_on(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(line(1) + line(2) + line(3)[:9])

    log = ShopLog(tmp_path)
    assert log.last is not None
    assert (log.last.seq, log.last.t) == (2, 20)
    log.append(line(3))
    log.close()

    assert [event.seq for event in LiveRun(tmp_path, {}).events()] == [1, 2, 3]


def test_an_empty_log_has_no_last_event(tmp_path: Path) -> None:
    assert last_event(tmp_path) is None
    assert ShopLog(tmp_path).last is None


def test_a_follower_sees_what_comes_also_when_a_new_file_begins(tmp_path: Path) -> None:
    log = ShopLog(tmp_path, 8 * len(line(1000)))
    log.append(line(1000))
    following = LiveRun(tmp_path, {}).follow(after=0)

    seen: list[int] = []

    def look() -> None:
        while (event := next(following)) is not None:
            seen.append(event.seq)

    look()
    for seq in range(1001, 1010):
        log.append(line(seq))
        look()
    log.close()

    assert seen == list(range(1000, 1010))


def test_a_full_disk_is_said_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").mkdir()

    log = ShopLog(tmp_path)
    log.append(line(1))

    assert str(log.trouble) == f"{tmp_path / 'events.jsonl'} cannot be written: Is a directory"
