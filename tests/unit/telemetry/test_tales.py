from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.tales import tell


def event(seq: int, kind: str, service: str = "", cause: int = 0, /, **detail: object) -> LogEvent:
    return LogEvent(seq, seq * 1000, kind, service, saga="o-1", cause=cause, detail=detail)


FAULT = event(2, "fault.started", "", 0, fault="lost", kind="net.loss", target="order -> payment")
STEPS = [
    event(1, "saga.started", "order", name="checkout", step="freeze"),
    event(3, "saga.step", "order", name="checkout", step="freeze"),
    event(4, "saga.step", "order", name="checkout", step="reserve"),
]
TROUBLE = [
    event(5, "commit", "payment", changes=[{"table": "payments", "key": "p-1", "after": None}]),
    event(6, "call.replied", "payment", 5, operation="payment.capture", call=7, outcome="ok"),
    event(
        7, "message.dropped", "order", 6, direction="reply", operation="payment.capture", fault="lost", call=7
    ),
    event(8, "call.failed", "order", 7, operation="payment.capture", reason="Timeout", fault="lost", call=7),
    event(9, "saga.turned", "order", 8, name="checkout", step="pay", failure="Timeout"),
    event(10, "saga.undone", "order", 9, name="checkout", step="reserve"),
    event(11, "saga.compensated", "order", 10, name="checkout", took=9, failure="Timeout"),
]


def test_the_story_goes_from_the_fault_over_what_it_hid_to_the_end() -> None:
    chain = tell([*STEPS, *TROUBLE], {"lost": FAULT})

    assert chain.fault == "lost"
    assert [link.text for link in chain.links] == [
        "FAULT lost: net.loss on order -> payment began",
        "saga checkout began",
        "saga step reserve done",
        "payment committed payments p-1",
        "the reply of payment.capture was lost (fault lost)",
        "order got no answer from payment.capture: Timeout (fault lost)",
        "saga turned back at pay: Timeout",
        "saga step reserve undone",
        "saga compensated: all is undone, because of Timeout",
    ]


def test_the_story_can_end_earlier() -> None:
    chain = tell([*STEPS, *TROUBLE], {"lost": FAULT}, until=7)

    assert chain.links[-1].event.seq == 7


def test_a_saga_without_trouble_tells_its_steps() -> None:
    chain = tell(STEPS, {"lost": FAULT})

    assert chain.fault == ""
    assert [link.event.seq for link in chain.links] == [1, 3, 4]


def test_of_a_long_story_the_beginning_and_the_end_are_kept() -> None:
    tries = [event(n, "call.retried", "order", operation="x.y", attempt=n) for n in range(20, 60)]

    chain = tell([*STEPS, *tries], {}, most=6)

    assert [link.event.seq for link in chain.links] == [1, 3, 4, 57, 58, 59]


def test_no_events_make_no_story() -> None:
    assert tell([], {}).links == ()
