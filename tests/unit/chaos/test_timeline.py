from msa_lab.chaos import FaultSpec, Timeline, Transition
from msa_lab.chaos.catalogue.stores import DbDown
from msa_lab.chaos.model import After, At, Service
from msa_lab.sdk.values import Duration, Instant


def fault(name: str, start: At | After, duration: int | None = 10, count: int | None = None) -> FaultSpec:
    span = None if duration is None else Duration(duration)
    return FaultSpec(name, "db.down", Service("order"), DbDown(), start, span, count=count)


def at(instant: int) -> At:
    return At(Instant(instant))


def said(transitions: list[Transition]) -> list[str]:
    return [f"{'+' if t.starts else '-'}{t.spec.id} {t.why}" for t in transitions]


def test_faults_start_and_end_in_their_order() -> None:
    line = Timeline([fault("b", at(10)), fault("a", at(0)), fault("c", at(10))], Instant(100))

    assert line.next == 0
    assert said(line.advance(Instant(0))) == ["+a time"]
    assert line.next == 10
    assert said(line.advance(Instant(10))) == ["-a time", "+b time", "+c time"]
    assert said(line.advance(Instant(19))) == []
    assert said(line.advance(Instant(20))) == ["-b time", "-c time"]
    assert line.next is None


def test_the_nth_event_starts_a_fault_at_once() -> None:
    line = Timeline([fault("x", After("order.placed", 2)), fault("y", After("order.placed"))], Instant(100))

    assert line.watched == {"order.placed"}
    assert line.next is None
    assert said(line.observe("order.placed", Instant(5))) == ["+y event"]
    assert [spec.id for spec in line.never_started] == ["x"]
    assert said(line.observe("other", Instant(6))) == []
    assert said(line.observe("order.placed", Instant(7))) == ["+x event"]
    assert said(line.observe("order.placed", Instant(8))) == []
    assert line.next == 15
    assert said(line.advance(Instant(17))) == ["-y time", "-x time"]


def test_a_used_up_count_ends_a_fault_once() -> None:
    line = Timeline([fault("x", at(0), None, count=1)], Instant(50))
    line.advance(Instant(0))

    assert said(line.exhausted("x")) == ["-x count"]
    assert said(line.exhausted("x")) == []
    assert said(line.advance(Instant(50))) == []


def test_without_an_end_of_its_own_a_fault_ends_with_the_run() -> None:
    line = Timeline([fault("x", at(0), None, count=9), fault("long", at(0), 1_000)], Instant(50))
    line.advance(Instant(0))

    assert line.next == 50
    assert said(line.advance(Instant(50))) == ["-x time", "-long time"]


def test_healing_ends_what_is_in_force_and_starts_nothing_more() -> None:
    line = Timeline([fault("x", at(0), 30), fault("later", at(20))], Instant(100))
    line.advance(Instant(0))

    assert said(line.heal()) == ["-x heal"]
    assert said(line.advance(Instant(100))) == []
    assert said(line.heal()) == []


def test_a_fault_that_would_start_when_the_run_is_over_does_not() -> None:
    line = Timeline([fault("x", at(50)), fault("y", After("e"))], Instant(50))

    assert line.next is None
    assert said(line.observe("e", Instant(50))) == []


def test_a_fault_without_length_starts_and_ends_at_one_instant() -> None:
    line = Timeline([fault("x", at(5), 0)], Instant(50))

    assert said(line.advance(Instant(5))) == ["+x time", "-x time"]


def test_a_fault_may_be_added_while_the_others_run() -> None:
    line = Timeline([fault("a", at(0))], Instant(100))
    line.advance(Instant(0))

    line.add(fault("b", at(5)))
    line.add(fault("c", After("order.placed", 1)))

    assert line.next == 5
    assert said(line.advance(Instant(5))) == ["+b time"]
    assert "order.placed" in line.watched
    assert said(line.observe("order.placed", Instant(6))) == ["+c event"]
    assert said(line.advance(Instant(20))) == ["-a time", "-b time", "-c time"]


def test_a_withdrawn_fault_ends_now_or_never_starts() -> None:
    line = Timeline(
        [fault("a", at(0)), fault("b", at(5)), fault("c", After("order.placed", 1))], Instant(100)
    )
    line.advance(Instant(0))

    assert said(line.withdraw("a")) == ["-a heal"]
    assert said(line.withdraw("b")) == []
    assert said(line.withdraw("c")) == []
    assert said(line.withdraw("a")) == []
    assert said(line.observe("order.placed", Instant(6))) == []
    assert said(line.advance(Instant(50))) == []
