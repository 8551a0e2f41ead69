"""Sagas: forward, back, over crashes, and never twice at once."""

from __future__ import annotations

import pytest

from msa_lab.sdk import Context, Orchestrator, ms, seconds
from tests.builders import SALE, Sale, Stage, selling


def steps(stage: Stage) -> list[str]:
    """Give the saga's moves in order."""
    return [
        " ".join((
            event.kind.removeprefix("saga."),
            str(event.detail.get("step") or event.detail.get("failure") or ""),
        )).strip()
        for event in stage.log
        if event.kind.startswith("saga.")
    ]  # fmt: skip


def done(stage: Stage) -> list[str]:
    """Give what was really done at the shelf and the bank, in order for each."""
    return [deed.what for service in ("shelf", "bank") for deed in stage.deeds(service)]


def test_a_sale_goes_forward_to_its_end(stage: Stage) -> None:
    stage.run("till-1", selling(Sale("s")))
    stage.play(seconds(1))

    assert steps(stage) == ["started take", "step take", "step charge", "step hand_over", "completed"]
    assert done(stage) == ["take", "hand_over", "charge"]
    assert stage.saga("s") == "COMPLETED"


def test_a_refusal_before_the_pivot_undoes_what_was_begun_in_reverse(stage: Stage) -> None:
    stage.run("till-1", selling(Sale("s", bank="refuse")))
    stage.play(seconds(1))

    assert steps(stage) == [
        "started take",
        "step take",
        "turned charge",
        "undone charge",
        "undone take",
        "compensated no-money",
    ]
    assert done(stage) == ["take", "put_back", "refund"]


def test_a_step_that_goes_on_failing_turns_the_saga_when_its_tries_are_used_up() -> None:
    stage = Stage(("patterns.breaker=off",))
    stage.run("till-1", selling(Sale("s", bank="fail")))
    stage.play(seconds(5))

    assert steps(stage) == [
        "started take",
        "step take",
        "retried charge",
        "turned charge",
        "undone charge",
        "undone take",
        "compensated RemoteFailure",
    ]


def test_after_the_pivot_a_step_is_tried_until_it_succeeds() -> None:
    stage = Stage(faults=["net.loss till -> shelf at 10ms for 20s"])
    stage.run("till-1", selling(Sale("s")))
    stage.play(seconds(15))
    assert stage.saga("s") == "RUNNING"
    assert stage.count("saga.turned") == 0

    stage.play(seconds(15))
    assert stage.saga("s") == "COMPLETED"
    assert done(stage) == ["take", "hand_over", "charge"]


def test_a_compensation_is_tried_until_it_succeeds() -> None:
    stage = Stage(faults=["net.loss till -> shelf at 10ms for 20s"])
    stage.run("till-1", selling(Sale("s", bank="refuse")))
    stage.play(seconds(15))
    assert stage.saga("s") == "COMPENSATING"

    stage.play(seconds(15))
    assert stage.saga("s") == "COMPENSATED"
    assert done(stage) == ["take", "put_back", "refund"]


@pytest.mark.parametrize("crash_at", range(0, 21, 1))
def test_a_crash_of_the_orchestrator_at_any_time_does_no_step_twice(stage: Stage, crash_at: int) -> None:
    stage.start("till-1", selling(Sale("s")))
    stage.play(ms(crash_at) + 500)
    stage.kill("till-1")
    stage.play(ms(300))
    stage.restart("till-1")
    stage.play(seconds(5))

    assert done(stage) == ([] if crash_at == 0 else ["take", "hand_over", "charge"])


@pytest.mark.parametrize("crash_at", range(4, 30, 2))
def test_a_crash_while_going_back_does_no_compensation_twice(stage: Stage, crash_at: int) -> None:
    stage.start("till-1", selling(Sale("s", bank="refuse")))
    stage.play(ms(crash_at))
    stage.kill("till-1")
    stage.play(ms(300))
    stage.restart("till-1")
    stage.play(seconds(5))

    assert stage.saga("s") == "COMPENSATED"
    assert done(stage) == ["take", "put_back", "refund"]


def test_another_replica_takes_over_when_the_lease_is_over_and_not_before() -> None:
    stage = Stage(("services.till.replicas=2",))
    stage.start("till-1", selling(Sale("s", pause=ms(50))))
    stage.play(ms(20))
    stage.kill("till-1")
    stage.play(seconds(1.9))
    assert [event.instance for event in stage.events("saga.step")] == ["till-1"]

    stage.play(seconds(3))
    assert [event.instance for event in stage.events("saga.step")] == ["till-1", "till-2", "till-2"]
    assert done(stage) == ["take", "hand_over", "charge"]


def test_who_was_paused_past_its_lease_does_not_go_on_with_what_another_took_over() -> None:
    stage = Stage(("services.till.replicas=2",))
    stage.start("till-1", selling(Sale("s", pause=ms(50))))
    stage.play(ms(20))
    stage.pause("till-1")
    stage.play(seconds(4))
    stage.resume("till-1")
    stage.play(seconds(4))

    assert steps(stage) == ["started take", "step take", "step charge", "step hand_over", "completed"]
    assert [event.instance for event in stage.events("saga.step")] == ["till-1", "till-2", "till-2"]
    assert done(stage) == ["take", "hand_over", "charge"]


def test_two_replicas_never_drive_one_saga_at_once() -> None:
    """Both are up all the time, the saga is slow, and each looks for work every second."""
    stage = Stage(
        ("services.till.replicas=2", "patterns.breaker=off"), faults=["net.loss till -> shelf at 10ms for 9s"]
    )
    stage.start("till-1", selling(Sale("s")))
    stage.play(seconds(20))

    drivers = [event.instance for event in stage.events("saga.step", "saga.retried", "saga.completed")]
    assert set(drivers) == {"till-1"}
    assert steps(stage)[-1] == "completed"


def test_who_asks_for_a_saga_that_another_holds_gets_nothing_to_do() -> None:
    stage = Stage(("services.till.replicas=2",))
    stage.start("till-1", selling(Sale("s", pause=ms(50))))
    stage.play(ms(20))

    async def drive(ctx: Context) -> None:
        await Orchestrator(SALE, lambda _retry, _attempt: ms(1)).drive(ctx, "s")

    stage.run("till-2", drive, within=ms(1))
    stage.play(seconds(1))
    assert {event.instance for event in stage.events("saga.step")} == {"till-1"}
    assert stage.count("call.sent") == 3


def test_without_retries_the_first_failure_turns_the_saga() -> None:
    stage = Stage(("patterns.retry=off",))
    stage.run("till-1", selling(Sale("s", bank="fail")))
    stage.play(seconds(5))

    assert steps(stage)[:3] == ["started take", "step take", "turned charge"]
