"""Every kind of fault bites, stops, keeps to its count and its chance, and moves nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from msa_lab.chaos import CATALOGUE, FaultSpec, names_of, parse_fault_text
from msa_lab.sdk import Context, Instant, Operation, ms, seconds
from tests.builders import (
    CHARGE,
    SHAKE,
    SHOP,
    TOLD,
    Ask,
    Got,
    Sold,
    Stage,
    announcing,
    asking,
)

UNPROTECTED = ("patterns.retry=off", "patterns.breaker=off")
STRIKES, PROBED, LATER = seconds(1), seconds(1.1), seconds(20)


def nothing(_stage: Stage) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Case:
    """A fault, a probe that it concerns, and what the probe sees of a hurt and of a well shop.

    `before` is done half a second before each probe.
    """

    line: str
    probe: Callable[[Stage], object]
    hurt: object
    well: object
    before: Callable[[Stage], object] = nothing


# -- probes -----------------------------------------------------------------------------------------


def called(name: str, operation: Operation[Ask, Got], keeper: str) -> Callable[[Stage], object]:
    """Probe a call: its outcome and how many deeds came of it."""

    def probe(stage: Stage) -> object:
        before = len(stage.deeds(keeper))
        result = stage.try_(name, asking(operation, Ask("cup"), key=f"probe-{stage.now}"))
        stage.play(ms(200))
        return result, len(stage.deeds(keeper)) - before

    return probe


def timed(name: str, operation: Operation[Ask, Got]) -> Callable[[Stage], object]:
    """Probe how long a call takes."""

    def probe(stage: Stage) -> object:
        began = stage.now
        stage.run(name, asking(operation, Ask("cup"), key=f"probe-{began}"))
        return stage.now - began

    return probe


def refused(stage: Stage) -> object:
    """Probe what the bank says."""
    return called("till-1", CHARGE, "bank")(stage)


def clock(stage: Stage) -> object:
    """Probe how far the shelf's clock is ahead."""

    async def read(ctx: Context) -> int:
        return ctx.clock.now()

    return stage.run("shelf-1", read) - stage.now


def remember(stage: Stage) -> None:
    """Put something into the shelf's cache."""

    async def keep(ctx: Context) -> None:
        await ctx.cache.set("piece", "cup", seconds(60))

    stage.run("shelf-1", keep)


def remembered(stage: Stage) -> object:
    """Probe what is in the shelf's cache."""

    async def read(ctx: Context) -> str | None:
        return await ctx.cache.get("piece")

    return stage.run("shelf-1", read)


def sold(stage: Stage, *ids: str) -> list[str]:
    """Announce sales, give the diary a second, and give the message ids."""
    seen = stage.count("event.recorded")
    stage.run("till-1", announcing(*(Sold(f"{one}-{stage.now}") for one in ids)))
    stage.play(seconds(1))
    return [event.detail["id"] for event in stage.events("event.recorded")[seen:]]


def told(stage: Stage, *kinds: str) -> object:
    """Probe what becomes of an event: how often each of some kinds was logged of it."""
    (message,) = sold(stage, "a")
    return tuple(stage.count(kind, id=message) for kind in kinds)


def telling(*kinds: str) -> Callable[[Stage], object]:
    return lambda stage: told(stage, *kinds)


def lag(stage: Stage) -> object:
    """Probe how long an event takes to its consumer."""
    (message,) = sold(stage, "a")
    return [event.detail["lag"] for event in stage.events("event.applied") if event.detail["id"] == message]


def order(stage: Stage) -> object:
    """Probe the order in which four events of one key arrive."""
    written = len(stage.lines())
    sold(stage, "a", "b", "c", "d")
    return "".join(line[0] for line in stage.lines()[written:])


def dead(stage: Stage) -> object:
    """Probe why an event went to the dead letters."""
    (message,) = sold(stage, "a")
    return [event.detail["reason"] for event in stage.events("event.dead") if event.detail["id"] == message]


def crashes(stage: Stage) -> object:
    """Probe what an event costs its consumer: crashes, deliveries, lines written."""
    before = stage.count("instance.crashed"), len(stage.lines())
    (message,) = sold(stage, "a")
    return (
        stage.count("instance.crashed") - before[0],
        stage.count("event.delivered", id=message),
        len(stage.lines()) - before[1],
    )


def shoppers(stage: Stage) -> None:
    """Let ten shoppers a second come."""
    if not stage.count("phase.started"):
        stage.let_shoppers_come(10)


def arrivals(stage: Stage) -> object:
    """Probe how many shoppers come in a second."""
    before = stage.count("shopper.started")
    stage.play(seconds(1))
    return stage.count("shopper.started") - before


CASES: Mapping[str, Case] = {
    "process.kill": Case(
        "process.kill shelf-1", called("till-1", SHAKE, "shelf"), ("Unavailable", 0), ("ok", 1)
    ),
    "process.pause": Case(
        "process.pause shelf-1", called("till-1", SHAKE, "shelf"), ("Timeout", 0), ("ok", 1)
    ),
    "clock.skew": Case("clock.skew shelf-1 offset=5s", clock, 5_000_000, 0),
    "net.delay": Case("net.delay till -> shelf latency=20ms", timed("till-1", SHAKE), 44_000, 4_000),
    "net.loss": Case("net.loss till -> shelf", called("till-1", SHAKE, "shelf"), ("Timeout", 0), ("ok", 1)),
    "net.partition": Case(
        "net.partition shelf -> till", called("till-1", SHAKE, "shelf"), ("Timeout", 0), ("ok", 1)
    ),
    "http.abort": Case(
        "http.abort shelf.shake", called("till-1", SHAKE, "shelf"), ("RemoteFailure", 0), ("ok", 1)
    ),
    "broker.loss": Case("broker.loss broker", telling("event.published", "event.applied"), (0, 0), (1, 1)),
    "broker.ack_lost": Case(
        "broker.ack_lost till.events", telling("event.published", "event.applied"), (5, 1), (1, 1)
    ),
    "msg.duplicate": Case(
        "msg.duplicate till.sold copies=2", telling("event.delivered", "event.applied"), (3, 1), (1, 1)
    ),
    "msg.delay": Case("msg.delay till.sold latency=500ms", lag, [504_000], [4_000]),
    "msg.reorder": Case("msg.reorder till.events window=500ms", order, "bcda", "abcd"),
    "msg.drop": Case("msg.drop till.sold", telling("event.lost", "event.applied"), (1, 0), (0, 1)),
    "msg.poison": Case("msg.poison till.sold", dead, ["poison: undecodable"], []),
    "consumer.crash_before_ack": Case(
        "consumer.crash_before_ack diary restart_after=50ms", crashes, (1, 2, 1), (0, 1, 1)
    ),
    "db.slow": Case("db.slow shelf latency=20ms", timed("till-1", SHAKE), 44_000, 4_000),
    "db.down": Case("db.down shelf", called("till-1", SHAKE, "shelf"), ("RemoteFailure", 0), ("ok", 1)),
    "db.commit_unknown": Case(
        "db.commit_unknown shelf", called("till-1", SHAKE, "shelf"), ("RemoteFailure", 1), ("ok", 1)
    ),
    "cache.flush": Case("cache.flush shelf", remembered, None, "cup", before=remember),
    "pay.timeout_no_charge": Case("pay.timeout_no_charge bank", refused, ("Timeout", 0), ("ok", 1)),
    "pay.timeout_charged": Case("pay.timeout_charged bank", refused, ("Timeout", 1), ("ok", 1)),
    "pay.decline": Case("pay.decline bank code=no-money", refused, ("no-money", 0), ("ok", 1)),
    "pay.5xx": Case("pay.5xx bank status=502", refused, ("RemoteFailure", 0), ("ok", 1)),
    "pay.slow": Case("pay.slow bank latency=30ms", timed("till-1", CHARGE), 34_000, 4_000),
    "pay.webhook_late": Case("pay.webhook_late bank delay=30ms", timed("bank-1", TOLD), 34_000, 4_000),
    "pay.webhook_duplicate": Case(
        "pay.webhook_duplicate bank copies=2", called("bank-1", TOLD, "till"), ("ok", 3), ("ok", 1)
    ),
    "pay.webhook_lost": Case(
        "pay.webhook_lost bank", called("bank-1", TOLD, "till"), ("Timeout", 0), ("ok", 1)
    ),
    "load.spike": Case("load.spike * factor=5", arrivals, 50, 10, before=shoppers),
}
"""One for each kind; a kind without a case fails the suite."""

COUNTED = [kind for kind in CATALOGUE if CATALOGUE[kind].counted]


def fault(kind: str, more: str = "") -> FaultSpec:
    """Give the fault of a case: from 1 s for 2 s."""
    lasts = "" if CATALOGUE[kind].needs == "nothing" else " for 2s"
    return parse_fault_text(f"{CASES[kind].line}{more} at 1s{lasts}", names_of(SHOP))


def struck(stage: Stage) -> list[tuple[int, int, int]]:
    """Give when each fault began, when it ended, and what it touched."""
    return [(began, ended, fault.touched) for fault, began, ended in stage.shop.faults.finished]


def seen(case: Case, stage: Stage, at: int) -> object:
    """Probe at an instant."""
    stage.play_to(at - ms(600))
    case.before(stage)
    stage.play_to(at)
    return case.probe(stage)


def test_every_kind_has_a_case() -> None:
    assert sorted(CASES) == sorted(CATALOGUE)


@pytest.mark.parametrize("kind", CATALOGUE)
def test_it_bites_and_it_stops(kind: str) -> None:
    case = CASES[kind]
    hurt, well = Stage(UNPROTECTED, faults=[fault(kind)]), Stage(UNPROTECTED)

    assert (seen(case, hurt, PROBED), seen(case, well, PROBED)) == (case.hurt, case.well)
    assert (seen(case, hurt, LATER), seen(case, well, LATER)) == (case.well, case.well)
    ((began, ended, touched),) = struck(hurt)
    assert began == STRIKES
    assert ended == (STRIKES if CATALOGUE[kind].needs == "nothing" else STRIKES + seconds(2))
    assert touched >= 1
    assert [event.detail.get("touched") for event in hurt.events("fault.started", "fault.healed")] == [
        None,
        touched,
    ]


@pytest.mark.parametrize("kind", CATALOGUE)
def test_healing_before_its_time_ends_it_at_once(kind: str) -> None:
    case = CASES[kind]
    stage = Stage(UNPROTECTED, faults=[fault(kind)])
    stage.play_to(STRIKES - ms(1))
    stage.shop.faults.heal()

    assert seen(case, stage, seconds(2)) == case.well
    assert stage.count("fault.started") == 0
    stage = Stage(UNPROTECTED, faults=[fault(kind)])
    stage.play_to(STRIKES + ms(1))
    stage.shop.faults.heal()
    stage.play(ms(100))
    assert seen(case, stage, seconds(2)) == case.well
    assert stage.count("fault.healed") == 1


@pytest.mark.parametrize("kind", COUNTED)
def test_it_strikes_as_often_as_its_count_and_ends(kind: str) -> None:
    case = CASES[kind]
    stage = Stage(UNPROTECTED, faults=[replace(fault(kind), count=2, duration=seconds(60))])
    stage.play_to(PROBED)
    for _ in range(4):
        last = case.probe(stage)

    ((_, ended, touched),) = struck(stage)
    assert touched == 2
    assert ended < seconds(10)
    assert last == case.well


@pytest.mark.parametrize("kind", COUNTED)
def test_it_strikes_with_its_chance(kind: str) -> None:
    case = CASES[kind]

    def touched(probability: float) -> int:
        chance = replace(fault(kind), probability=probability, duration=seconds(60))
        stage = Stage(UNPROTECTED, faults=[chance])
        stage.play_to(PROBED)
        for _ in range(12):
            case.probe(stage)
        stage.shop.faults.heal()
        return struck(stage)[0][2]

    always, sometimes = touched(1.0), touched(0.5)
    assert always >= 12
    assert 0 < sometimes < always


def story(stage: Stage) -> list[tuple[Any, ...]]:
    """Give the log without its faults, numbered anew."""
    number = {0: 0}
    told = []
    for event in stage.log:
        if not event.kind.startswith("fault."):
            number[event.seq] = len(number)
            cause = number[event.cause]
            plain = {name: value for name, value in event.detail.items() if name != "changes"}
            changes = [(c.table.name, c.key, c.before, c.after) for c in event.detail.get("changes", ())]
            where = event.service, event.instance, event.saga, event.trace, event.span
            told.append((event.t, event.kind, *where, cause, event.lamport, plain, changes))
    return told


@pytest.mark.parametrize("kind", COUNTED)
def test_a_fault_without_a_chance_changes_nothing_else(kind: str) -> None:
    case = CASES[kind]
    noisy = ("timing.hop=exp(2ms)", "timing.commit=exp(2ms)", "timing.broker_hop=exp(2ms)")

    def played(*faults: FaultSpec) -> list[tuple[Any, ...]]:
        stage = Stage(noisy, faults=faults)
        stage.play_to(PROBED)
        for _ in range(3):
            case.probe(stage)
        return story(stage)

    assert played(replace(fault(kind), probability=0.0)) == played()


def test_a_fault_moves_the_chance_of_nobody_whom_it_does_not_touch() -> None:
    noisy = (*UNPROTECTED, "timing.hop=exp(2ms)")

    def at_the_shelf(*faults: str) -> list[int]:
        stage = Stage(noisy, faults=faults)
        stage.play_to(PROBED)
        for _ in range(5):
            stage.try_("till-1", asking(SHAKE, Ask("cup")))
        return [event.t for event in stage.events("call.received")]

    assert at_the_shelf("pay.slow bank latency=exp(9ms) probability=0.5 at 1s for 9s") == at_the_shelf()


# -- what the parameters say ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "probe", "hurt"),
    [
        ("net.loss till -> shelf direction=request", called("till-1", SHAKE, "shelf"), ("Timeout", 0)),
        ("net.loss till -> shelf direction=reply", called("till-1", SHAKE, "shelf"), ("Timeout", 1)),
        ("net.loss shelf-1", called("till-1", SHAKE, "shelf"), ("Timeout", 0)),
        ("net.loss shelf-2", called("till-1", SHAKE, "shelf"), ("ok", 1)),
        ("net.delay till -> shelf latency=20ms direction=reply", timed("till-1", SHAKE), 24_000),
        ("net.partition till -> shelf one_way=true", called("till-1", SHAKE, "shelf"), ("Timeout", 0)),
        ("net.partition shelf -> till one_way=true", called("till-1", SHAKE, "shelf"), ("Timeout", 1)),
        ("net.partition *", telling("event.applied"), (1,)),
        ("db.commit_unknown shelf committed=false", called("till-1", SHAKE, "shelf"), ("RemoteFailure", 0)),
        ("msg.poison till.sold how=field-missing", dead, ["poison: field-missing"]),
        ("http.abort shelf.take", called("till-1", SHAKE, "shelf"), ("ok", 1)),
        ("clock.skew shelf offset=-5s", clock, -5_000_000),
    ],
)
def test_target_direction_and_parameters_are_honoured(
    line: str, probe: Callable[[Stage], object], hurt: object
) -> None:
    stage = Stage((*UNPROTECTED, "services.shelf.replicas=1"), faults=[f"{line} at 1s for 9s"])
    stage.play_to(PROBED)

    assert probe(stage) == hurt


@pytest.mark.parametrize(("target", "came"), [("*", 30), ("look", 30), ("buy", 10)])
def test_a_spike_brings_more_shoppers_of_its_flow(target: str, came: int) -> None:
    stage = Stage(faults=[f"load.spike {target} factor=3 at 1s for 9s"])
    shoppers(stage)
    stage.play_to(PROBED)

    assert arrivals(stage) == came


@pytest.mark.parametrize(
    ("loss", "lines", "lost"),
    [
        ("lose_unflushed=true at 100ms", ["a"], ["till-2", "till-3"]),
        ("lose_unflushed=true at 1.1s", ["a", "b", "c"], []),
        ("at 100ms", ["a", "b", "c"], []),
    ],
    ids=["before the write to disk", "after it", "nothing is forgotten"],
)
def test_a_broker_may_forget_what_it_took_but_had_not_written_to_disk(
    loss: str, lines: list[str], lost: list[str]
) -> None:
    """The first message is with its consumer, the others wait behind it."""
    stage = Stage(("broker.visibility=9s",), faults=[f"broker.loss broker {loss} for 1s"])
    stage.run("till-1", announcing(Sold("a", slow=seconds(1.5)), Sold("b"), Sold("c")))
    stage.play(seconds(9))

    assert stage.lines() == lines
    assert [event.detail["id"] for event in stage.events("event.lost")] == lost
    assert struck(stage)[0][2] == len(lost)
    assert stage.shop.quiet


def test_jitter_makes_each_delay_another_within_its_bounds() -> None:
    line = "net.delay till -> shelf latency=20ms jitter=5ms direction=request at 1s for 9s"
    stage = Stage(UNPROTECTED, faults=[line])
    stage.play_to(PROBED)
    took = [timed("till-1", SHAKE)(stage) for _ in range(20)]

    assert len(set(took)) > 15
    assert all(isinstance(one, int) and 19_000 <= one <= 29_000 for one in took)


def test_delays_of_several_faults_add_up() -> None:
    lines = ["net.delay till -> shelf latency=20ms at 1s for 9s", "net.delay shelf latency=5ms at 1s for 9s"]
    stage = Stage(UNPROTECTED, faults=lines)
    stage.play_to(PROBED)

    assert timed("till-1", SHAKE)(stage) == 54_000


def test_a_fault_starts_by_the_event_that_it_waits_for() -> None:
    stage = Stage(UNPROTECTED, faults=["clock.skew shelf offset=5s after till.sold#2 for 1s"])
    stage.play(seconds(1))
    for _ in range(2):
        assert clock(stage) == 0
        stage.run("till-1", announcing(Sold(f"{stage.now}")))
    assert clock(stage) == 5_000_000
    stage.play(seconds(1))
    assert clock(stage) == 0


def test_a_fault_whose_event_never_comes_never_starts() -> None:
    stage = Stage(faults=["clock.skew shelf offset=5s after till.sold for 1s"], end=Instant(seconds(5)))
    stage.play(seconds(5))
    stage.shop.faults.heal()

    assert [spec.id for spec in stage.shop.faults.never_started] == ["clock.skew"]
    assert stage.count("fault.started") == 0


def test_a_fault_spent_before_its_time_holds_up_neither_the_start_nor_the_end_of_others() -> None:
    lines = [
        "net.delay till -> shelf latency=5ms count=1 at 1s for 2s",
        "clock.skew till offset=5s at 2s for 2s",
        "clock.skew diary offset=5s at 5s for 1s",
    ]
    stage = Stage(UNPROTECTED, faults=lines)
    stage.play_to(seconds(1))
    stage.run("till-1", asking(SHAKE, Ask("cup")))
    stage.play_to(seconds(9))

    assert [event.t for event in stage.events("fault.healed")][1:] == [4_000_000, 6_000_000]
    assert [touched for _, _, touched in struck(stage)][:1] == [1]


def test_a_fault_that_the_given_brings_about_ends_in_time_too() -> None:
    stage = Stage(UNPROTECTED, faults=["clock.skew shelf offset=5s after till.sold for 1s"])
    kernel = stage.shop.kernel
    kernel.run_to(0)  # what the open shop does at once; its next turn is later
    kernel.standing_still = True
    stage.start("till-1", announcing(Sold("a")))
    kernel.run_to(0)
    kernel.standing_still = False
    stage.shop.faults.begin()
    stage.play_to(seconds(3))

    assert struck(stage) == [(0, 1_000_000, 0)]


def test_nothing_starts_at_or_after_the_end_and_all_is_healed_by_then() -> None:
    stage = Stage(
        faults=["clock.skew shelf offset=5s at 4s for 9s", "clock.skew till offset=5s at 5s for 9s"],
        end=Instant(seconds(5)),
    )
    stage.play(seconds(9))

    assert struck(stage) == [(4_000_000, 5_000_000, 0)]


@pytest.mark.parametrize("kind", ["process.kill shelf-1", "process.pause shelf-1"])
def test_two_faults_that_overlap_end_when_the_last_one_does(kind: str) -> None:
    stage = Stage(UNPROTECTED, faults=[f"{kind} at 1s for 2s", f"{kind} at 2s for 3s"])
    probe = called("till-1", SHAKE, "shelf")
    stage.play_to(seconds(4))
    assert probe(stage) != ("ok", 1)
    stage.play_to(seconds(6))
    assert probe(stage) == ("ok", 1)
