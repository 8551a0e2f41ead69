from __future__ import annotations

import pytest

from msa_lab.scenario import event_filter
from msa_lab.scenario.expressions import InvalidExpression
from msa_lab.scenario.sagascope import saga_filter
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.sagas import SagaView

FAILED = LogEvent(
    seq=7, t=3_000_000, kind="call.failed", service="order", saga="o-1",
    detail={"operation": "payment.capture", "took": 250, "definite": False},
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        'kind == "call.failed" and service == "order"',
        "t >= 3s and seq in [6, 7]",
        'operation == "payment.capture"',
        "took > 200 and not definite",
        'saga == "o-1" or saga == "o-2"',
    ],
)
def test_a_filter_finds_the_event(text: str) -> None:
    assert event_filter(text)(FAILED) is True


@pytest.mark.parametrize("text", ['reason == "Timeout"', "operation > 3", "attempt > 1", 'kind == "commit"'])
def test_a_filter_passes_over_what_does_not_fit(text: str) -> None:
    assert event_filter(text)(FAILED) is False


def test_a_filter_knows_all_kinds_of_events() -> None:
    with pytest.raises(InvalidExpression, match=r"it is never 'call.faild' .did you mean 'call.failed'"):
        event_filter('kind == "call.faild"')


def test_a_filter_knows_all_fields() -> None:
    with pytest.raises(InvalidExpression, match=r"unknown field 'operatoin' .did you mean 'operation'"):
        event_filter('operatoin == "x"')


def test_a_filter_says_that_a_text_stands_in_quotes() -> None:
    with pytest.raises(InvalidExpression) as refused:
        event_filter("service == payment")
    assert refused.value.problems[0].hint == 'a text stands in quotes: "payment"'

    with pytest.raises(InvalidExpression) as refused:
        saga_filter("state == COMPLETED")
    assert refused.value.problems[0].hint == 'a text stands in quotes: "COMPLETED"'


@pytest.mark.parametrize(
    "text",
    ["retries == 0", "retries < 1", "not retries > 0", "took == 0s", 'failure == ""', 'state == "RUNNING"'],
)
def test_a_filter_finds_a_saga_that_only_began(text: str) -> None:
    assert saga_filter(text)(SagaView("ord-1", "checkout", 5)) is True
