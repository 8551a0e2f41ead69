"""Publishing and consuming: at least once, in order, bounded, deduplicated, surviving crashes."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from msa_lab.sdk import Context, ServiceSpec, ms, on, seconds
from msa_lab.sdk.failures import PublishRefused
from tests.builders import DEEDS, SHOP, Sold, Stage, announcing, write_down

READER = ServiceSpec("reader", "reads too", subscriptions=(on(Sold, write_down),), tables=(DEEDS,))


def told(stage: Stage) -> list[str]:
    """Give the story of the messages, one line an event."""
    return [
        " ".join(str(part) for part in (
            event.t, event.kind, event.detail["id"], event.detail.get("attempt", ""),
            event.detail.get("reason", ""),
        )).strip()
        for event in stage.log
        if event.kind.startswith("event.")
    ]  # fmt: skip


def test_an_event_goes_from_the_commit_over_the_broker_to_its_consumer(stage: Stage) -> None:
    stage.run("till-1", announcing(Sold("a")))
    stage.play(seconds(1))

    assert told(stage) == [
        "1000 event.recorded till-1",
        "2000 event.published till-1",
        "4000 event.delivered till-1 1",
        "5000 event.applied till-1",
    ]
    assert stage.lines() == ["a"]


def test_every_group_hears_every_event_once_whatever_its_replicas() -> None:
    stage = Stage(("services.reader.replicas=3",), specs=(*SHOP, READER))
    for number in range(6):
        stage.run("till-1", announcing(Sold(f"{number}", piece=f"p{number}")))
    stage.play(seconds(1))

    assert sorted(stage.lines()) == ["0", "1", "2", "3", "4", "5"]
    assert sorted(deed.piece for deed in stage.deeds("reader")) == ["0", "1", "2", "3", "4", "5"]
    assert {deed.by for deed in stage.deeds("reader")} == {"reader-1", "reader-2", "reader-3"}


def test_one_key_keeps_its_order_and_other_keys_do_not_wait() -> None:
    stage = Stage(("services.diary.replicas=3",))
    stage.run(
        "till-1",
        announcing(Sold("a1", "a", slow=ms(50)), Sold("a2", "a"), Sold("a3", "a"), Sold("b1", "b")),
    )
    stage.play(seconds(1))

    assert stage.lines() == ["b1", "a1", "a2", "a3"]


def test_the_order_of_a_key_holds_while_the_first_one_fails_and_is_tried_again(stage: Stage) -> None:
    stage.run("till-1", announcing(Sold("a1", "a", fails=2), Sold("a2", "a")))
    stage.play(seconds(2))

    assert stage.lines() == ["a1", "a2"]


def test_a_failed_delivery_is_repeated_with_growing_pauses(stage: Stage) -> None:
    stage.run("till-1", announcing(Sold("a", fails=2)))
    stage.play(seconds(2))

    assert told(stage) == [
        "1000 event.recorded till-1",
        "2000 event.published till-1",
        "4000 event.delivered till-1 1",
        "4000 event.retried till-1 1 RemoteFailure",
        "106000 event.delivered till-1 2",
        "106000 event.retried till-1 2 RemoteFailure",
        "308000 event.delivered till-1 3",
        "309000 event.applied till-1",
    ]


def test_a_message_held_back_waits_its_time_even_behind_another_of_its_key() -> None:
    stage = Stage(faults=["msg.delay till.sold latency=1s at 10ms for 1s"])
    stage.run("till-1", announcing(Sold("a1", slow=ms(300))))
    stage.play_to(ms(20))
    stage.run("till-1", announcing(Sold("a2")))
    stage.play(seconds(3))

    assert [(event.t, event.detail["id"]) for event in stage.events("event.applied")] == [
        (305_000, "till-1"),
        (1_025_000, "till-2"),
    ]


def test_after_its_attempts_it_is_a_dead_letter_with_the_reason_and_the_next_goes_on(stage: Stage) -> None:
    stage.run("till-1", announcing(Sold("a1", "a", fails=99), Sold("a2", "a")))
    stage.play(seconds(2))

    (dead,) = stage.events("event.dead")
    assert dead.detail == {
        "event": "till.sold",
        "id": "till-1",
        "group": "diary",
        "attempt": 3,
        "reason": "RemoteFailure",
    }
    assert [(delivery.message.body.id, reason) for delivery, reason in stage.shop.broker.dead] == [
        ("a1", "RemoteFailure")
    ]
    assert stage.lines() == ["a2"]
    assert stage.shop.quiet


def test_what_is_not_acknowledged_in_time_is_delivered_again_and_skipped_by_the_inbox() -> None:
    stage = Stage(("services.diary.replicas=2",))
    stage.run("till-1", announcing(Sold("a", slow=ms(1_200))))
    stage.play(seconds(5))

    assert told(stage) == [
        "1000 event.recorded till-1",
        "2000 event.published till-1",
        "4000 event.delivered till-1 1",
        "1002000 event.retried till-1 1 no acknowledgement",
        "1104000 event.delivered till-1 2",
        "1205000 event.applied till-1",
        "2102000 event.retried till-1 2 no acknowledgement",
        "2304000 event.skipped till-1",
        "2304000 event.delivered till-1 3",
        "2304000 event.skipped till-1",
    ]
    assert stage.lines() == ["a"]
    assert stage.shop.quiet


def test_a_consumer_that_dies_gives_its_messages_back() -> None:
    stage = Stage(("services.diary.replicas=2",))
    stage.run("till-1", announcing(Sold("a", slow=ms(50))))
    stage.play(ms(10))
    (delivered,) = stage.events("event.delivered")
    stage.kill(delivered.instance)
    stage.play(seconds(1))

    (deed,) = stage.deeds("diary")
    assert (deed.piece, deed.by) == ("a", "diary-2")
    assert [event.detail["reason"] for event in stage.events("event.retried")] == ["consumer lost"]


def test_events_wait_while_no_consumer_is_up(stage: Stage) -> None:
    stage.kill("diary-1")
    stage.run("till-1", announcing(Sold("a")))
    stage.play(seconds(30))
    assert (stage.lines(), stage.count("event.delivered")) == ([], 0)

    stage.restart("diary-1")
    stage.play(ms(10))
    assert stage.lines() == ["a"]


def test_the_inbox_knows_what_was_committed_before_a_crash() -> None:
    stage = Stage(faults=["consumer.crash_before_ack diary restart_after=50ms count=1 at 0s"])
    stage.play(ms(1))
    stage.run("till-1", announcing(Sold("a")))
    stage.play(seconds(3))

    assert stage.lines() == ["a"]
    assert [event.kind for event in stage.log if event.service == "diary" and event.t > 0] == [
        "event.delivered",
        "commit",
        "event.applied",
        "instance.crashed",
        "instance.started",
        "event.delivered",
        "event.skipped",
    ]


def test_without_an_inbox_a_redelivery_is_applied_twice() -> None:
    stage = Stage(
        ("patterns.inbox=off",),
        faults=["consumer.crash_before_ack diary restart_after=50ms count=1 at 0s"],
    )
    stage.play(ms(1))
    stage.run("till-1", announcing(Sold("a")))
    stage.play(seconds(3))

    assert stage.lines() == ["a", "a"]


def test_the_outbox_outlives_the_crash_of_all_instances(stage: Stage) -> None:
    stage.run("till-1", announcing(Sold("a")))
    stage.kill("till-1")
    stage.play(seconds(1))
    stage.restart("till-1")
    stage.play(seconds(1))

    assert stage.lines() == ["a"]
    assert stage.count("event.lost") == 0


def test_another_replica_sends_what_the_dead_one_left() -> None:
    stage = Stage(("services.till.replicas=2",))
    stage.shop.broker.go_down()
    stage.run("till-1", announcing(Sold("a")))
    stage.kill("till-1")
    stage.shop.broker.come_back()
    stage.play(seconds(1))

    assert stage.lines() == ["a"]


def test_without_an_outbox_what_was_not_sent_before_the_crash_is_lost() -> None:
    stage = Stage(("patterns.outbox=off",))
    stage.run("till-1", announcing(Sold("a")))
    stage.kill("till-1")
    stage.restart("till-1")
    stage.play(seconds(1))

    assert (stage.lines(), len(stage.deeds("till"))) == ([], 1)
    assert [event.detail["reason"] for event in stage.events("event.lost")] == [
        "the instance crashed before it sent the event"
    ]


def test_a_broker_that_is_down_delays_what_the_outbox_holds_and_loses_nothing(stage: Stage) -> None:
    stage.shop.broker.go_down()
    stage.run("till-1", announcing(Sold("a"), Sold("b")))
    stage.play(seconds(2))
    assert stage.lines() == []

    stage.shop.broker.come_back()
    stage.play(seconds(1))
    assert stage.lines() == ["a", "b"]


def test_an_acknowledgement_that_the_broker_does_not_hear_means_another_delivery(stage: Stage) -> None:
    stage.run("till-1", announcing(Sold("a", slow=ms(20))))
    stage.play(ms(10))
    stage.shop.broker.go_down()
    stage.play(ms(50))
    stage.shop.broker.come_back()
    stage.play(seconds(1))

    assert stage.lines() == ["a"]
    assert (stage.count("event.delivered"), stage.count("event.skipped")) == (2, 1)


def test_a_batch_of_the_outbox_is_sent_once_though_another_replica_wakes_meanwhile() -> None:
    stage = Stage(("services.till.replicas=2",))
    stage.kill("till-2")
    stage.run("till-1", announcing(Sold("a"), Sold("b")))
    stage.play(500)
    stage.restart("till-2")
    stage.play(600)
    stage.start("till-1", announcing(Sold("c")))
    stage.play(seconds(1))

    assert stage.lines() == ["a", "b", "c"]
    assert stage.count("event.published") == 3


def publishing(sold: Sold) -> Any:  # noqa: ANN401 - work, as `run` takes it
    def work(ctx: Context) -> Coroutine[Any, Any, None]:
        return ctx.publish(sold)  # type: ignore[return-value] # a coroutine in every world

    return work


def test_publishing_at_once_returns_when_the_broker_has_it(stage: Stage) -> None:
    stage.run("till-1", publishing(Sold("a")))

    assert (stage.now, stage.count("event.published")) == (1_000, 1)


def test_publishing_at_once_is_definitely_refused_by_a_broker_that_is_down(stage: Stage) -> None:
    stage.shop.broker.go_down()

    with pytest.raises(PublishRefused) as refused:
        stage.run("till-1", publishing(Sold("a")))
    assert refused.value.definite


def test_a_lost_confirmation_is_an_indefinite_failure_and_the_event_arrives() -> None:
    stage = Stage(faults=["broker.ack_lost till.events count=1 at 0s"])
    stage.play(ms(1))

    assert stage.try_("till-1", publishing(Sold("a"))) == "PublishFailure"
    stage.play(seconds(1))
    assert stage.lines() == ["a"]
