import json
from pathlib import Path

import pytest

from msa_lab.errors import EnvironmentTrouble
from msa_lab.scenario.scopes import event_filter
from msa_lab.telemetry.canonical import CanonicalWriter
from msa_lab.telemetry.log import EventLog
from msa_lab.telemetry.moment import KINDS, Moment
from msa_lab.tui.feed.eventpage import Listing
from msa_lab.tui.feed.feed import Feed, Span
from msa_lab.tui.feed.goto import NowhereError, instant_of, place_of
from msa_lab.tui.feed.logfile import Head, LogFile
from msa_lab.tui.feed.playback import Playback


def test_every_event_is_found_by_its_place_and_its_number(feed: Feed) -> None:
    assert len(feed.log) == 34
    assert feed.log.event(19).kind == "expectation.violated"
    assert feed.log.place(20) == 19
    assert feed.log.place(35) is None
    found = feed.find(26)
    assert found is not None
    assert found.kind == "instance.crashed"


def test_the_events_up_to_an_instant_are_counted_with_those_at_it(feed: Feed) -> None:
    assert feed.log.until(0) == 6
    assert feed.log.until(999_999) == 6
    assert feed.log.until(1_000_000) == 7
    assert feed.log.until(99_000_000) == 34


def test_a_half_written_last_line_waits_for_its_end(tmp_path: Path, log_path: Path) -> None:
    whole = log_path.read_bytes()
    path = tmp_path / "growing.jsonl"
    path.write_bytes(whole[:-10])
    log = LogFile(path)
    assert len(list(log.more())) == 33

    path.write_bytes(whole)

    assert [head.kind for _, head in log.more()] == ["run.ended"]
    log.close()


def test_only_the_heads_are_read_at_once_and_events_of_a_kind_when_wanted(log_path: Path) -> None:
    log = LogFile(log_path)

    heads = log.more()

    assert len(log) == len(heads) == 34
    assert heads[13][1] == Head(14, 3_000_000, "saga.started", "ord-2")
    assert (log.time(13), log.place(14)) == (3_000_000, 13)
    assert [event.seq for event in log.events(0, 34, {log.code("commit")})] == [19]
    assert [event.seq for event in log.events(6, 12, {log.code("saga.started"), log.code("saga.step")})] == [
        7, 11,
    ]  # fmt: skip
    assert list(log.events(34, 34, {log.code("commit")})) == []
    log.close()


def test_a_line_of_another_writer_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"t": 5, "seq": 1, "kind": "note", "saga": "caf\xc3\xa9"}\n')
    log = LogFile(path)

    ((_, head),) = log.more()

    assert (head.kind, head.saga, log.time(0)) == ("note", "caf\u00e9", 5)
    assert log.event(0).kind == "note"
    log.close()


def test_lines_of_our_writer_and_of_others_may_stand_side_by_side(tmp_path: Path, log_path: Path) -> None:
    lines = log_path.read_bytes().splitlines(keepends=True)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join([*lines[:5], lines[5].replace(b'"seq":', b'"seq": '), *lines[6:]]))
    log = LogFile(path)
    log.more()

    assert [log.event(place).seq for place in (0, 4, 5, 6, 33)] == [1, 5, 6, 7, 34]
    log.close()


def test_a_line_that_is_no_event_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"seq":1,"t":0,"kind":"note"}\n{"seq":\n')
    log = LogFile(path)

    with pytest.raises(EnvironmentTrouble, match=r"events\.jsonl:2 is no event"):
        list(log.more())
    log.close()


def test_a_log_that_is_not_there_is_trouble_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentTrouble, match="cannot be read"):
        LogFile(tmp_path / "events.jsonl")


def test_a_moment_is_the_fold_of_all_events_before_it(feed: Feed) -> None:
    folded = Moment()
    for at in range(len(feed.log)):
        assert feed.moment(at) == folded
        event = feed.log.event(at)
        if event.kind in KINDS:
            folded.feed(event)
    assert feed.moment(34) == folded


def test_moments_hold_in_a_log_with_many_snapshots_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        writer = CanonicalWriter(file.write)
        log = EventLog(writer)
        for place in range(40_000):
            saga = f"ord-{place // 2}"
            kind = "saga.completed" if place % 2 else "saga.started"
            log.emit(kind, place, "order", saga=saga, detail={"name": "checkout", "step": "", "took": 1})
        writer.flush()
    feed = Feed(path)
    feed.advance(60)

    for at in (39_999, 1, 20_001, 777, 20_002, 40_000, 0):
        tally = feed.moment(at).sagas.tally()
        assert (tally["started"], tally["completed"]) == ((at + 1) // 2, at // 2)
    feed.log.close()


def test_faults_leave_spans_and_what_matters_leaves_markers(feed: Feed) -> None:
    assert feed.spans == [Span("lossy", "payment -> psp", 2_000_000, 5_000_000)]
    assert [(marker.at, marker.kind) for marker in feed.markers] == [
        (6, "phase"), (13, "fault"), (20, "violation"), (23, "heal"), (26, "crash"), (34, "phase"),
    ]  # fmt: skip


def test_markers_follow_each_other_both_ways(feed: Feed) -> None:
    forward = feed.next_marker(13, 1)
    back = feed.next_marker(13, -1)

    assert forward is not None
    assert forward.at == 20
    assert back is not None
    assert back.at == 6
    assert feed.next_marker(34, 1) is None
    assert feed.next_marker(6, -1) is None


def test_a_mark_of_ones_own_comes_and_goes(feed: Feed) -> None:
    assert feed.mark(15, "here") is not None
    found = feed.next_marker(13, 1)
    assert found is not None
    assert (found.at, found.kind) == (15, "own")

    assert feed.mark(15, "here") is None
    again = feed.next_marker(13, 1)
    assert again is not None
    assert again.at == 20


def test_the_events_of_a_saga_end_at_the_moment_looked_at(feed: Feed) -> None:
    assert [event.seq for event in feed.saga_events("ord-2", 17)] == [14, 15, 16, 17]
    assert feed.saga_events("ord-2", 13) == []
    assert feed.saga_events("nobody", 34) == []


def test_time_passes_at_its_speed_and_stops_at_the_end(feed: Feed) -> None:
    play = Playback(feed.log)
    play.toggle()

    assert play.tick(1.0)
    assert (play.t, play.at) == (1_000_000, 7)
    play.faster(1)
    play.tick(1.0)
    assert (play.t, play.at) == (3_000_000, 14)
    play.tick(100)
    assert (play.t, play.at, play.playing) == (10_000_000, 34, False)


def test_a_pause_stands_still_and_a_start_at_the_end_begins_again(feed: Feed) -> None:
    play = Playback(feed.log)
    assert not play.tick(5.0)
    play.end()
    play.toggle()

    assert (play.playing, play.at, play.t) == (True, 0, 0)


def test_steps_go_by_one_event_and_never_out_of_the_log(feed: Feed) -> None:
    play = Playback(feed.log)
    play.step(-1)
    assert play.at == 0
    play.step(7)
    assert (play.at, play.t) == (7, 1_000_000)
    play.step(99)
    assert play.at == 34


def test_speeds_have_a_slowest_and_a_fastest(feed: Feed) -> None:
    play = Playback(feed.log)
    play.faster(-99)
    assert play.speed == 0.1
    assert play.pace == "0.1x"
    play.faster(99)
    assert play.pace == "max"
    play.playing = True
    play.tick(0.1)
    assert play.at == 34


@pytest.mark.parametrize(
    ("text", "instant"),
    [("7.012", 7_012_000), ("T+7.012", 7_012_000), ("250ms", 250_000), ("2m", 120_000_000), ("ord-1", None)],
)
def test_instants_are_read(text: str, instant: int | None) -> None:
    assert instant_of(text) == instant


@pytest.mark.parametrize(
    ("where", "at"),
    [("4.2", 20), ("#26", 26), ("ord-2", 14), ('kind == "saga.compensated"', 29), ("t > 7s", 31)],
)
def test_places_are_found(feed: Feed, where: str, at: int) -> None:
    assert place_of(where, feed, 0) == at


@pytest.mark.parametrize(
    ("where", "told"),
    [("#99", "there is no event 99"), ("ord-9", "neither a time"), ('kind == "note"', "no event after")],
)
def test_places_that_are_not_there_are_told(feed: Feed, where: str, told: str) -> None:
    with pytest.raises(NowhereError, match=told):
        place_of(where, feed, 0)


def test_a_listing_holds_what_passes_the_filter_and_the_zoom(feed: Feed) -> None:
    chosen = Listing(feed, event_filter('saga == "ord-2"'))
    chosen.advance(60)
    assert [chosen.place(row) for row in range(len(chosen))] == [13, 14, 15, 16, 17, 18, 19, 20, 21]
    assert chosen.until(16) == 3
    assert chosen.row_of(15) == 2

    key = Listing(feed, event_filter('saga == "ord-2"'), "key")
    key.advance(60)
    assert [feed.log.event(key.place(row)).kind for row in range(len(key))] == [
        "saga.started", "expectation.violated", "saga.step", "saga.completed",
    ]  # fmt: skip


def test_a_listing_of_everything_needs_no_search(feed: Feed) -> None:
    everything = Listing(feed)

    assert everything.ready
    assert len(everything) == 34
    assert everything.until(10) == 10


def test_the_feed_reads_on_in_a_log_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps({"seq": 1, "t": 0, "kind": "run.started"}) + "\n")
    feed = Feed(path)
    feed.advance(1)
    assert (len(feed.log), feed.ready) == (1, True)
    feed.log.close()
