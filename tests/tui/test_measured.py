"""What was measured of spans that are over is remembered, and the curves are the same as measured anew."""

from pathlib import Path

from msa_lab.telemetry.canonical import CanonicalWriter
from msa_lab.telemetry.log import EventLog
from msa_lab.tui.feed import metricpage
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.measured import Measured
from msa_lab.tui.feed.sight import Sight


def test_a_span_that_is_over_is_measured_once() -> None:
    asked: list[tuple[int, int]] = []

    def measure(low: int, high: int) -> float:
        asked.append((low, high))
        return float(high - low)

    measured = Measured()
    for _ in range(3):
        of = measured.of("requests", measure, width=100, settled=300)
        assert [of(100, 300), of(200, 400)] == [200.0, 200.0]
    assert asked == [(100, 300), (200, 400), (200, 400), (200, 400)]

    assert measured.of("others", measure, width=100, settled=300)(100, 300) == 200.0
    assert len(asked) == 5  # it is of something else

    measured.of("requests", measure, width=200, settled=400)(100, 300)
    assert len(asked) == 6  # slices of another width begin elsewhere


def test_the_curves_of_a_log_that_grows_are_those_of_one_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"")
    growing = Feed(path)
    with path.open("ab") as file:
        log = EventLog(writer := CanonicalWriter(file.write))
        for tick in range(700):
            t = tick * tick * 1_000  # the later, the sparser: slices are joined at the end
            asked = {"operation": "order.place", "outcome": "ok", "took": 10_000 + tick * 7919 % 997 * 100}
            log.emit("shopper.request", t, "client", "", "", 0, 0, 0, 0, {**asked, "flow": "", "phase": ""})
            log.emit(
                "saga.started",
                t,
                "order",
                "order-1",
                f"ord-{tick}",
                0,
                0,
                0,
                0,
                {"name": "checkout", "step": "pay"},
            )
            if tick % 3:
                log.emit(
                    "saga.completed",
                    t,
                    "order",
                    "order-1",
                    f"ord-{tick}",
                    0,
                    0,
                    0,
                    0,
                    {"name": "checkout", "took": 20_000},
                )
            if tick % 40:
                continue
            writer.flush()
            file.flush()
            growing.log.look()
            growing.advance(10)
            fresh = Feed(path)
            fresh.advance(10)
            drawn = [metricpage.grid(Sight(it, len(it.log), t), 118, 34) for it in (growing, fresh)]
            fresh.log.close()
            assert drawn[0] == drawn[1]
    growing.log.close()
