"""A saga as messages between services."""

from __future__ import annotations

from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.sequence import Row, answers_of, rows_of

SENT = {"operation": "payment.capture", "callee": "payment-1", "attempt": 1, "call": 7}
LATE = {"operation": "payment.capture", "call": 7, "reason": "Timeout", "definite": False, "took": 900}
UNSENT = {"operation": "payment.capture", "reason": "BreakerOpen", "definite": True, "took": 0}


def told(seq: int, kind: str, detail: dict[str, object]) -> LogEvent:
    return LogEvent(seq, seq * 100, kind, "order", "order-1", detail=detail)


def test_a_call_without_an_answer_points_back_at_the_caller() -> None:
    assert rows_of([told(1, "call.sent", SENT), told(2, "call.failed", LATE)]) == [
        Row(100, "order", "payment", "payment.capture", "call", 1),
        Row(200, "payment", "order", "Timeout", "lost", 2),
    ]


def test_a_try_that_was_never_sent_stays_with_the_caller() -> None:
    events = [told(3, "call.failed", UNSENT)]

    assert rows_of(events) == [Row(300, "order", "order", "payment.capture not sent: BreakerOpen", "mark", 3)]
    assert answers_of(events) == {}
