from typing import Any

from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.moment import ActiveFault, Moment


def event(  # an event as the log has it, at its number in seconds
    seq: int,
    name: str,
    /,
    service: str = "",
    instance: str = "",
    saga: str = "",
    **detail: Any,  # noqa: ANN401 - as an event has
) -> LogEvent:
    return LogEvent(seq, seq * 1_000_000, name, service, instance, saga, detail=detail)


def after(*events: LogEvent) -> Moment:
    moment = Moment()
    for it in events:
        moment.feed(it)
    return moment


def test_health_counts_the_instances_that_are_up_paused_and_down() -> None:
    moment = after(
        event(1, "instance.started", "payment", "payment-1"),
        event(2, "instance.started", "payment", "payment-2"),
        event(3, "instance.started", "payment", "payment-3"),
        event(4, "instance.started", "order", "order-1"),
        event(5, "instance.crashed", "payment", "payment-1"),
        event(6, "instance.paused", "payment", "payment-2"),
    )

    assert moment.health("payment") == (1, 1, 1)
    assert moment.health("order") == (1, 0, 0)
    assert moment.health("cart") == (0, 0, 0)


def test_an_instance_that_starts_again_or_resumes_is_up() -> None:
    moment = after(
        event(1, "instance.crashed", "payment", "payment-1"),
        event(2, "instance.started", "payment", "payment-1"),
        event(3, "instance.paused", "order", "order-1"),
        event(4, "instance.resumed", "order", "order-1"),
    )

    assert moment.health("payment") == (1, 0, 0)
    assert moment.health("order") == (1, 0, 0)


def test_a_fault_acts_from_its_start_until_it_is_healed() -> None:
    started = event(3, "fault.started", fault="lossy", kind="net.loss", target="order -> payment")

    assert after(started).faults == {
        "lossy": ActiveFault("lossy", "net.loss", "order -> payment", 3_000_000, 3)
    }
    healed = after(started, event(5, "fault.healed", fault="lossy", touched=14))
    assert healed.faults == {}
    assert healed.healed == {"lossy": 14}


def test_a_breaker_is_open_until_the_same_instance_closes_it() -> None:
    up = event(1, "instance.started", "payment", "payment-1")
    opened = event(2, "breaker.opened", "payment", "payment-1", callee="psp")

    assert after(up, opened).opened("payment") == ("psp",)
    assert after(up, opened).opened("order") == ()
    assert after(up, opened, event(3, "breaker.closed", "payment", "payment-1", callee="psp")).breakers == {}


def test_violations_are_counted_and_the_first_is_remembered() -> None:
    moment = after(
        event(7, "expectation.violated", saga="ord-1", expectation="money", entity="order ord-1"),
        event(9, "expectation.violated", saga="ord-2", expectation="money", entity="order ord-2"),
        event(11, "expectation.violated", expectation="stock", entity="sku 1"),
        event(12, "expectation.violated", saga="ord-1", expectation="captured-once", entity="order ord-1"),
        event(13, "expectation.violated", saga="ord-1", expectation="money", entity="order ord-1"),
    )

    assert moment.violated == {"money": 3, "stock": 1, "captured-once": 1}
    assert moment.first == {"money": 7, "stock": 11, "captured-once": 12}
    assert moment.broken == {"ord-1": ("money", "captured-once"), "ord-2": ("money",)}


def test_phases_run_and_end_run() -> None:
    started = event(1, "run.started", seed=42)
    first = event(2, "phase.started", phase="rush")

    assert list(after(started, first).phases) == ["rush"]
    assert after(started).run == {"seed": 42}
    assert not after(started, first).ended
    over = after(started, first, event(3, "phase.ended", phase="rush"), event(4, "run.ended"))
    assert over.phases == {}
    assert over.ended


def test_a_copy_goes_on_by_itself() -> None:
    kept = after(event(1, "saga.started", "order", saga="ord-1", name="checkout", step="reserve"))
    gone_on = kept.copy()
    gone_on.feed(event(2, "saga.completed", "order", saga="ord-1", name="checkout"))
    gone_on.feed(event(3, "fault.started", fault="lossy", kind="net.loss", target="psp"))

    assert kept.sagas.tally() == {"started": 1, "completed": 0, "compensated": 0, "open": 1}
    assert gone_on.sagas.tally() == {"started": 1, "completed": 1, "compensated": 0, "open": 0}
    assert kept.faults == {}
    assert kept.t == 1_000_000
