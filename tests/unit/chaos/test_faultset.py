from random import Random

import pytest

from msa_lab.chaos import PASS, FaultSet, Hop, Names, Verdict, parse_fault_text
from msa_lab.chaos.verdicts import (
    Abort,
    Copies,
    Crash,
    Drop,
    LostReply,
    Refuse,
    Spoil,
    Unreachable,
)
from msa_lab.sdk.distributions import Stream
from msa_lab.sdk.values import seconds

ORDER_PAYS = Hop(
    "order", "payment", "payment.capture", safe=False, caller_instance="order-1", callee_instance="payment-2"
)
PAYMENT_CHARGES = Hop(
    "payment",
    "psp",
    "psp.capture",
    safe=False,
    caller_instance="payment-1",
    callee_instance="psp-1",
    refusals=("card-refused",),
)
PAYMENT_LOOKS = Hop(
    "payment", "psp", "psp.find", safe=True, caller_instance="payment-1", callee_instance="psp-1", refusals=()
)
PROVIDER_TELLS = Hop(
    "psp", "payment", "payment.webhook", safe=False, caller_instance="psp-1", callee_instance="payment-1"
)


def stream(name: str) -> Stream:
    return Random(name)


def in_force(names: Names, *lines: str) -> FaultSet:
    faults = FaultSet(names.services, stream)
    for number, line in enumerate(lines, 1):
        faults.start(parse_fault_text(line, names, number=number))
    return faults


def shape(verdict: Verdict) -> object:
    return verdict.act if verdict.act is not None else verdict.delay


def test_without_faults_every_index_is_empty_and_everything_passes(names: Names) -> None:
    faults = FaultSet(names.services, stream)

    assert not any(
        (faults.calls, faults.publishing, faults.deliveries, faults.stores, faults.clocks, faults.loads)
    )
    assert faults.request(ORDER_PAYS) is PASS
    assert faults.deliver("order", "order.events", "order.placed") is PASS
    assert faults.commit("order", "order-1") is PASS
    assert faults.load("buy-one") == 1.0


@pytest.mark.parametrize(
    ("line", "hop", "request_verdict", "reply_verdict"),
    [
        ("net.loss order -> payment for 1s", ORDER_PAYS, Drop(), Drop()),
        ("net.loss order -> payment direction=reply for 1s", ORDER_PAYS, 0, Drop()),
        ("net.loss payment -> order for 1s", ORDER_PAYS, 0, 0),
        ("net.loss payment for 1s", ORDER_PAYS, Drop(), Drop()),
        ("net.loss payment-1 for 1s", ORDER_PAYS, 0, 0),
        ("net.loss payment-2 for 1s", ORDER_PAYS, Drop(), Drop()),
        ("net.loss payment.capture for 1s", ORDER_PAYS, Drop(), Drop()),
        ("net.loss * for 1s", ORDER_PAYS, Drop(), Drop()),
        ("net.loss * for 1s", PAYMENT_CHARGES, 0, 0),
        ("net.loss payment -> psp for 1s", PAYMENT_CHARGES, Drop(), Drop()),
        ("net.delay order latency=3ms for 1s", ORDER_PAYS, 3_000, 3_000),
        ("net.partition order -> payment for 1s", ORDER_PAYS, Drop(), Drop()),
        ("net.partition order -> payment one_way=true for 1s", ORDER_PAYS, Drop(), 0),
        ("net.partition payment -> order one_way=true for 1s", ORDER_PAYS, 0, Drop()),
        ("net.partition payment-2 for 1s", ORDER_PAYS, Drop(), Drop()),
        ("net.partition order-1 one_way=true for 1s", ORDER_PAYS, Drop(), 0),
        ("net.partition inventory for 1s", ORDER_PAYS, 0, 0),
        ("http.abort payment status=502 for 1s", ORDER_PAYS, Abort(502), 0),
        ("http.abort order for 1s", ORDER_PAYS, 0, 0),
        ("pay.timeout_no_charge psp for 1s", PAYMENT_CHARGES, Drop(), 0),
        ("pay.timeout_no_charge psp for 1s", PAYMENT_LOOKS, 0, 0),
        ("pay.timeout_charged psp for 1s", PAYMENT_CHARGES, 0, Drop()),
        ("pay.decline psp code=card-refused for 1s", PAYMENT_CHARGES, Refuse("card-refused"), 0),
        ("pay.decline psp code=closed for 1s", PAYMENT_CHARGES, 0, 0),
        ("pay.5xx psp.capture for 1s", PAYMENT_CHARGES, Abort(500), 0),
        ("pay.5xx psp.capture for 1s", PAYMENT_LOOKS, 0, 0),
        ("pay.slow psp latency=2s for 1s", PAYMENT_LOOKS, 2_000_000, 0),
        ("pay.slow psp latency=2s for 1s", PROVIDER_TELLS, 0, 0),
        ("pay.webhook_late psp delay=3s for 1s", PROVIDER_TELLS, 3_000_000, 0),
        ("pay.webhook_duplicate psp copies=2 for 1s", PROVIDER_TELLS, Copies(2), 0),
        ("pay.webhook_lost psp for 1s", PROVIDER_TELLS, Drop(), 0),
        ("pay.webhook_lost psp for 1s", PAYMENT_CHARGES, 0, 0),
        ("pay.webhook_lost carrier for 1s", PROVIDER_TELLS, 0, 0),
    ],
)
def test_calls_are_hurt_where_the_fault_says(
    line: str, hop: Hop, request_verdict: object, reply_verdict: object, names: Names
) -> None:
    faults = in_force(names, line)

    assert shape(faults.request(hop)) == request_verdict
    assert shape(faults.reply(hop)) == reply_verdict
    assert faults.active[0].touched == (request_verdict != 0) + (reply_verdict != 0)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("msg.duplicate order.events copies=2 for 1s", Copies(2)),
        ("msg.duplicate payment.events for 1s", 0),
        ("msg.delay order.placed latency=1s for 1s", 1_000_000),
        ("msg.drop inventory for 1s", Drop()),
        ("msg.drop payment for 1s", 0),
        ("msg.poison * how=field-missing for 1s", Spoil("field-missing")),
        ("consumer.crash_before_ack inventory restart_after=2s for 1s", Crash(seconds(2))),
    ],
)
def test_deliveries_are_hurt_where_the_fault_says(line: str, expected: object, names: Names) -> None:
    faults = in_force(names, line)

    assert shape(faults.deliver("inventory", "order.events", "order.placed")) == expected
    assert faults.publish("order", "order.events", "order.placed") is PASS


def test_reordered_messages_may_be_overtaken(names: Names) -> None:
    verdict = in_force(names, "msg.reorder * window=500ms for 1s").deliver(
        "order", "order.events", "order.placed"
    )

    assert verdict.overtaken
    assert 0 <= verdict.delay < 500_000


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("broker.loss for 1s", Unreachable()),
        ("broker.ack_lost for 1s", LostReply(done=True)),
        ("broker.ack_lost order for 1s", LostReply(done=True)),
        ("broker.ack_lost payment for 1s", 0),
        ("broker.ack_lost payment.events for 1s", 0),
    ],
)
def test_publishing_is_hurt_where_the_fault_says(line: str, expected: object, names: Names) -> None:
    assert shape(in_force(names, line).publish("order", "order.events", "order.placed")) == expected


@pytest.mark.parametrize(
    ("line", "read", "commit"),
    [
        ("db.slow order latency=4ms for 1s", 4_000, 4_000),
        ("db.down order-1 for 1s", Unreachable(), Unreachable()),
        ("db.down order-2 for 1s", 0, 0),
        ("db.commit_unknown * committed=false for 1s", 0, LostReply(done=False)),
    ],
)
def test_stores_are_hurt_where_the_fault_says(line: str, read: object, commit: object, names: Names) -> None:
    known = Names(services=names.services)
    faults = in_force(known, line)

    assert shape(faults.read("order", "order-1")) == read
    assert shape(faults.commit("order", "order-1")) == commit


def test_outside_parties_are_not_part_of_everything(names: Names) -> None:
    faults = in_force(names, "db.down * for 1s", "clock.skew * offset=1s for 1s")

    assert faults.commit("psp", "psp-1") is PASS
    assert faults.skew("psp", "psp-1") == 0
    assert faults.skew("order", "order-1") == 1_000_000


def test_skews_add_up_and_spikes_multiply(names: Names) -> None:
    faults = in_force(
        names,
        "clock.skew * offset=5s for 1s",
        "clock.skew order-1 offset=-1s for 1s",
        "load.spike factor=2 for 1s",
        "load.spike buy-one factor=3 for 1s",
    )

    assert faults.skew("order", "order-1") == 4_000_000
    assert faults.skew("payment", "payment-1") == 5_000_000
    assert (faults.load("buy-one"), faults.load("browse")) == (6.0, 2.0)


def test_delays_add_up_and_the_first_other_effect_decides(names: Names) -> None:
    faults = in_force(
        names,
        "net.delay order latency=3ms for 1s",
        "http.abort payment status=502 for 1s",
        "http.abort payment status=503 for 1s",
        "net.delay payment latency=4ms for 1s",
        "net.loss payment for 1s",
    )

    verdict = faults.request(ORDER_PAYS)

    assert (verdict.delay, verdict.act) == (7_000, Abort(502))
    assert [fault.touched for fault in faults.active] == [1, 1, 0, 1, 0]


def test_after_a_drop_nobody_is_asked(names: Names) -> None:
    faults = in_force(names, "net.loss order for 1s", "net.delay payment latency=4ms for 1s")

    assert faults.request(ORDER_PAYS).delay == 0
    assert [fault.touched for fault in faults.active] == [1, 0]


def test_a_count_is_used_up_and_reported(names: Names) -> None:
    faults = in_force(names, "net.loss order count=2")

    assert [shape(faults.request(ORDER_PAYS)) for _ in range(3)] == [Drop(), Drop(), 0]
    assert faults.spent == ["net.loss"]
    assert faults.stop("net.loss").touched == 2
    assert not faults.calls


@pytest.mark.parametrize(("probability", "low", "high"), [("0", 0, 0), ("0.3", 250, 350), ("1", 1000, 1000)])
def test_a_probability_is_kept(probability: str, low: int, high: int, names: Names) -> None:
    faults = in_force(names, f"net.loss order direction=request probability={probability} for 1s")
    for _ in range(1_000):
        faults.request(ORDER_PAYS)

    assert low <= faults.active[0].touched <= high


def test_a_fault_draws_from_its_own_stream_alone(names: Names) -> None:
    line = "net.loss order probability=0.5 for 1s"
    alone = in_force(names, line)
    beside = in_force(names, line, "net.delay order latency=exp(1ms) probability=0.5 for 1s")

    assert [alone.request(ORDER_PAYS).act for _ in range(50)] == [
        beside.request(ORDER_PAYS).act for _ in range(50)
    ]


def test_a_stopped_fault_hurts_no_more(names: Names) -> None:
    faults = in_force(names, "net.loss order for 1s", "net.delay order latency=1ms for 1s")
    faults.request(ORDER_PAYS)

    faults.stop("net.loss")

    assert shape(faults.request(ORDER_PAYS)) == 1_000
    with pytest.raises(KeyError):
        faults.stop("net.loss")
