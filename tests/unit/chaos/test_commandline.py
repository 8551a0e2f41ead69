import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msa_lab.chaos import FaultSpec, Names, parse_fault_text, write_fault
from msa_lab.chaos.catalogue.network import Loss, NetDelay
from msa_lab.chaos.catalogue.process import Kill, Skew
from msa_lab.chaos.model import After, At, Everything, Instance, Link
from msa_lab.sdk.distributions import LogNormal
from msa_lab.sdk.values import Duration, Instant, ms, seconds
from msa_lab.source import InvalidFile


def told(text: str, names: Names) -> list[tuple[str, int, int, str | None]]:
    """The mistakes in a line: message, column, length, suggestion."""
    with pytest.raises(InvalidFile) as caught:
        parse_fault_text(text, names)
    return [(m.message, m.place.column, m.place.length, m.suggestion) for m in caught.value.mistakes]


def test_a_whole_line_is_read(names: Names) -> None:
    assert parse_fault_text(
        "net.loss order -> payment probability=0.5 count=3 direction=reply id=lossy at 2s for 8s", names
    ) == FaultSpec(
        id="lossy",
        kind="net.loss",
        target=Link("order", "payment"),
        params=Loss(),
        start=At(Instant(2_000_000)),
        duration=Duration(8_000_000),
        probability=0.5,
        count=3,
        direction="reply",
    )


def test_a_fault_may_wait_for_an_event(names: Names) -> None:
    spec = parse_fault_text("net.loss order→payment after payment.captured#5 for 3s", names)

    assert spec.start == After("payment.captured", 5)
    assert spec.target == Link("order", "payment")
    assert parse_fault_text("net.loss * after order.placed for 1s", names).start == After("order.placed", 1)


def test_values_in_brackets_may_have_blanks(names: Names) -> None:
    spec = parse_fault_text("net.delay order latency=lognormal(800ms, 0.5) jitter=1ms for 1s", names)

    assert spec.params == NetDelay(LogNormal(ms(800), 0.5), ms(1))


def test_an_offset_may_be_negative(names: Names) -> None:
    assert parse_fault_text("clock.skew order-1 offset=-5s for 1s", names).params == Skew(
        Duration(-5_000_000)
    )


def test_a_kill_lasts_until_the_restart(names: Names) -> None:
    by_parameter = parse_fault_text("process.kill payment-2 restart_after=2s at 3s", names)
    by_lease = parse_fault_text("process.kill payment-2 at 3s for 2s", names)

    assert by_parameter == by_lease
    assert by_parameter.target == Instance("payment", 2)
    assert by_parameter.params == Kill(seconds(2))
    assert by_parameter.duration == 2_000_000
    assert parse_fault_text("process.kill payment", names).duration == 1_000_000


def test_a_count_alone_ends_a_fault_too(names: Names) -> None:
    assert parse_fault_text("msg.poison order.placed count=1", names).duration is None


def test_what_is_over_at_once_needs_no_end(names: Names) -> None:
    spec = parse_fault_text("cache.flush at 5s", names)

    assert (spec.duration, spec.target) == (0, Everything())


def test_ids_are_numbered_from_the_second_on(names: Names) -> None:
    assert parse_fault_text("db.down order for 1s", names).id == "db.down"
    assert parse_fault_text("db.down order for 1s", names, number=2).id == "db.down-2"


def test_all_mistakes_are_told_at_once_at_their_places(names: Names) -> None:
    assert told("net.delay order -> paymnt latncy=5ms probability=1.5 at 2", names) == [
        ("net.delay needs 'latency': added to each leg: a duration or a distribution", 1, 9, None),
        ("every fault ends by itself: give for or count", 1, 9, None),
        ("unknown service 'paymnt'", 20, 6, "payment"),
        ("unknown parameter 'latncy' of net.delay; it takes latency or jitter", 27, 6, "latency"),
        ("probability 1.5 must lie between 0 and 1", 50, 3, None),
        ("'2' has no unit; write 2ms or 2s", 57, 1, None),
    ]


@pytest.mark.parametrize(
    ("text", "message", "suggestion"),
    [
        ("net.los * for 1s", "unknown fault 'net.los'", "net.loss"),
        ("msg.drop order.event for 1s", "unknown target 'order.event'", "order.events"),
        ("msg.drop order.events after order.plced for 1s", "unknown event 'order.plced'", "order.placed"),
        ("http.abort payment.captre for 1s", "unknown target 'payment.captre'", "payment.capture"),
        (
            "pay.decline psp code=card-refusd for 1s",
            "'psp' declares no refusal 'card-refusd'; it has card-refused or closed",
            "card-refused",
        ),
        ("load.spike buy-on factor=2 for 1s", "unknown target 'buy-on'", "buy-one"),
        ("process.kill payment-3", "there is no 'payment-3'; the topology has payment-1 to payment-2", None),
        (
            "pay.slow payment latency=1s for 1s",
            "pay.slow hurts an outside party (carrier or psp); 'payment' is a service of the shop",
            None,
        ),
        ("db.down psp for 1s", "'psp' is an outside party; db.down hurts the shop's own services", None),
        ("pay.slow latency=1s for 1s", "pay.slow needs a target: carrier or psp", None),
        ("broker.loss order for 1s", "broker.loss takes broker; 'order' is a service", None),
        ("db.down order probability=50% for 1s", "probability: '50%' is not a number but text", None),
        ("db.down order probability=nan for 1s", "probability: 'nan' is not a number", None),
        ("db.down order count=0", "count must be at least 1", None),
        ("db.down order direction=reply for 1s", "db.down has no direction", None),
        (
            "net.loss order direction=replies for 1s",
            "direction 'replies' is not both, request or reply",
            "reply",
        ),
        (
            "process.pause order count=2 for 1s",
            "process.pause is a state, not single hits; it has no count",
            None,
        ),
        ("process.pause order", "every fault ends by itself: give for", None),
        (
            "process.kill order restart_after=1s for 2s",
            "for and restart_after say the same; leave one out",
            None,
        ),
        ("cache.flush for 1s", "cache.flush is over at once; leave out for", None),
        ("db.down order for 0s", "for must be longer than 0s", None),
        ("db.down order for", "for needs something after it", None),
        ("db.down order for 1s for 2s", "'for' is given twice", None),
        (
            "db.down order for 1s order",
            (
                "'order' is out of place; "
                "a fault is written KIND TARGET name=value ... [at T | after EVENT#n] for T"
            ),
            None,
        ),
        ("http.abort * status=200 for 1s", "status: 200 is too little; at least 500", None),
        ("msg.poison * how=garbled count=1", "how: 'garbled' is not undecodable or field-missing", None),
        ("net.delay * latency=1s jitter=-1s for 1s", "jitter: '-1s' is negative", None),
        ("net.partition * one_way=maybe for 1s", "one_way: 'maybe' is not true or false", None),
        ("net.loss order -> for 1s", "'order ->' lacks a side; a link is written A -> B", None),
        ("db.down order at 1s after order.placed for 1s", "say at or after, not both", None),
        ("db.down order after order.placed#0 for 1s", "nth must be at least 1", None),
    ],
)
def test_a_mistake_is_named(text: str, message: str, suggestion: str | None, names: Names) -> None:
    assert (message, suggestion) in [(found, guess) for found, _, _, guess in told(text, names)]


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_line_is_told_how_a_fault_is_written(text: str, names: Names) -> None:
    [(message, _, _, _)] = told(text, names)

    assert message.startswith("a fault is written KIND TARGET")


@pytest.mark.parametrize(
    "line",
    [
        "net.loss order -> payment id=x probability=0.25 count=3 direction=reply at 2s for 8s",
        "net.delay * latency=uniform(1ms, 3ms) jitter=500us at 0s for 1m",
        "net.partition * -> order one_way=true after order.placed#2 for 1500ms",
        "clock.skew order-1 offset=-5s at 0s for 1s",
        "msg.poison order.placed how=field-missing count=1 at 0s",
        "pay.slow psp latency=pareto(1ms, 1.5) at 0s for 1s",
        "load.spike buy-one factor=2.5 at 0s for 1s",
        "process.kill payment-2 at 3s for 2s",
        "cache.flush * at 5s",
    ],
)
def test_a_written_fault_reads_back_as_the_same(line: str, names: Names) -> None:
    spec = parse_fault_text(line, names)

    assert write_fault(spec) == line
    assert parse_fault_text(write_fault(spec), names) == spec


WORDS = [
    "net.loss", "net.delay", "order", "->", "payment", "*", "order.events", "psp", "at", "for",
    "after", "2s", "=", "id=", "count=1", "count=", "probability=1e999", "latency=exp(", "latency=exp(1ms)",
    "order.placed#1", "#", "(", ")", "é→",
]  # fmt: skip


@settings(max_examples=300, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)))
def test_any_line_is_read_or_refused_with_places_inside_it(text: str, names: Names) -> None:
    try:
        spec = parse_fault_text(text, names)
    except InvalidFile as invalid:
        places = [(mistake.place.line, mistake.place.column) for mistake in invalid.mistakes]
        shown = invalid.render()
    else:
        assert spec.duration is not None or spec.count is not None
        return

    assert places
    assert all(line == 1 and 1 <= column <= max(1, len(text)) for line, column in places)
    assert "error:" in shown
