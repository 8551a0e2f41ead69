from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from msa_lab.tui.feed import livepage, metricpage, placepage, sagapage, verdictpage, whypage
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import Signs, clipped, columns, duration, line, padded, spark, text_of
from msa_lab.tui.feed.scrub import header, instant_at, scrubber
from msa_lab.tui.feed.sight import Sight, hits
from tests.tui.staging import SUMMARY, look, text


def judged(feed: Feed, name: str, verdict: str, violations: list[dict[str, Any]], **more: object) -> Sight:
    """Look at the end of the run as if an expectation had come out otherwise."""
    changed = {"verdict": verdict, "violations": violations, **more}
    findings = [it | changed if it["id"] == name else it for it in SUMMARY["expectations"]]
    return replace(look(feed, 34), summary=SUMMARY | {"expectations": findings})


@pytest.mark.parametrize(
    ("micros", "written"),
    [(None, "-"), (12, "12us"), (12_400, "12ms"), (2_614_000, "2.61s"), (150_000_000, "2.5m")],
)
def test_durations_are_short(micros: int | None, written: str) -> None:
    assert duration(micros) == written


def test_lines_are_cut_and_filled_to_a_width() -> None:
    row = line(("stock", "bad"), " is gone")

    assert text_of(clipped(row, 9)) == "stock is…"
    assert text_of(clipped(row, 4)) == "sto…"
    assert text_of(padded(row, 15)) == "stock is gone  "
    assert text_of(line("a\x1b[31mb")) == "a?[31mb"


def test_columns_are_set_flush_left_or_right() -> None:
    assert (
        text_of(columns([[("a", ""), ("7", ""), ("longer", "")]], [3, 3, 4], right=[1])[0]) == "a     7 lon…"
    )


def test_sparks_reach_from_nothing_to_the_highest() -> None:
    assert spark([0, 1, 2, 7], Signs()) == "▁▂▃█"
    assert spark([0, 0], Signs(unicode=False)) == "__"


def test_the_scrubber_shows_the_fault_the_violation_the_crash_and_where_we_are(feed: Feed) -> None:
    drawn = text_of(scrubber(look(feed, 34), 60, word="END"))

    assert drawn == " 0s ────────══════════!═══────x────────────────█ 10s  END   "


def test_a_column_of_the_scrubber_is_an_instant(feed: Feed) -> None:
    sight = look(feed, 20)
    drawn = text_of(scrubber(sight, 80, word="PAUSED"))

    assert abs(instant_at(drawn.index("█"), sight, 80) - 4_200_000) < 160_000
    assert instant_at(0, sight, 80) == 0
    assert instant_at(200, sight, 80) == 10_000_000


def test_the_header_counts_what_acts_and_what_broke(feed: Feed) -> None:
    then = text_of(header(look(feed, 20), 100, pace="‖"))

    assert then.startswith(" MSA Lab  checkout  no-idempotency  sim  seed 7")
    assert then.rstrip().endswith("T+004.200s ‖      FAULTS 1 BROKEN 1")


def test_the_table_of_services_tells_who_is_hurt(feed: Feed) -> None:
    hurt = text(livepage.services(look(feed, 20), 70)).splitlines()
    crashed = text(livepage.services(look(feed, 26), 70)).splitlines()

    assert [row.split()[0] for row in hurt] == ["service", "gateway", "payment", "(psp)", "order"]
    assert hurt[3].endswith("lossy")
    assert hurt[2].endswith("lossy")
    assert "DOWN" in crashed[2]
    assert "○" in crashed[2]


def test_parties_outside_the_shop_are_counted_and_marked_apart(feed: Feed) -> None:
    sight = look(feed, 34)
    rows = {text_of(row).split()[0]: text_of(row).split() for row in livepage.services(sight, 64)}

    assert livepage.counted(sight) == "3 (1 outside)"
    assert "(psp)" in rows
    assert {"gateway", "order", "payment"} <= rows.keys()
    assert "outside the shop" in text(placepage.of_service(sight, "psp", 60))
    assert "outside the shop" not in text(placepage.of_service(sight, "order", 60))
    own = replace(sight, summary=SUMMARY | {"outside": ["order"]})
    assert livepage.names_of_services(own)[-1] == "order"
    assert livepage.counted(replace(sight, summary={"outside": []})) == "4"


def test_a_service_that_is_degraded_without_a_fault_says_why(feed: Feed) -> None:
    feed.series.add("requests.order", 4_000_000, 6)
    feed.series.add("failed.order", 4_000_000)

    row = next(
        row for row in text(livepage.services(look(feed, 20), 70)).splitlines() if row.startswith("order")
    )

    assert row.split()[-3:] == ["-", "14%", "failing"]


def test_sagas_that_broke_stand_before_the_others(feed: Feed) -> None:
    sight = look(feed, 34)

    assert [view.id for view in livepage.recent_sagas(sight)] == ["ord-2", "ord-3", "ord-1"]
    assert text_of(livepage.saga_row(sight, livepage.recent_sagas(sight)[0], 60)).split() == [
        "!", "ord-2", "COMPLETED", "BROKE", "captured-once", "1.50s",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("width", "drawn"),
    [
        (70, "! ord-2      COMPLETED    BROKE captured-once, money             1.50s"),
        (60, "! ord-2      COMPLETED    BROKE captured-once, m…      1.50s"),
        (52, "! ord-2      COMPLETED    captured-once,…      1.50s"),
        (47, "! ord-2    COMPLETED    captured-once, …  1.50s"),
        (40, "! ord-2    COMPLETED    captured…  1.50s"),
        (36, "! ord-2    COMPLETED           1.50s"),
    ],
)
def test_a_row_names_what_the_saga_broke_where_there_is_room(feed: Feed, width: int, drawn: str) -> None:
    sight = judged(
        feed, "money", "BROKEN", [{"entity": "order ord-2", "saga": "ord-2", "event": 19, "t": 4.2}]
    )

    assert text_of(livepage.saga_row(sight, sight.moment.sagas.views["ord-2"], width)) == drawn


def test_what_a_saga_broke_stands_before_why_it_turned_back(feed: Feed) -> None:
    sight = look(feed, 34)
    sight.moment.broken["ord-3"] = ("captured-once",)

    assert text_of(livepage.saga_row(sight, sight.moment.sagas.views["ord-3"], 90)).split()[2:7] == [
        "COMPENSATED", "BROKE", "captured-once", "BreakerOpen", "700ms",
    ]  # fmt: skip


def test_expectations_are_open_until_the_end_and_broken_as_soon_as_they_are(feed: Feed) -> None:
    before, broken, after = (text(livepage.expectations(look(feed, at), 90)) for at in (10, 20, 34))

    assert before.splitlines() == [
        "… money  no violation yet", "… captured-once  no violation yet",
    ]  # fmt: skip
    assert broken.splitlines() == [
        "✗ captured-once  1x  first ord-2 T+4.200", "… money  no violation yet",
    ]  # fmt: skip
    assert after.splitlines()[1] == "✓ money  3 orders judged"


def test_faults_that_act_say_until_when_and_healed_ones_what_they_touched(feed: Feed) -> None:
    assert text(livepage.faults(look(feed, 15), 90)) == "═ lossy  T+2.0 to 5.0  net.loss on payment -> psp"
    assert text(livepage.faults(look(feed, 30), 90)) == "✓ lossy  healed, touched 1"
    assert text(livepage.faults(look(feed, 5), 90)) == "no fault acts"


@pytest.mark.parametrize(
    ("target", "service", "hit"),
    [
        ("psp", "psp", True), ("payment-2", "payment", True), ("payment.capture", "payment", True),
        ("order -> payment", "order", True), ("order -> payment", "psp", False), ("*", "cart", True),
    ],
)  # fmt: skip
def test_a_target_speaks_of_services(target: str, service: str, *, hit: bool) -> None:
    assert hits(target, service) is hit


def test_a_saga_is_drawn_as_messages_between_lanes(feed: Feed) -> None:
    drawn = sagapage.sequence(look(feed, 22), "ord-2")

    assert drawn.lanes == ("order", "payment", "psp")
    assert [(row.label, row.kind) for row in drawn.rows] == [
        ("saga started", "mark"), ("psp.capture", "call"), ("Timeout (lossy)", "lost"),
        ("psp.capture try 2", "call"), ("captured-once: psp.captures = 2", "turn"),
        ("saga completed", "mark"),
    ]  # fmt: skip
    assert text_of(sagapage.sequence_row(drawn, 1, 70, Signs())).rstrip() == (
        "  3.100  │          │─────────▶│ psp.capture"
    )
    assert text_of(sagapage.sequence_row(drawn, 2, 70, Signs(unicode=False))).rstrip() == (
        "  4.100  |          |<---------x Timeout (lossy)"
    )


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (60, "captured-once: psp.captures = 2"), (51, "captured-once: captures = 2"),
        (42, "captured-once: 2"), (32, "captured-once:…"),
    ],
)  # fmt: skip
def test_what_a_saga_broke_keeps_its_value_in_a_narrow_window(feed: Feed, width: int, told: str) -> None:
    drawn = sagapage.sequence(look(feed, 22), "ord-2")
    row = text_of(sagapage.sequence_row(drawn, 4, width, Signs()))

    assert row.endswith(f"✗ {told}")
    assert len(row) <= width


def test_narrow_lanes_keep_all_their_names(feed: Feed) -> None:
    drawn = sagapage.Messages((), tuple(f"service{n}" for n in range(9)))
    head = text(sagapage.sequence_head(drawn, 60, Signs()))

    assert len(head.splitlines()) == 2
    assert head.count("servi") == 9
    assert feed.ready


def test_a_saga_in_time_has_a_bar_for_each_call_and_the_fault(feed: Feed) -> None:
    sight = look(feed, 22)
    view = sight.moment.sagas.views["ord-2"]

    drawn = text(sagapage.timeline(view, sight, 70)).splitlines()

    assert [row.split()[0] for row in drawn[1:]] == ["lossy", "psp.capture", "psp.capture"]
    assert drawn[2].endswith("Timeout")
    assert "✗" in drawn[2]


def test_a_saga_that_turned_back_shows_the_way_back(feed: Feed) -> None:
    sight = look(feed, 34)

    drawn = text(sagapage.states(sight.moment.sagas.views["ord-3"], sight, 70)).splitlines()

    assert "undone T+6.600" in drawn[2]
    assert "reserve           ◀│" in drawn[1]
    assert drawn[4:6] == ["turned back at T+6.500: BreakerOpen", "→ COMPENSATED  BreakerOpen"]


def test_the_steps_of_a_saga_are_drawn_over_several_rows(feed: Feed) -> None:
    sight = look(feed, 34, unicode=False)

    drawn = text(sagapage.states(sight.moment.sagas.views["ord-1"], sight, 40)).splitlines()

    assert drawn[1].endswith("->")
    assert drawn[5].startswith(" ->|capture")
    assert all(row.isascii() for row in drawn)


def test_a_narrow_count_of_sagas_leaves_out_what_there_is_none_of(feed: Feed) -> None:
    before, between, after = look(feed, 22), look(feed, 26), look(feed, 34)

    assert text(livepage.tally(before, 34)).splitlines()[0].rstrip() == "2 sagas 1 BROKE 2 done"
    assert text(livepage.tally(between, 34)).splitlines()[0].rstrip() == "3 sagas 1 BROKE 1 open 2 done"
    assert text(livepage.tally(after, 34)).splitlines()[0].rstrip() == "3 sagas 1 BROKE 2 done 1 undone"


@pytest.mark.parametrize("width", [58, 78, 112])
def test_in_time_what_came_of_a_call_is_not_cut(log_path: Path, width: int) -> None:
    log_path.write_bytes(log_path.read_bytes().replace(b"Timeout", b"RemoteFailure"))
    feed = Feed(log_path)
    feed.advance(60)
    sight = look(feed, 34)
    lines = text(sagapage.timeline(sight.moment.sagas.views["ord-2"], sight, width)).splitlines()

    assert next(row for row in lines if "✗" in row).endswith(" RemoteFailure")
    feed.log.close()


def test_the_tally_is_cut_in_no_panel(feed: Feed) -> None:
    sight = look(feed, 34)
    for number in range(140):
        sight.moment.sagas.views[f"x-{number}"] = replace(sight.moment.sagas.views["ord-3"], id=f"x-{number}")

    assert text(livepage.tally(sight, 34)).splitlines()[0].rstrip() == "1/143 BROKE 2 done 141 undone"


def test_why_tells_the_story_from_the_fault_to_what_broke(feed: Feed) -> None:
    told = text(whypage.why(look(feed, 22), "ord-2", None, 78))

    assert told.splitlines()[:4] == [
        "why ord-2?",
        "✗ captured-once: psp.captures = 2",
        "  why: A retry without an idempotency key charges twice.",
        "  2.000 FAULT lossy: net.loss on payment -> psp began",
    ]
    assert told.index("the reply of psp.capture was lost") < told.index("saga step capture done")
    assert told.splitlines()[-3:] == [
        "captured-once: wanted each order: never psp.captures > 1",
        "  docs/concepts/idempotency.md",
        "  invariants.yaml:9",
    ]


def test_why_of_an_event_goes_back_along_its_causes(feed: Feed) -> None:
    told = text(whypage.why(look(feed, 22), "ord-2", 20, 78))

    assert told.splitlines()[:2] == ["why event 20?", "✗ captured-once: psp.captures = 2"]
    assert "payment called psp.capture, try 2" in told
    calm = text(whypage.why(look(feed, 22), "ord-2", 17, 78))
    assert calm.startswith("why event 17?  payment got no answer from psp.capture")


def test_why_of_a_calm_saga_says_so(feed: Feed) -> None:
    assert "no fault touched it, it broke nothing" in text(whypage.why(look(feed, 34), "ord-1", None, 78))


def test_charts_stop_at_the_moment_and_know_their_faults(feed: Feed) -> None:
    chart = metricpage.charts(look(feed, 22), 10)[2]

    assert chart.title == "sagas completed / s"
    assert chart.values == (0.0, 1.0, 0.0, 0.0, 1.0, None, None, None, None, None)
    drawn = text(metricpage.drawn(chart, look(feed, 22), 17, 5)).splitlines()
    assert drawn[-1].strip() == "──════────"


def test_the_grid_has_every_chart_at_any_size(feed: Feed) -> None:
    for width, height in ((58, 10), (78, 18), (198, 50)):
        drawn = text(metricpage.grid(look(feed, 34), width, height))
        assert all(chart.title in drawn for chart in metricpage.charts(look(feed, 34), 10))
        assert max(len(row) for row in drawn.splitlines()) <= width


def test_the_verdict_puts_what_broke_first_and_leads_to_it(feed: Feed) -> None:
    closed = verdictpage.entries(look(feed, 34), 78, frozenset())
    opened = verdictpage.entries(look(feed, 34), 78, frozenset({"captured-once"}))

    assert [entry.finding for entry in closed[:2]] == ["captured-once", "money"]
    assert text_of(verdictpage.head(look(feed, 34))) == "✗ FAILED  1 of 2 expectations held  exit code 1"
    leads = [(entry.event, entry.saga) for entry in opened if "order ord-2  " in text_of(entry.line)]
    assert leads == [(19, "ord-2")]


def test_an_opened_expectation_says_why_it_breaks_and_where_to_read_more(feed: Feed) -> None:
    opened = [
        text_of(it.line) for it in verdictpage.entries(look(feed, 34), 78, frozenset({"captured-once"}))
    ]

    assert opened[1:5] == [
        "      wanted  each order: never psp.captures > 1",
        "      why     A retry without an idempotency key charges twice.",
        "      read    docs/concepts/idempotency.md",
        "      written invariants.yaml:9",
    ]


def test_the_result_of_an_older_version_gives_no_reason_and_is_shown(feed: Feed) -> None:
    findings = [
        {key: it[key] for key in it if key not in ("reason", "doc")} for it in SUMMARY["expectations"]
    ]
    old = replace(look(feed, 34), summary={**SUMMARY, "expectations": findings})

    opened = [text_of(it.line) for it in verdictpage.entries(old, 78, frozenset({"captured-once"}))]
    assert opened[2] == "      written invariants.yaml:9"
    assert "why:" not in text(whypage.why(old, "ord-2", None, 78))


@pytest.mark.parametrize(
    ("width", "drawn"),
    [
        (78, "✗ captured-once            17 of 137: order ord-2 psp.captures = 2"),
        (110, "✗ captured-once           BROKEN    17 of 137: order ord-2 psp.captures = 2"),
    ],
)
def test_the_verdict_says_how_many_broke_it_before_which_did(feed: Feed, width: int, drawn: str) -> None:
    broken = SUMMARY["expectations"][1]["violations"]
    sight = judged(feed, "captured-once", "BROKEN", broken, samples=137, broken=17)

    assert text_of(verdictpage.entries(sight, width, frozenset())[0].line) == drawn


@pytest.mark.parametrize(
    "more", [{"samples": 1, "broken": 1}, {"samples": 5, "broken": 0}, {"violations": []}, {"samples": None}]
)
def test_the_verdict_on_one_or_on_none_says_what_was_observed(feed: Feed, more: dict[str, Any]) -> None:
    sight = judged(feed, "captured-once", "BROKEN", SUMMARY["expectations"][1]["violations"])
    findings = [it | more for it in sight.summary["expectations"] if it["id"] == "captured-once"]
    sight = replace(sight, summary=SUMMARY | {"expectations": findings})

    drawn = text_of(verdictpage.entries(sight, 78, frozenset())[0].line)
    assert drawn == "✗ captured-once            order ord-2: psp.captures = 2"


@pytest.mark.parametrize(
    ("violation", "drawn"),
    [
        ({"entity": "order ord-2", "saga": "ord-2", "t": 4.2}, "✗ money  17x  first ord-2 since T+4.200"),
        ({"entity": "sku 1", "saga": "", "t": 4.2}, "✗ money  17x  first sku 1 since T+4.200"),
        ({"entity": "", "saga": "", "t": 4.2}, "✗ money  3 orders judged"),
    ],
)
def test_what_broke_only_at_the_end_reads_like_what_broke_before(
    feed: Feed, violation: dict[str, Any], drawn: str
) -> None:
    sight = judged(feed, "money", "BROKEN", [violation], broken=17)

    told = text(livepage.expectations(sight, 90)).splitlines()
    assert told == ["✗ captured-once  1x  first ord-2 T+4.200", drawn]


SETTLED = {"entity": "order ord-1", "saga": "ord-1", "event": 10, "t": 1.3, "observed": "psp.holding = 5"}


def test_a_saga_that_broke_something_only_at_the_end_is_marked_then(feed: Feed) -> None:
    sight = judged(feed, "money", "BROKEN", [SETTLED], kind="finally", broken=1)
    before = replace(sight, at=33)
    own = sight.moment.sagas.views["ord-1"]

    assert [view.id for view in livepage.recent_sagas(before)] == ["ord-2", "ord-3", "ord-1"]
    assert [view.id for view in livepage.recent_sagas(sight)] == ["ord-2", "ord-1", "ord-3"]
    assert text_of(livepage.saga_row(sight, own, 60)).split()[:5] == [
        "!",
        "ord-1",
        "COMPLETED",
        "BROKE",
        "money",
    ]
    assert " BROKE" in sagapage.head(own, sight)
    assert " BROKE" not in sagapage.head(own, before)
    assert sagapage.in_trouble(sight, own)
    assert not sagapage.in_trouble(before, own)
    assert text_of(livepage.tally(sight, 70)[0]).split()[2:4] == ["2", "BROKE"]
    assert text_of(livepage.tally(before, 70)[0]).split()[2:4] == ["1", "BROKE"]


def test_what_was_seen_to_break_stands_before_what_only_the_verdict_names(feed: Feed) -> None:
    later = SETTLED | {"entity": "order ord-3", "saga": "ord-3"}  # the newest of the three
    sight = judged(feed, "money", "BROKEN", [SETTLED, later], kind="finally", broken=2)

    assert [view.id for view in livepage.recent_sagas(sight)] == ["ord-2", "ord-3", "ord-1"]


def test_more_sagas_broke_than_the_verdict_names(feed: Feed) -> None:
    sight = judged(feed, "money", "BROKEN", [SETTLED], kind="finally", broken=3)

    assert text_of(livepage.tally(sight, 70)[0]).split()[2:4] == ["2+", "BROKE"]


def test_what_is_judged_at_the_end_is_said_to_be_of_the_end(feed: Feed) -> None:
    sight = judged(feed, "money", "BROKEN", [SETTLED], kind="finally", broken=1)

    assert "✗ money  1x  first ord-1 since T+1.300" in text(livepage.expectations(sight, 90))
    opened = [text_of(entry.line) for entry in verdictpage.entries(sight, 90, frozenset({"money"}))]
    assert "      → order ord-1  not held since T+1.300  at the end psp.holding = 5" in opened
    drawn = sagapage.sequence(sight, "ord-1")
    assert [row.label for row in drawn.rows if row.kind == "turn"] == ["money: broken from here"]
    told = text(whypage.why(sight, "ord-1", None, 90))
    assert "✗ money: psp.holding = 5 at the end; not held since T+1.300" in told
    assert "it broke nothing" not in told
    assert whypage.why(sight, "ord-1", 10, 90)[1:] == whypage.why(sight, "ord-1", None, 90)[1:]


def test_the_verdict_counts_on_where_the_log_names_only_the_first(feed: Feed) -> None:
    broken = SUMMARY["expectations"][1]["violations"]
    sight = judged(feed, "captured-once", "BROKEN", broken, samples=137, broken=30)

    assert text(livepage.expectations(sight, 90)).splitlines()[0] == (
        "✗ captured-once  30x  first ord-2 T+4.200"
    )
