"""Calls: deadlines, what errors mean, what crosses, what is repeated."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

import pytest

from msa_lab.sdk import Caller, CallFailure, Context, DomainError, Operation, Transaction, ms, seconds
from msa_lab.sdk.failures import InvalidRequest, RemoteFailure, Timeout
from tests.builders import (
    CHARGE,
    DEEDS,
    LOOK,
    SHAKE,
    TAKE,
    Ask,
    Deed,
    Going,
    Got,
    NoMoney,
    Sold,
    SoldOut,
    Stage,
    asking,
)


def told(stage: Stage) -> list[str]:
    """Give the story of the calls, one line an event."""
    return [
        " ".join(
            str(part)
            for part in (
                event.t,
                event.kind,
                event.instance,
                event.detail.get("outcome") or event.detail.get("reason") or event.detail.get("callee") or "",
            )
        ).strip()
        for event in stage.log
        if event.kind.startswith(("call.", "message.", "breaker."))
    ]


def failure(stage: Stage, work: Any) -> CallFailure:  # noqa: ANN401 - work, as `run` takes it
    with pytest.raises(CallFailure) as failed:
        stage.run("till-1", work)
    return failed.value


def test_a_call_takes_a_hop_there_the_work_and_a_hop_back(stage: Stage) -> None:
    assert stage.run("till-1", asking(TAKE, Ask("cup"), key="k")) == Got("deed-0001", "shelf-1")
    assert told(stage) == [
        "0 call.sent till-1 shelf-1",
        "2000 call.received shelf-1",
        "3000 call.replied shelf-1 ok",
        "4000 call.returned till-1 ok",
    ]


def test_each_event_of_a_call_is_caused_by_the_one_before(stage: Stage) -> None:
    stage.run("till-1", asking(LOOK, Ask("cup")))
    sent, received, replied, returned = (event for event in stage.log if event.kind.startswith("call."))

    assert (sent.cause, received.cause, replied.cause, returned.cause) == (
        0,
        sent.seq,
        received.seq,
        replied.seq,
    )
    assert sent.lamport < received.lamport < replied.lamport < returned.lamport


@pytest.mark.parametrize(
    ("operation", "error"), [(TAKE, SoldOut), (CHARGE, NoMoney)], ids=["shelf.take", "bank.charge"]
)
def test_a_refusal_of_the_business_crosses_as_what_it_is(
    stage: Stage, operation: Operation[Ask, Got], error: type[DomainError]
) -> None:
    with pytest.raises(error):
        stage.run("till-1", asking(operation, Ask("cup", answer="refuse"), key="k"))
    assert stage.count("call.retried") == 0


def test_a_failure_inside_the_callee_is_indefinite(stage: Stage) -> None:
    failed = failure(stage, asking(SHAKE, Ask("cup", answer="fail")))

    assert isinstance(failed, RemoteFailure)
    assert not failed.definite


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "piece: Field required"),
        ({"piece": ""}, "piece: String should have at least 1 character"),
        ({"piece": "cup", "count": 10}, "count: Input should be less than or equal to 9"),
        ({"piece": "cup", "answer": "maybe"}, "answer: Input should be 'ok', 'refuse' or 'fail'"),
    ],
)
def test_a_mapping_that_does_not_fit_the_contract_is_definitely_refused(
    stage: Stage, fields: Mapping[str, Any], complaint: str
) -> None:
    failed = failure(stage, asking(SHAKE, cast("Ask", fields)))

    assert isinstance(failed, InvalidRequest)
    assert (failed.definite, str(failed)) == (True, complaint)
    assert (stage.deeds("shelf"), stage.count("call.retried")) == ([], 0)


def test_a_request_of_the_right_type_is_checked_just_the_same(stage: Stage) -> None:
    failed = failure(stage, asking(SHAKE, Ask("cup", count=10)))

    assert isinstance(failed, InvalidRequest)
    assert str(failed) == "count: Input should be less than or equal to 9"
    assert stage.deeds("shelf") == []


def test_a_mapping_that_fits_becomes_the_request(stage: Stage) -> None:
    stage.run("till-1", asking(SHAKE, cast("Ask", {"piece": "cup"})))

    assert [deed.piece for deed in stage.deeds("shelf")] == ["cup"]


def test_who_waits_too_long_gets_an_indefinite_timeout_while_the_callee_goes_on(stage: Stage) -> None:
    going = stage.start("till-1", asking(SHAKE, Ask("cup", pause=ms(150))))
    stage.play(ms(100))

    assert isinstance(going.error, Timeout)
    assert (going.at, going.error.definite, stage.deeds("shelf")) == (100_000, False, [])
    stage.play(ms(100))
    assert len(stage.deeds("shelf")) == 1
    assert told(stage) == [
        "0 call.sent till-1 shelf-1",
        "2000 call.received shelf-1",
        "100000 call.failed till-1 Timeout",
        "153000 call.replied shelf-1 ok",
    ]


def test_the_calls_own_timeout_goes_before_the_policys(stage: Stage) -> None:
    going = stage.start("till-1", asking(SHAKE, Ask("cup", pause=ms(150)), timeout=ms(300)))
    stage.play(seconds(1))

    assert (going.outcome, going.at) == ("ok", 154_000)


def test_the_deadline_travels_and_cuts_the_next_try_short(stage: Stage) -> None:
    async def work(ctx: Context) -> Got:
        ctx.deadline = stage.now + 30_000  # type: ignore[misc,assignment] # as the host sets it
        return await ctx.call(LOOK, Ask("cup", pause=ms(80)))

    going: Going[Got] = stage.start("till-1", work)
    stage.play(seconds(1))

    assert (going.outcome, going.at) == ("Timeout", 30_000)
    assert stage.count("call.sent") == 1  # no time is left for another try


def test_after_the_deadline_nothing_is_sent(stage: Stage) -> None:
    async def work(ctx: Context) -> Got:
        ctx.deadline = stage.now  # type: ignore[misc,assignment] # as the host sets it
        return await ctx.call(LOOK, Ask("cup"))

    assert stage.try_("till-1", work) == "DeadlineExceeded"
    assert stage.count("call.sent") == 0


def test_a_request_whose_deadline_passed_in_the_queue_is_definitely_not_started() -> None:
    stage = Stage(("services.shelf.concurrency=1", "patterns.retry=off"))
    stage.start("till-1", asking(SHAKE, Ask("long", pause=ms(200)), timeout=seconds(1)))
    stage.start("till-1", asking(SHAKE, Ask("short"), timeout=ms(50)))
    stage.play(seconds(1))

    assert [deed.piece for deed in stage.deeds("shelf")] == ["long"]
    assert [event.detail["reason"] for event in stage.events("call.refused")] == ["DeadlineExceeded"]
    assert stage.instance("shelf-1").node.in_progress == 0


def test_the_callee_knows_who_calls_and_for_whom(stage: Stage) -> None:
    callers: list[Caller] = []
    stage.shop.deployed["shelf"].operations["shelf.look"] = _noting(stage, callers)

    async def as_till(ctx: Context) -> None:
        await ctx.call(LOOK, Ask("cup"))
        await ctx.call(LOOK, Ask("cup"), caller=Caller("gateway", "ann", ("admin",)))

    stage.run("till-1", as_till)
    assert callers == [Caller("till"), Caller("gateway", "ann", ("admin",))]


def _noting(stage: Stage, callers: list[Caller]) -> Any:  # noqa: ANN401 - a served operation
    served = stage.shop.deployed["shelf"].operations["shelf.look"]

    async def handle(ctx: Context, _ask: Ask) -> Got:
        callers.append(ctx.caller)
        return Got("", "")

    return type(served)(served.operation, handle, served.cpu, served.wait)


# -- what is repeated -------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["request", "reply"])
@pytest.mark.parametrize(("operation", "deeds"), [(LOOK, 0), (TAKE, 1)], ids=["safe", "keyed"])
def test_an_indefinite_failure_is_repeated_where_that_can_do_no_harm(
    operation: Operation[Ask, Got], deeds: int, direction: str
) -> None:
    stage = Stage(faults=[f"net.loss till -> shelf count=1 direction={direction} at 0s"])
    stage.play(ms(1))

    assert stage.try_("till-1", asking(operation, Ask("cup"), key="k")) == "ok"
    stage.play(seconds(1))
    assert (stage.count("call.sent"), len(stage.deeds("shelf"))) == (2, deeds)


@pytest.mark.parametrize(("direction", "deeds"), [("request", 0), ("reply", 1)])
def test_an_indefinite_failure_is_not_repeated_where_it_could_have_a_second_effect(
    direction: str, deeds: int
) -> None:
    stage = Stage(faults=[f"net.loss till -> shelf count=1 direction={direction} at 0s"])
    stage.play(ms(1))

    assert stage.try_("till-1", asking(SHAKE, Ask("cup"))) == "Timeout"
    stage.play(seconds(1))
    assert (stage.count("call.sent"), len(stage.deeds("shelf"))) == (1, deeds)


def test_a_definite_failure_is_repeated_whatever_the_operation() -> None:
    stage = Stage(faults=["process.kill shelf-1 at 0s for 5ms"])
    stage.play(ms(1))

    assert stage.try_("till-1", asking(SHAKE, Ask("cup"))) == "ok"
    assert [event.detail["attempt"] for event in stage.events("call.sent")] == [1, 2]


def test_pauses_between_tries_grow_and_the_tries_end() -> None:
    stage = Stage(("patterns.breaker=off",), faults=["net.loss till -> shelf at 0s for 60s"])
    stage.play(ms(1))

    assert stage.try_("till-1", asking(LOOK, Ask("cup"))) == "Timeout"
    assert [event.detail["pause"] for event in stage.events("call.retried")] == [10_000, 20_000]
    assert [event.t for event in stage.events("call.sent")] == [1_000, 111_000, 231_000]


def test_a_key_gets_the_first_reply_again_and_no_second_effect(stage: Stage) -> None:
    first = stage.run("till-1", asking(TAKE, Ask("cup"), key="one"))
    again = stage.run("till-1", asking(TAKE, Ask("cup"), key="one"))
    other = stage.run("till-1", asking(TAKE, Ask("cup"), key="two"))

    assert (first.number, again.number) == ("deed-0001", "deed-0001")
    assert other.number != first.number
    assert len(stage.deeds("shelf")) == 2


def test_a_key_belongs_to_one_operation(stage: Stage) -> None:
    stage.run("till-1", asking(TAKE, Ask("cup"), key="one"))
    charged = stage.run("till-1", asking(CHARGE, Ask("cup"), key="one"))

    assert (charged.by, len(stage.deeds("bank"))) == ("bank-1", 1)


def test_the_same_key_twice_at_the_same_time_has_one_effect(stage: Stage) -> None:
    going = [stage.start("till-1", asking(TAKE, Ask("cup", pause=ms(5)), key="one")) for _ in range(3)]
    stage.play(seconds(1))

    assert [one.outcome for one in going] == ["ok", "ok", "ok"]
    assert len({one.result.number for one in going if one.result}) == 1
    assert len(stage.deeds("shelf")) == 1


def test_a_key_is_remembered_over_a_crash_of_the_callee(stage: Stage) -> None:
    first = stage.run("till-1", asking(TAKE, Ask("cup"), key="one"))
    stage.kill("shelf-1")
    stage.restart("shelf-1")

    assert stage.run("till-1", asking(TAKE, Ask("cup"), key="one")) == first


def test_a_refusal_is_no_reply_to_keep(stage: Stage) -> None:
    assert stage.try_("till-1", asking(TAKE, Ask("cup", answer="refuse"), key="one")) == "sold-out"
    assert stage.try_("till-1", asking(TAKE, Ask("cup"), key="one")) == "ok"


# -- how long it takes ------------------------------------------------------------------------------


async def read(ctx: Context) -> None:
    await ctx.store.find(DEEDS, piece="cup")


async def write(ctx: Context) -> None:
    async def work(tx: Transaction) -> None:
        tx.insert(DEEDS, Deed("a", "cup"))

    await ctx.store.transact(work)


async def publish_one(ctx: Context) -> None:
    await ctx.publish(Sold("a"))


async def keep(ctx: Context) -> None:
    await ctx.cache.set("a", "1", seconds(1))


async def look_up(ctx: Context) -> None:
    await ctx.cache.get("a")


@pytest.mark.parametrize(
    ("setting", "work", "took"),
    [
        ("timing.commit=7ms", write, 7_000),
        ("timing.commit=7ms", read, 0),
        ("timing.read=7ms", read, 7_000),
        ("timing.read=7ms", write, 8_000),
        ("timing.cache=7ms", keep, 7_000),
        ("timing.cache=7ms", look_up, 7_000),
        ("timing.hop=7ms", asking(LOOK, Ask("cup")), 15_000),
        ("timing.broker_hop=7ms", publish_one, 7_000),
        ("services.shelf.cost.shelf.look.cpu=7ms", asking(LOOK, Ask("cup")), 9_000),
        ("services.shelf.cost.shelf.look.wait=7ms", asking(LOOK, Ask("cup")), 10_000),
    ],
)
def test_each_part_takes_the_time_that_the_topology_says(
    setting: str, work: Callable[[Context], Coroutine[Any, Any, object]], took: int
) -> None:
    stage = Stage((setting,))
    stage.run("till-1", work)

    assert stage.now == took


def test_a_link_has_its_own_latency() -> None:
    stage = Stage(text="links: [{link: till -> shelf, latency: 7ms}]\n")
    stage.run("till-1", asking(LOOK, Ask("cup")))

    assert stage.now == 9_000  # the way there only


def test_word_of_a_broken_connection_does_not_cross_a_partition() -> None:
    stage = Stage(("patterns.retry=off",), faults=["net.partition till -> shelf at 3ms for 9s"])
    going = stage.start("till-1", asking(SHAKE, Ask("cup", pause=ms(50))))
    stage.play(ms(10))
    stage.kill("shelf-1")
    stage.play(seconds(1))

    assert (going.outcome, going.at) == ("Timeout", 100_000)
