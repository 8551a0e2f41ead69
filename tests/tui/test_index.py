"""A log opened by its index shows what the log shows, and an index that is not of this log is passed over."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.app import App
from textual.pilot import Pilot

from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.cli.program import run
from msa_lab.persistence import INDEX, StoredRun
from msa_lab.telemetry.canonical import CanonicalWriter
from msa_lab.telemetry.log import EventLog
from msa_lab.tui.app import LabApp
from msa_lab.tui.feed import eventpage, index, keyevents, livepage, logfile, scrub
from msa_lab.tui.feed import feed as feeding
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.links import links
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.opening import open_run
from tests.tui.staging import SUMMARY


def plainly(path: Path) -> Feed:
    feed = Feed(path)
    feed.advance(600)
    return feed


def by_index(path: Path) -> Feed:
    assert index.keep_of(path, least=0)
    feed = index.opened(path)
    assert feed.by_record
    return feed


def assert_alike(known: Feed, other: Feed) -> None:
    """Compare all that the screens ask of a feed, at moments all over the run."""
    assert other.ready
    assert other.counted == 1.0
    assert len(other.log) == len(known.log)
    assert other.series == known.series
    assert list(other.series.counts) == list(known.series.counts)
    assert (other.markers, other.spans, other.faults) == (known.markers, known.spans, known.faults)
    assert other.latest == known.latest
    steps = max(1, len(known.log) // 23)
    for at in [*range(0, len(known.log), steps), len(known.log)]:
        assert other.moment(at) == known.moment(at)
        assert list(other.moment(at).sagas.views) == list(known.moment(at).sagas.views)
        for place in range(max(0, at - 1), at):
            assert other.log.event(place) == known.log.event(place)
            assert other.log.time(place) == known.log.time(place)
            assert other.log.kind(place) == known.log.kind(place)
            assert other.log.until(known.log.time(place)) == known.log.until(known.log.time(place))
            assert other.find(known.log.event(place).seq) == known.find(known.log.event(place).seq)
    for saga in list(known.latest.sagas.views)[:20]:
        assert other.saga_events(saga, len(known.log)) == known.saga_events(saga, len(known.log))


def pages(feed: Feed, at: int) -> list[object]:
    sight = Sight(feed, at, feed.log.time(at - 1) if at else 0)
    return [
        livepage.services(sight, 80), livepage.tally(sight, 80), livepage.expectations(sight, 80),
        livepage.faults(sight, 80), livepage.recent_sagas(sight), keyevents.key_events(sight, 30),
        scrub.scrubber(sight, 80, word="END"), scrub.header(sight, 80, pace=""),
        links(sight), eventpage.Listing(feed).until(at),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scenario", "topology"),
    [
        ("checkout", None),
        ("checkout", "no-idempotency"),
        ("slow-inventory", None),
        ("orchestrator-crash", None),
    ],
)
def test_real_runs_show_the_same_pages_by_index(tmp_path: Path, scenario: str, topology: str | None) -> None:
    workspace = Workspace(Path.cwd())
    specs = workspace.specs()
    path = tmp_path / "events.jsonl"
    wishes = Wishes(chaos=True, topology=topology)
    with path.open("wb") as file:
        play(
            plan_for(workspace, specs, scenario_for(workspace, specs, scenario, {}), wishes), write=file.write
        )
    known, other = plainly(path), by_index(path)

    assert_alike(known, other)
    for at in range(0, len(known.log) + 1, max(1, len(known.log) // 9)):
        assert pages(other, at) == pages(known, at)
    known.log.close()
    other.log.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    story=st.lists(
        st.tuples(
            st.integers(0, 9),
            st.sampled_from(
                ["saga.started", "saga.step", "saga.completed", "note", "breaker.opened", "fault.hit"]
            ),
            st.integers(0, 500_000),
        ),
        max_size=80,
    ),
    piece=st.integers(150, 2_000),
    every=st.integers(1, 9),
    most=st.integers(2, 5),
)
def test_wherever_pieces_and_snapshots_end_the_index_says_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    story: list[tuple[int, str, int]],
    piece: int,
    every: int,
    most: int,
) -> None:
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    with path.open("wb") as file:
        writer = CanonicalWriter(file.write)
        log = EventLog(writer)
        now = 0
        for number, kind, pause in story:
            now += pause
            detail = {"name": "checkout", "step": f"s{number % 3}", "took": number, "callee": f"c{number}"}
            log.emit(kind, now, "order", "order-1", saga=f"ord-{number}", detail=detail)
        writer.flush()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logfile, "_PIECE", piece)
        patch.setattr(feeding, "_EVERY", every)
        patch.setattr(feeding, "_SNAPSHOTS", most)
        known, other = plainly(path), by_index(path)
        assert_alike(known, other)
    known.log.close()
    other.log.close()


def test_a_run_with_a_long_log_leaves_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LONG", 0)

    assert run(["scenario", "refused-card", "--ui", "plain", "--out", str(tmp_path)]) == 0

    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    known, other = plainly(folder / "events.jsonl"), index.opened(folder / "events.jsonl")
    assert other.by_record
    assert_alike(known, other)
    known.log.close()
    other.log.close()


def test_the_verdict_does_not_wait_for_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed: list[str] = []
    monkeypatch.setattr(index, "keep", lambda *_, **__: printed.append(capsys.readouterr().out))
    monkeypatch.setattr(index, "LONG", 0)

    assert run(["scenario", "refused-card", "--ui", "plain", "--out", str(tmp_path)]) == 0

    (before,) = printed
    assert "PASSED" in before
    assert capsys.readouterr().out == ""


def test_an_index_that_is_told_to_stop_is_not_written(log_path: Path) -> None:
    assert not index.keep_of(log_path, least=0, stop=lambda: True)
    assert not log_path.with_name(INDEX).exists()


def test_a_long_run_that_was_looked_at_leaves_an_index_when_the_view_closes(
    log_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leave(pilot: Pilot[object]) -> None:
        app = pilot.app
        assert isinstance(app, LabApp)
        while not app.feed.whole:
            await pilot.pause()
        assert not log_path.with_name(INDEX).exists()
        await pilot.press("q")

    def on_no_terminal(app: LabApp, *, mouse: bool) -> None:
        App.run(app, headless=True, auto_pilot=leave, mouse=mouse)

    monkeypatch.setattr(index, "LONG", 0)
    monkeypatch.setattr(LabApp, "run", on_no_terminal)
    code = open_run(
        StoredRun(log_path.parent, SUMMARY), session=None, at=None, play=False, unicode=True, colour=True,
        cache=log_path.parent / "cache", keys={},
    )  # fmt: skip

    assert code == 0
    known, other = plainly(log_path), index.opened(log_path)
    assert other.by_record
    assert_alike(known, other)
    known.log.close()
    other.log.close()


def test_a_short_log_needs_no_index(log_path: Path) -> None:
    feed = plainly(log_path)

    assert not index.keep(feed)
    assert not index.keep_of(log_path)
    assert not log_path.with_name(INDEX).exists()
    feed.log.close()


def test_marks_of_the_viewer_are_not_kept(log_path: Path) -> None:
    feed = plainly(log_path)
    feed.mark(15, "here")
    assert index.keep(feed, least=0)

    other = index.opened(log_path)

    assert [it.kind for it in other.markers if it.kind == "own"] == []
    feed.log.close()
    other.log.close()


def _grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'{"seq":35,"t":10000000,"kind":"note"}\n')


def _changed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"ord-3", b"ord-4"))
    after = path.with_name(INDEX).stat().st_mtime_ns - 1_000_000_000
    os.utime(path, ns=(after, after))


def _touched(path: Path) -> None:
    later = path.with_name(INDEX).stat().st_mtime_ns + 1
    os.utime(path, ns=(later, later))


def _cut(path: Path) -> None:
    kept = path.with_name(INDEX)
    kept.write_bytes(kept.read_bytes()[:-7])


def _flipped(path: Path) -> None:
    kept = path.with_name(INDEX)
    data = bytearray(kept.read_bytes())
    data[-40] ^= 1
    kept.write_bytes(data)


def _gone(path: Path) -> None:
    path.with_name(INDEX).unlink()


@pytest.mark.parametrize("happen", [_grown, _changed, _touched, _cut, _flipped, _gone])
def test_an_index_that_is_not_of_this_log_is_passed_over(
    log_path: Path, happen: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_SAMPLES", 4)
    assert index.keep_of(log_path, least=0)

    happen(log_path)

    feed = index.opened(log_path)
    assert not feed.by_record
    feed.advance(60)
    assert len(feed.log) == log_path.read_bytes().count(b"\n")
    feed.log.close()


def test_an_index_made_by_other_rules_is_passed_over(log_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert index.keep_of(log_path, least=0)
    monkeypatch.setattr(index, "_rules", lambda: b"those of tomorrow")

    feed = index.opened(log_path)

    assert not feed.by_record
    feed.log.close()


def test_a_log_whose_last_line_is_not_whole_gets_no_index(log_path: Path) -> None:
    log_path.write_bytes(log_path.read_bytes()[:-9])

    assert not index.keep_of(log_path, least=0)


def test_a_place_that_cannot_be_written_does_without(log_path: Path) -> None:
    log_path.with_name(INDEX).mkdir()

    assert not index.keep_of(log_path, least=0)
    feed = index.opened(log_path)
    assert not feed.by_record
    feed.log.close()


def test_the_view_opens_a_kept_run_without_what_only_playing_needs() -> None:
    heavy = (
        "pydantic yaml msa_lab.source msa_lab.chaos msa_lab.scenario msa_lab.topology msa_lab.bootstrap simpy"
    )
    code = (
        "import sys, msa_lab.cli.kept, msa_lab.cli.watching, msa_lab.tui.opening\n"
        f"print(*[name for name in {heavy.split()} if name in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own line

    assert told.stdout.strip() == ""
