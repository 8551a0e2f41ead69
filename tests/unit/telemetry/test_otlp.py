"""A run's log as traces."""

from __future__ import annotations

from typing import Any

from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.otlp import BATCH, requests

START = 1_700_000_000_000_000_000
CHECKOUT = {"operation": "order.checkout", "call": 1}
CAPTURE = {"operation": "payment.capture", "callee": "payment-1", "attempt": 1, "call": 2}
PLACED = {"event": "order.placed", "id": "order-1", "group": "cart", "attempt": 1}


def log(*told: tuple[str, str, str, int, dict[str, object]]) -> list[LogEvent]:
    """Events a millisecond apart: kind, service, saga, span, detail."""
    return [
        LogEvent(seq, seq * 1000, kind, service, f"{service}-1", saga, 7, span, detail=detail)
        for seq, (kind, service, saga, span, detail) in enumerate(told, start=1)
    ]


def spans(events: list[LogEvent]) -> dict[str, dict[str, Any]]:
    """The spans by service and name."""
    found = {}
    for body in requests("c0ffee", START, events, {"scenario": "checkout", "seed": 42}):
        for resource in body["resourceSpans"]:
            (service, *_) = resource["resource"]["attributes"]
            for span in resource["scopeSpans"][0]["spans"]:
                found[f"{service['value']['stringValue']} {span['name']}"] = span
    return found


def words(of: dict[str, Any]) -> dict[str, object]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in of["attributes"]}


def test_a_call_is_the_callers_try_around_what_the_callee_did() -> None:
    found = spans(
        log(
            ("call.received", "order", "", 1, CHECKOUT),
            ("call.sent", "order", "", 1, CAPTURE),
            ("call.received", "payment", "", 2, CAPTURE),
            ("commit", "payment", "", 2, {"changes": []}),
            ("call.replied", "payment", "", 2, {**CAPTURE, "outcome": "ok"}),
            ("call.returned", "order", "", 1, {**CAPTURE, "outcome": "ok", "took": 4000}),
            ("call.replied", "order", "", 1, {**CHECKOUT, "outcome": "ok"}),
        )
    )
    order, sent, did = (
        found[name] for name in ("order order.checkout", "order payment.capture", "payment payment.capture")
    )

    assert (order["parentSpanId"], sent["parentSpanId"], did["parentSpanId"]) == (
        "", order["spanId"], sent["spanId"],
    )  # fmt: skip
    assert {order["traceId"], sent["traceId"], did["traceId"]} == {order["traceId"]}
    assert (order["kind"], sent["kind"], did["kind"]) == (2, 3, 2)  # server, client, server
    assert (sent["startTimeUnixNano"], sent["endTimeUnixNano"]) == (
        str(START + 2_000_000),
        str(START + 6_000_000),
    )
    assert [(event["name"], event["timeUnixNano"]) for event in did["events"]] == [
        ("commit", str(START + 4_000_000))
    ]
    assert words(sent)["callee"] == "payment-1"
    assert words(did)["service.instance.id"] == "payment-1"
    assert (len(did["traceId"]), len(did["spanId"])) == (32, 16)


def test_a_try_without_an_answer_is_an_error_and_a_lost_reply_stands_in_it() -> None:
    lost = {"operation": "payment.capture", "call": 2, "direction": "reply", "fault": "lossy"}
    failed = {"operation": "payment.capture", "call": 2, "reason": "Timeout", "definite": False, "took": 2000}
    found = spans(
        log(
            ("call.sent", "order", "", 0, CAPTURE),
            ("message.dropped", "order", "", 2, lost),
            ("call.failed", "order", "", 0, failed),
        )
    )["order payment.capture"]

    assert found["status"] == {"code": 2, "message": "Timeout"}
    (event,) = found["events"]
    assert (event["name"], words(event)["fault"]) == ("message.dropped", "lossy")


def test_a_saga_is_around_its_calls_and_what_comes_of_it_later() -> None:
    found = spans(
        log(
            ("call.received", "order", "", 1, CHECKOUT),
            ("saga.started", "order", "ord-1", 1, {"name": "checkout", "step": "capture"}),
            ("call.replied", "order", "", 1, {**CHECKOUT, "outcome": "ok"}),
            ("call.sent", "order", "ord-1", 0, CAPTURE),
            ("call.returned", "order", "ord-1", 0, {**CAPTURE, "outcome": "ok"}),
            ("saga.compensated", "order", "ord-1", 0, {"name": "checkout", "took": 1, "failure": "Declined"}),
            ("call.sent", "carrier", "ord-1", 0, {**CAPTURE, "call": 3}),
            ("call.returned", "carrier", "ord-1", 0, {**CAPTURE, "call": 3, "outcome": "ok"}),
        )
    )
    saga = found["order saga checkout"]

    assert saga["parentSpanId"] == found["order order.checkout"]["spanId"]
    assert found["order payment.capture"]["parentSpanId"] == saga["spanId"]
    assert found["carrier payment.capture"]["parentSpanId"] == saga["spanId"]
    assert saga["status"]["message"] == "Declined"
    assert words(saga)["msalab.saga"] == "ord-1"


def test_each_delivery_is_under_what_recorded_its_event() -> None:
    retried = {**PLACED, "reason": "StoreDown"}
    events = log(
        ("call.received", "order", "", 1, CHECKOUT),
        ("event.recorded", "order", "", 1, PLACED),
        ("call.replied", "order", "", 1, {**CHECKOUT, "outcome": "ok"}),
        ("event.delivered", "cart", "", 0, PLACED),
        ("event.retried", "cart", "", 0, retried),
        ("event.delivered", "cart", "", 0, {**PLACED, "attempt": 2}),
        ("event.applied", "cart", "", 0, PLACED),
    )
    (body,) = requests("c0ffee", START, events, {})
    order, cart = (resource["scopeSpans"][0]["spans"] for resource in body["resourceSpans"])

    assert [span["parentSpanId"] for span in cart] == [order[0]["spanId"]] * 2
    assert [span["status"] for span in cart] == [{"code": 2, "message": "StoreDown"}, {}]
    assert len({span["spanId"] for span in cart}) == 2


def test_what_has_not_ended_is_told_so_and_a_shop_that_starts_again_has_nothing_under_way() -> None:
    events = log(
        ("call.sent", "order", "", 0, CAPTURE),
        ("run.started", "", "", 0, {}),
        ("call.returned", "order", "", 0, {**CAPTURE, "outcome": "ok"}),
        ("call.received", "payment", "", 2, CAPTURE),
    )
    found = spans(events)

    assert [words(span).get("msalab.unfinished") for span in found.values()] == [True, True]
    assert found["order payment.capture"]["endTimeUnixNano"] == str(START + 1_000_000)


def test_a_request_holds_so_many_spans_and_says_of_which_run_they_are() -> None:
    one = [("call.sent", "order", "", 0, {**CAPTURE, "call": call}) for call in range(1, BATCH + 2)]
    bodies = list(
        requests("c0ffee", START, log(*one), {"scenario": "checkout", "seed": 42, "verdict": "PASSED"})
    )

    assert [len(body["resourceSpans"][0]["scopeSpans"][0]["spans"]) for body in bodies] == [BATCH, 1]
    assert words(bodies[0]["resourceSpans"][0]["resource"]) == {
        "service.name": "order", "msalab.run": "c0ffee", "msalab.scenario": "checkout", "msalab.seed": "42",
    }  # fmt: skip
