from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, Protocol

import pytest

from msa_lab.chaos import At, FaultSpec
from msa_lab.chaos.model import Everything
from msa_lab.chaos.params import Params
from msa_lab.scenario import Finding, Judge, Outcome, SteadyState, Verdict, Vocabulary, outcome
from msa_lab.scenario.model import Check, Expectation
from msa_lab.sdk.values import Duration, Instant, seconds
from msa_lab.source import Place
from msa_lab.telemetry.events import LogEvent

Expect = Callable[..., Expectation]


class Log(Protocol):
    def event(
        self, kind: str, t: int = 0, *, service: str = "", saga: str = "", **detail: object
    ) -> LogEvent: ...
    def order(self, key: str, state: str, due: int = 0, t: int = 0) -> LogEvent: ...
    def stock(self, key: str, available: int, received: int, t: int = 0) -> LogEvent: ...
    def paid(self, order: str, amount: int, t: int = 0) -> LogEvent: ...
    def captured(self, order: str, t: int = 0) -> LogEvent: ...
    def placed(self, order: str, t: int = 0) -> LogEvent: ...
    def applied(self, order: str, t: int = 0) -> LogEvent: ...
    def saga(self, what: str, key: str, t: int = 0, **detail: str) -> LogEvent: ...


def judged(
    words: Vocabulary,
    expectation: Expectation,
    events: Iterable[LogEvent],
    end: int = 100,
    **options: Any,  # noqa: ANN401
) -> Finding:
    judge = Judge((expectation,), words, **options)
    for event in events:
        judge.feed(event)
    (finding,) = judge.finish(end)
    return finding


def fault(name: str) -> FaultSpec:
    return FaultSpec(name, "net.loss", Everything(), Params(), At(Instant(0)), Duration(1))


def test_never_names_the_event_that_broke_it_first(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("never", "count(payment.captured) > 1", each="order")
    events = [
        log.order("o-1", "PLACED"),
        log.captured("o-1", 5),
        log.captured("o-1", 6),
        log.captured("o-1", 7),
    ]

    finding = judged(words, expectation, events)

    assert finding.verdict is Verdict.BROKEN
    assert finding.observed == "order o-1: count(payment.captured) = 2"
    assert finding.limit == "each order: never count(payment.captured) > 1"
    (violation,) = finding.violations
    assert (violation.entity, violation.saga, violation.event, violation.t) == ("order o-1", "o-1", 3, 6)
    assert finding.place.line == 7


def test_orders_that_were_never_captured_count_as_samples(
    words: Vocabulary, expect: Expect, log: Log
) -> None:
    expectation = expect("never", "count(payment.captured) > 1", each="order")

    finding = judged(words, expectation, [log.order("o-1", "REFUSED")])

    assert (finding.verdict, finding.samples) == (Verdict.HELD, 1)


def test_an_expectation_about_nothing_is_unproven(words: Vocabulary, expect: Expect) -> None:
    finding = judged(words, expect("always", "order.due >= 0", each="order"), [])

    assert (finding.verdict, finding.observed) == (Verdict.UNPROVEN, "no order was seen")


def test_what_no_entity_matches_is_held_without_samples(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("finally", "order.due == 0", each="order", where='order.state == "CANCELLED"')

    finding = judged(words, expectation, [log.order("o-1", "CONFIRMED", 5)])

    assert (finding.verdict, finding.samples, finding.observed) == (
        Verdict.HELD,
        0,
        "none of 1 order matched",
    )


def test_always_judges_a_commit_whole(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("always", "stock.available == stock.received", each="sku")

    finding = judged(words, expectation, [log.stock("A", 5, 5), log.stock("A", 9, 9)])

    assert finding.verdict is Verdict.HELD


def test_always_sees_a_moment_that_passes(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("always", "stock.available >= 0", each="sku")

    finding = judged(
        words, expectation, [log.stock("A", 5, 5), log.stock("A", -1, 5, t=8), log.stock("A", 5, 5)]
    )

    assert finding.verdict is Verdict.BROKEN
    assert [(violation.event, violation.t) for violation in finding.violations] == [(2, 8)]


def test_finally_forgives_what_was_put_right(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("finally", "payment.captured == order.due", each="order")
    held = [log.paid("o-1", 500), log.order("o-1", "CONFIRMED", 500)]

    assert judged(words, expectation, held).verdict is Verdict.HELD
    assert judged(words, expectation, held[:1]).verdict is Verdict.BROKEN


def test_finally_names_the_event_since_which_it_did_not_hold(
    words: Vocabulary, expect: Expect, log: Log
) -> None:
    expectation = expect("finally", "payment.captured == order.due", each="order")
    events = [
        log.paid("o-1", 500, t=1),
        log.order("o-1", "CONFIRMED", 500, t=2),
        log.paid("o-1", 70, t=3),
        log.order("o-1", "DELIVERED", 500, t=4),
    ]

    (violation,) = judged(words, expectation, events).violations

    assert (violation.event, violation.t) == (3, 3)


def test_eventually_counts_from_when_the_entity_is_first_seen(
    words: Vocabulary, expect: Expect, log: Log
) -> None:
    expectation = expect("eventually", 'state == "COMPLETED"', each="saga.checkout", within=Duration(10))
    events = [
        log.saga("started", "s-1", 5),
        log.saga("started", "s-2", 8),
        log.saga("completed", "s-1", 15),
        log.saga("completed", "s-2", 19),
    ]

    finding = judged(words, expectation, events)

    assert finding.verdict is Verdict.BROKEN
    (violation,) = finding.violations
    assert (violation.entity, violation.saga, violation.t) == ("saga.checkout s-2", "s-2", 18)
    assert violation.event == 2


def test_eventually_is_unproven_while_its_time_is_not_over(
    words: Vocabulary, expect: Expect, log: Log
) -> None:
    expectation = expect("eventually", 'state == "COMPLETED"', each="saga.checkout", within=Duration(10))

    finding = judged(words, expectation, [log.saga("started", "s-1", 95)], end=100)

    assert finding.verdict is Verdict.UNPROVEN


def test_eventually_without_a_time_has_until_the_end(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("eventually", 'state == "COMPLETED"', each="saga.checkout")

    assert judged(words, expectation, [log.saga("started", "s-1", 95)]).verdict is Verdict.BROKEN


def test_a_saga_has_the_observables_of_what_it_is_about(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect(
        "finally", "payment.captured == 0", each="saga.checkout", where='state == "COMPENSATED"'
    )
    events = [
        log.saga("started", "o-1"),
        log.paid("o-1", 7),
        log.saga("compensated", "o-1", failure="NoStock"),
    ]

    finding = judged(words, expectation, events)

    assert finding.verdict is Verdict.BROKEN
    assert finding.observed == "saga.checkout o-1: state = COMPENSATED, payment.captured = 7"


def test_a_delivery_that_never_came_is_lost(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("finally", "applied >= 1 or dead == 1", each="delivery")
    events = [log.placed("o-1"), log.applied("o-1"), log.placed("o-2")]

    finding = judged(words, expectation, events)

    assert [violation.entity for violation in finding.violations] == ["delivery p-o-2 -> payment"]
    assert (finding.samples, finding.broken) == (2, 1)


def test_a_delivery_applied_twice_is_found(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("never", "applied > 1", each="delivery")

    finding = judged(words, expectation, [log.placed("o-1"), log.applied("o-1"), log.applied("o-1")])

    assert finding.verdict is Verdict.BROKEN


def test_a_delivery_applied_again_much_later_is_found(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("never", "applied > 1", each="delivery")
    many = [
        event for number in range(50) for event in (log.placed(f"o-{number}"), log.applied(f"o-{number}"))
    ]

    finding = judged(words, expectation, [*many, log.applied("o-7", t=9)])

    assert [(found.entity, found.t) for found in finding.violations] == [("delivery p-o-7 -> payment", 9)]


def test_deliveries_all_applied_once_leave_nothing_behind(
    words: Vocabulary, expect: Expect, log: Log
) -> None:
    kept: dict[str, list[Any]] = {}
    expectation = expect("finally", "applied == 1", each="delivery", where='event == "order.placed"')
    many = [
        event for number in range(50) for event in (log.placed(f"o-{number}"), log.applied(f"o-{number}"))
    ]

    finding = judged(words, expectation, many, factory=lambda _: kept)

    assert (finding.verdict, finding.samples, len(kept)) == (Verdict.HELD, 50, 0)


def test_deliveries_are_kept_for_who_lists_them(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("finally", "len(each(delivery).applied) == 2 and each(delivery).applied == 1")
    events = [log.placed("o-1"), log.placed("o-2"), log.applied("o-1"), log.applied("o-2")]

    assert judged(words, expectation, events).verdict is Verdict.HELD


def test_evidence_of_faults_fails_when_one_hit_nothing(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("evidence", "each(fault).touched >= 1")
    hit = log.event("fault.hit", fault="a", what="call")

    assert judged(words, expectation, [hit], faults=[fault("a")]).verdict is Verdict.HELD
    assert judged(words, expectation, [hit], faults=[fault("a"), fault("b")]).verdict is Verdict.UNPROVEN
    assert judged(words, expectation, []).verdict is Verdict.HELD


def test_a_metric_is_judged_in_its_phase_only(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect(
        "metric", "max < 10us and count == 1", metric="saga.checkout.duration", during="rush"
    )
    events = [
        log.event("phase.started", 0, phase="calm"),
        log.saga("started", "s-1", 0),
        log.event("phase.ended", 10, phase="calm"),
        log.event("phase.started", 10, phase="rush"),
        log.saga("started", "s-2", 11),
        log.saga("completed", "s-1", 20),
        log.event("phase.ended", 21, phase="rush"),
        log.saga("completed", "s-2", 20),
    ]

    finding = judged(words, expectation, events)

    assert (finding.verdict, finding.samples) == (Verdict.HELD, 1)
    assert finding.observed == "max = 9us, count = 1"


def test_a_trend_without_values_proves_nothing(words: Vocabulary, expect: Expect) -> None:
    expectation = expect("metric", "p(95) < 3s", metric="saga.checkout.duration")

    assert judged(words, expectation, []).verdict is Verdict.UNPROVEN


def test_a_counter_of_nothing_is_zero(words: Vocabulary, expect: Expect) -> None:
    assert judged(words, expect("metric", "count == 0", metric="event.dead"), []).verdict is Verdict.HELD


def test_the_whole_run_is_judged_from_the_first_phase_on(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("always", 'stock.available("A") >= 3')
    events = [log.stock("A", 1, 1), log.stock("A", 5, 5), log.event("phase.started", phase="rush")]

    assert judged(words, expectation, events).verdict is Verdict.HELD
    broken = judged(words, expectation, [*events, log.stock("A", 2, 2, t=9), log.stock("A", 8, 8)])
    assert broken.verdict is Verdict.BROKEN
    assert [violation.t for violation in broken.violations] == [9]


def test_eventually_of_the_whole_run(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("eventually", "count(order.placed) >= 1", within=Duration(10))
    start = log.event("phase.started", 5, phase="rush")

    assert judged(words, expectation, [start, log.placed("o-1", 15)]).verdict is Verdict.HELD
    assert judged(words, expectation, [start, log.placed("o-1", 16)]).verdict is Verdict.BROKEN
    assert judged(words, expectation, [start], end=7).verdict is Verdict.UNPROVEN


def test_the_steady_state_names_what_does_not_hold(words: Vocabulary, log: Log) -> None:
    check = Check("up(services) == 2", Place("f", 1, 1))
    judge = Judge((), words, steady=SteadyState(seconds(1), (check,)))
    judge.feed(log.event("instance.started", service="order", incarnation=1))

    assert judge.unsteady(0) == ("up(services) == 2 (up(services) = 1)",)
    judge.feed(log.event("instance.started", service="payment", incarnation=1))
    assert judge.unsteady(0) == ()


def test_new_violations_are_told_once(words: Vocabulary, expect: Expect, log: Log) -> None:
    judge = Judge((expect("never", "count(payment.captured) > 0", each="order"),), words)

    told = [judge.feed(log.captured("o-1")), judge.feed(log.captured("o-1")), judge.feed(log.captured("o-2"))]

    assert [[violation.entity for _, violation in each] for each in told] == [
        ["order o-1"],
        [],
        ["order o-2"],
    ]


def test_violations_are_capped_but_all_are_counted(words: Vocabulary, expect: Expect, log: Log) -> None:
    expectation = expect("never", "count(payment.captured) > 0", each="order")

    finding = judged(words, expectation, [log.captured(f"o-{number}") for number in range(30)])

    assert (finding.broken, len(finding.violations)) == (30, 20)


def test_entities_may_live_in_a_mapping_that_keeps_copies(
    words: Vocabulary, expect: Expect, log: Log
) -> None:
    class Copies(dict[str, list[Any]]):
        def __getitem__(self, key: str) -> list[Any]:
            return list(super().__getitem__(key))

        def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict has it
            return list(super().__getitem__(key)) if key in self else default

        def __setitem__(self, key: str, value: list[Any]) -> None:
            super().__setitem__(key, list(value))

    def copies(_: str) -> MutableMapping[str, list[Any]]:
        return Copies()

    expectation = expect("never", "count(payment.captured) > 1", each="order")

    finding = judged(words, expectation, [log.captured("o-1") for _ in range(4)], factory=copies)

    assert (finding.broken, finding.violations[0].event) == (1, 2)


def test_entities_are_counted_in_words(words: Vocabulary, expect: Expect, log: Log) -> None:
    deliveries = [log.placed("o-1"), log.placed("o-2")]
    sagas = [log.saga("started", "s-1"), log.saga("started", "s-2")]

    assert judged(words, expect("always", "dead == 0", each="delivery"), deliveries).observed == (
        "2 deliveries judged"
    )
    assert judged(words, expect("always", "retries == 0", each="saga.checkout"), sagas).observed == (
        "2 checkout sagas judged"
    )


def test_a_judge_asks_only_for_the_kinds_it_needs(words: Vocabulary, expect: Expect) -> None:
    judge = Judge((expect("metric", "count == 0", metric="event.dead"),), words)

    assert judge.kinds == ("event.dead", "phase.started")


@pytest.mark.parametrize(
    ("severity", "verdict", "expected"),
    [
        ("error", "BROKEN", Outcome.FAILED),
        ("error", "UNPROVEN", Outcome.INCONCLUSIVE),
        ("error", "HELD", Outcome.PASSED),
        ("warn", "BROKEN", Outcome.PASSED),
    ],
)
def test_a_run_is_as_good_as_its_worst_error(
    severity: Any,  # noqa: ANN401 - a literal
    verdict: str,
    expected: Outcome,
) -> None:
    finding = Finding("x", "always", Verdict(verdict), severity, Place("f", 1, 1), "", "", 1)

    assert outcome([finding]) is expected
