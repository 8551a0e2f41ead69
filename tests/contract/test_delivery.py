"""What a broker promises, in every world and on every server that can be had: no promise names an instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pytest

from msa_lab.sdk import Context, Duration, ServiceSpec, ms, on, seconds
from msa_lab.sdk.failures import PublishFailure
from tests.builders import DEEDS, SHOP, Sold, Stage, announcing, write_down

READER = ServiceSpec("reader", "reads too", subscriptions=(on(Sold, write_down),), tables=(DEEDS,))
QUICK = "broker.visibility=400ms"


class Market(Protocol):
    """The till tells, over a broker, what it sold; diary and reader, of two instances each, hear it."""

    def sell(self, *sold: Sold) -> None:
        """Commit what was sold; the relay publishes it."""
        ...

    def publish(self, sold: Sold) -> None:
        """Publish without a commit, or raise why not."""
        ...

    def until(self, over: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        ...

    def pass_time(self, duration: Duration) -> None:
        """Let time pass."""
        ...

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Give the details of the logged events of a kind, in order, with `t` and `instance`."""
        ...

    def kill(self, instance: str) -> None:
        """End an instance as SIGKILL does."""
        ...


Open = Callable[..., Market]


class SimulatedMarket:
    """The simulated world."""

    def __init__(self, *, settings: Sequence[str] = (), faults: Sequence[str] = ()) -> None:
        replicas = ("services.diary.replicas=2", "services.reader.replicas=2")
        self._stage = Stage((*replicas, *settings), [f"{fault} at 0s" for fault in faults], (*SHOP, READER))
        self._stage.play(ms(1))

    def sell(self, *sold: Sold) -> None:
        self._stage.run("till-1", announcing(*sold))

    def publish(self, sold: Sold) -> None:
        async def work(ctx: Context) -> None:
            await ctx.publish(sold)

        self._stage.run("till-1", work)

    def until(self, over: Callable[[], bool]) -> None:
        for _ in range(60_000):
            if over():
                return
            self._stage.play(ms(1))
        assert over()

    def pass_time(self, duration: Duration) -> None:
        self._stage.play(duration)

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [
            {**event.detail, "t": event.t, "instance": event.instance} for event in self._stage.events(kind)
        ]

    def kill(self, instance: str) -> None:
        self._stage.kill(instance)


@pytest.fixture
def market() -> Open:
    """Open a market, with settings of its topology and faults."""
    return SimulatedMarket


def applied(market: Market, group: str = "diary") -> list[str]:
    """Give the ids of the messages that a group has applied, in that order."""
    return [event["id"] for event in market.told("event.applied") if event["group"] == group]


def sold(market: Market) -> list[str]:
    """Give the ids of the messages that tell of sales, in the order of selling."""
    return [event["id"] for event in market.told("event.recorded")]


def handed_out(market: Market, group: str = "diary") -> list[tuple[str, int]]:
    """Give what a group's instances were handed out, and which attempt that was."""
    return [(event["id"], event["attempt"]) for event in market.told("event.delivered")
            if event["group"] == group]  # fmt: skip


def over_for(market: Market, count: int) -> Callable[[], bool]:
    """Tell whether both groups have applied so many."""
    return lambda: len(applied(market)) >= count and len(applied(market, "reader")) >= count


def test_every_group_applies_every_event_once_whatever_its_replicas(market: Open) -> None:
    here = market()
    here.sell(*(Sold(f"{number}", piece=f"p{number}") for number in range(12)))
    here.until(over_for(here, 12))

    assert sorted(applied(here)) == sorted(applied(here, "reader")) == sorted(sold(here))
    assert len(here.told("event.published")) == len(set(sold(here))) == 12


def test_one_key_keeps_its_order_and_other_keys_go_on(market: Open) -> None:
    here = market()
    here.sell(
        Sold("a1", "a", slow=ms(300)), Sold("a2", "a"), Sold("a3", "a"), Sold("b1", "b"), Sold("c1", "c")
    )
    here.until(over_for(here, 5))

    a1, a2, a3, b1, c1 = sold(here)
    order = applied(here)
    assert [one for one in order if one in {a1, a2, a3}] == [a1, a2, a3]
    assert set(order[:2]) == {b1, c1}


def test_a_key_keeps_its_order_while_its_first_fails_and_is_tried_again(market: Open) -> None:
    here = market()
    here.sell(Sold("a1", "a", fails=2), Sold("a2", "a"))
    here.until(over_for(here, 2))

    assert applied(here) == sold(here)


def test_what_fails_is_handed_out_again_after_growing_pauses(market: Open) -> None:
    here = market()
    here.sell(Sold("a", fails=2))
    here.until(lambda: len(applied(here)) == 1)

    (message,) = sold(here)
    diary = [event for event in here.told("event.delivered") if event["group"] == "diary"]
    assert [event["attempt"] for event in diary] == [1, 2, 3]
    retried = [event for event in here.told("event.retried") if event["group"] == "diary"]
    assert [(event["id"], event["attempt"], event["reason"]) for event in retried] == [
        (message, 1, "RemoteFailure"),
        (message, 2, "RemoteFailure"),
    ]
    assert diary[1]["t"] - diary[0]["t"] >= ms(100)
    assert diary[2]["t"] - diary[1]["t"] >= ms(200)


def test_after_its_attempts_it_is_dead_with_the_reason_and_the_next_of_its_key_goes_on(market: Open) -> None:
    here = market()
    here.sell(Sold("a1", "a", fails=99), Sold("a2", "a"))
    here.until(over_for(here, 1))

    first, second = sold(here)
    dead = [(it["group"], it["id"], it["attempt"], it["reason"]) for it in here.told("event.dead")]
    assert sorted(dead) == [("diary", first, 3, "RemoteFailure"), ("reader", first, 3, "RemoteFailure")]
    assert applied(here) == applied(here, "reader") == [second]


def test_while_its_consumers_store_is_away_it_is_not_given_up(market: Open) -> None:
    here = market(faults=["db.down diary count=5"])
    here.sell(Sold("a1", "a"), Sold("a2", "a"))
    here.until(over_for(here, 2))

    assert here.told("event.dead") == []
    reasons = [event["reason"] for event in here.told("event.retried") if event["group"] == "diary"]
    assert reasons == ["StoreUnavailable"] * 5
    assert applied(here) == applied(here, "reader") == sold(here)


def test_what_is_not_acknowledged_in_time_comes_again_and_is_applied_once(market: Open) -> None:
    here = market(settings=(QUICK,))
    here.sell(Sold("a", slow=ms(600)))
    here.until(lambda: len(here.told("event.skipped")) >= 2)

    (message,) = sold(here)
    assert applied(here) == applied(here, "reader") == [message]
    assert {event["reason"] for event in here.told("event.retried")} == {"no acknowledgement"}


def test_what_a_dead_consumer_held_goes_to_another(market: Open) -> None:
    here = market(settings=(QUICK,))
    here.sell(Sold("a", slow=ms(300)))
    here.until(lambda: len(handed_out(here)) == 1)
    (first,) = (event["instance"] for event in here.told("event.delivered") if event["group"] == "diary")
    here.kill(first)
    here.until(lambda: len(applied(here)) == 1)

    assert applied(here) == sold(here)
    (last,) = (event["instance"] for event in here.told("event.applied") if event["group"] == "diary")
    assert {first, last} == {"diary-1", "diary-2"}


def test_publishing_at_once_returns_when_the_broker_has_it(market: Open) -> None:
    here = market()
    here.publish(Sold("a"))

    assert len(here.told("event.published")) == 1
    here.until(over_for(here, 1))


def test_a_lost_confirmation_is_an_indefinite_failure_and_the_event_arrives(market: Open) -> None:
    here = market(faults=["broker.ack_lost till.events count=1"])

    with pytest.raises(PublishFailure) as failure:
        here.publish(Sold("a"))
    here.until(over_for(here, 1))
    assert not failure.value.definite


def test_what_was_published_twice_is_applied_once(market: Open) -> None:
    here = market(faults=["broker.ack_lost till.events count=1"])
    here.sell(Sold("a"))
    here.until(lambda: len(here.told("event.skipped")) >= 2)

    assert applied(here) == applied(here, "reader") == sold(here)
    assert len(here.told("event.published")) == 2


def struck(market: Market) -> int:
    return len(market.told("fault.hit"))


def test_a_dropped_message_is_lost_to_one_group_and_the_next_one_is_not(market: Open) -> None:
    here = market(faults=["msg.drop till.sold count=1"])
    here.sell(Sold("a1"), Sold("a2"))
    here.until(lambda: len(applied(here)) + len(applied(here, "reader")) == 3)

    (lost,) = here.told("event.lost")
    assert (lost["id"], lost["reason"]) == (sold(here)[0], "dropped")
    assert struck(here) == 1


def test_poison_fails_every_attempt_and_dies_and_the_next_one_does_not(market: Open) -> None:
    here = market(faults=["msg.poison till.sold count=1"])
    here.sell(Sold("a1"), Sold("a2"))
    here.until(lambda: len(applied(here)) + len(applied(here, "reader")) == 3)

    (dead,) = here.told("event.dead")
    assert (dead["id"], dead["attempt"]) == (sold(here)[0], 3)
    assert dead["reason"].startswith("poison: ")
    assert struck(here) == 1


def test_a_message_delivered_twice_is_skipped_once(market: Open) -> None:
    here = market(faults=["msg.duplicate till.sold count=1"])
    here.sell(Sold("a1"), Sold("a2"))
    here.until(lambda: over_for(here, 2)() and len(here.told("event.skipped")) == 1)

    (skipped,) = here.told("event.skipped")
    assert skipped["id"] == sold(here)[0]
    assert (applied(here), applied(here, "reader")) == (sold(here), sold(here))
    assert struck(here) == 1


def test_a_delayed_message_holds_its_key_back_and_no_other(market: Open) -> None:
    here = market(faults=["msg.delay till.sold latency=500ms count=2"])
    here.sell(Sold("a1", "a"))
    here.until(lambda: struck(here) == 2)
    here.sell(Sold("a2", "a"), Sold("b1", "b"))
    here.until(over_for(here, 3))

    a1, a2, b1 = sold(here)
    assert applied(here) == applied(here, "reader") == [b1, a1, a2]
    assert struck(here) == 2


def test_a_message_may_be_overtaken_by_the_next_of_its_key(market: Open) -> None:
    here = market(faults=["msg.reorder till.sold window=500ms count=2"])
    here.sell(Sold("a1", "a"))
    here.until(lambda: struck(here) == 2)
    here.sell(Sold("a2", "a"))
    here.until(over_for(here, 2))

    assert sorted(applied(here)) == sorted(applied(here, "reader")) == sorted(sold(here))
    assert struck(here) == 2


def test_an_idle_shop_applies_at_once_what_comes_after_a_while(market: Open) -> None:
    here = market()
    here.pass_time(seconds(1))
    here.sell(Sold("a"))
    here.until(over_for(here, 1))

    (recorded,) = here.told("event.recorded")
    assert all(event["t"] - recorded["t"] < ms(500) for event in here.told("event.applied"))
