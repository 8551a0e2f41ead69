"""What protects caller and callee: bounded queues, breakers, bulkheads, balancing, discovery."""

from __future__ import annotations

import pytest

from msa_lab.sdk import ms, seconds
from tests.builders import LOOK, SHAKE, Ask, Going, Got, Stage, asking

NO_RETRY = "patterns.retry=off"
NO_BREAKER = "patterns.breaker=off"
NO_BULKHEAD = "patterns.bulkhead=off"


def together(stage: Stage, count: int, pause: int = ms(20)) -> list[Going[Got]]:
    """Send several requests at once and wait for all."""
    going = [
        stage.start("till-1", asking(SHAKE, Ask(f"{n}", pause=pause), timeout=seconds(1)))
        for n in range(count)
    ]
    stage.play(seconds(2))
    return going


def test_an_instance_begins_so_many_lets_so_many_wait_and_definitely_refuses_the_rest() -> None:
    stage = Stage((
        NO_RETRY, NO_BREAKER, NO_BULKHEAD, "services.shelf.concurrency=2", "services.shelf.queue=1",
    ))  # fmt: skip
    going = together(stage, 5)

    assert [(one.outcome, one.at) for one in going] == [
        ("ok", 24_000),
        ("ok", 25_000),
        ("ok", 46_000),
        ("Overloaded", 2_000),
        ("Overloaded", 2_000),
    ]
    assert [deed.piece for deed in stage.deeds("shelf")] == ["0", "1", "2"]


def test_the_newest_may_go_first() -> None:
    stage = Stage((
        NO_RETRY, NO_BREAKER, NO_BULKHEAD, "services.shelf.concurrency=1", "services.shelf.discipline=lifo",
    ))  # fmt: skip
    together(stage, 4)

    assert [deed.piece for deed in stage.deeds("shelf")] == ["0", "3", "2", "1"]


def test_one_cpu_does_one_thing_at_a_time() -> None:
    stage = Stage((NO_BULKHEAD, "services.shelf.cost.shelf.shake.cpu=10ms"))
    going = together(stage, 3, pause=0)

    assert [one.at for one in going] == [13_000, 23_000, 33_000]


def test_a_breaker_opens_refuses_at_once_lets_probes_through_and_closes() -> None:
    stage = Stage((NO_RETRY,))
    failing, working = asking(LOOK, Ask("cup", answer="fail")), asking(LOOK, Ask("cup"))

    assert [stage.try_("till-1", failing) for _ in range(5)] == ["RemoteFailure"] * 4 + ["BreakerOpen"]
    assert stage.count("call.sent") == 4
    stage.play(seconds(1))
    assert [stage.try_("till-1", working) for _ in range(2)] == ["ok", "ok"]
    assert [(event.t, event.kind, event.detail) for event in stage.log if "breaker" in event.kind] == [
        (12_000, "breaker.opened", {"callee": "shelf"}),
        (1_018_000, "breaker.closed", {"callee": "shelf"}),
    ]


def test_a_half_open_breaker_lets_only_its_probes_through_and_one_failure_opens_it_again() -> None:
    stage = Stage((NO_RETRY,))
    failing = asking(LOOK, Ask("cup", answer="fail"))
    for _ in range(4):
        stage.try_("till-1", failing)
    stage.play(seconds(1))
    going = [stage.start("till-1", asking(LOOK, Ask("cup", answer="fail", pause=ms(9)))) for _ in range(4)]
    stage.play(ms(50))

    assert [one.outcome for one in going] == ["RemoteFailure"] * 2 + ["BreakerOpen"] * 2
    assert stage.try_("till-1", asking(LOOK, Ask("cup"))) == "BreakerOpen"


def test_a_breaker_is_of_one_caller_and_one_callee(stage: Stage) -> None:
    failing = asking(SHAKE, Ask("cup", answer="fail"))
    for _ in range(4):
        stage.try_("till-1", failing)

    assert stage.try_("till-1", asking(SHAKE, Ask("cup"))) == "BreakerOpen"
    assert stage.try_("bank-1", asking(SHAKE, Ask("cup"))) == "ok"


def test_a_refusal_of_the_business_opens_no_breaker(stage: Stage) -> None:
    refused = asking(SHAKE, Ask("cup", answer="refuse"))

    assert [stage.try_("till-1", refused) for _ in range(9)] == ["sold-out"] * 9


def test_a_crash_of_the_caller_forgets_its_breakers(stage: Stage) -> None:
    for _ in range(4):
        stage.try_("till-1", asking(SHAKE, Ask("cup", answer="fail")))
    stage.kill("till-1")
    stage.restart("till-1")

    assert stage.try_("till-1", asking(SHAKE, Ask("cup"))) == "ok"


def test_a_bulkhead_sends_no_more_than_its_limit_and_refuses_at_once() -> None:
    stage = Stage((NO_RETRY, "resilience.till -> shelf.bulkhead.limit=2"))
    going = together(stage, 4)

    assert [one.outcome for one in going] == ["ok", "ok", "BulkheadFull", "BulkheadFull"]
    assert [one.at for one in going[2:]] == [0, 0]
    assert stage.try_("till-1", asking(SHAKE, Ask("cup"))) == "ok"  # places are given back


def test_a_place_in_the_bulkhead_is_given_back_after_a_timeout() -> None:
    stage = Stage((NO_RETRY, NO_BREAKER, "resilience.till -> shelf.bulkhead.limit=1"))

    assert [stage.try_("till-1", asking(SHAKE, Ask("cup", pause=ms(500)))) for _ in range(2)] == [
        "Timeout",
        "Timeout",
    ]


def replicas(stage: Stage, calls: int) -> list[str]:
    """Say which replica answers each of some calls, one after the other."""
    return [stage.run("till-1", asking(LOOK, Ask("cup"))).by for _ in range(calls)]


def test_calls_go_round_over_the_replicas() -> None:
    stage = Stage(("services.shelf.replicas=3",))

    assert replicas(stage, 5) == ["shelf-1", "shelf-2", "shelf-3", "shelf-1", "shelf-2"]


def test_a_dead_replica_is_called_until_discovery_notices_and_again_once_it_is_back() -> None:
    stage = Stage(("services.shelf.replicas=2", NO_RETRY))
    stage.kill("shelf-2")
    assert [stage.try_("till-1", asking(LOOK, Ask("cup"))) for _ in range(4)] == [
        "ok",
        "Unavailable",
        "ok",
        "Unavailable",
    ]

    stage.play(ms(500))
    assert replicas(stage, 4) == ["shelf-1"] * 4
    stage.restart("shelf-2")
    assert sorted(replicas(stage, 4)) == ["shelf-1", "shelf-1", "shelf-2", "shelf-2"]


def test_where_no_replica_is_listed_the_call_definitely_fails_without_being_sent() -> None:
    stage = Stage((NO_RETRY,))
    stage.kill("shelf-1")
    stage.play(seconds(1))

    assert stage.try_("till-1", asking(LOOK, Ask("cup"))) == "Unavailable"
    assert stage.count("call.sent") == 0


def test_all_replicas_share_one_store() -> None:
    stage = Stage(("services.shelf.replicas=2",))
    for number in range(2):
        stage.run("till-1", asking(SHAKE, Ask(f"{number}")))

    assert [(deed.piece, deed.by) for deed in stage.deeds("shelf")] == [("0", "shelf-1"), ("1", "shelf-2")]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_seed_gives_the_same_log(seed: int) -> None:
    def story() -> list[tuple[int, str, str]]:
        stage = Stage(
            ("services.shelf.replicas=3", "patterns.balancing=random"),
            seed=seed,
            faults=["net.loss till -> shelf probability=0.3 at 0s for 9s"],
        )
        for number in range(20):
            stage.try_("till-1", asking(LOOK, Ask(f"{number}")))
        return [(event.t, event.kind, event.instance) for event in stage.log]

    assert story() == story()
