from msa_lab.cli.sequence import as_mermaid, as_sequence
from msa_lab.cli.terminal import Terminal
from msa_lab.telemetry.events import LogEvent


def event(seq: int, t: int, kind: str, service: str, /, **detail: object) -> LogEvent:
    return LogEvent(seq, t, kind, service, f"{service}-1", "o-1", detail=detail)


LOG = [
    event(1, 1_000_000, "saga.started", "order", name="checkout", step="pay"),
    event(2, 1_000_000, "call.sent", "order", operation="payment.capture", callee="payment-2",
          attempt=1, call=7),
    event(3, 1_001_000, "call.sent", "payment", operation="psp.capture", callee="psp-1", attempt=1, call=8),
    event(4, 2_001_000, "call.failed", "payment", operation="psp.capture", call=8, reason="Timeout",
          fault="lost", definite=False, took=1),
    event(5, 2_010_000, "call.sent", "payment", operation="psp.capture", callee="psp-1", attempt=2, call=9),
    event(6, 2_050_000, "call.returned", "payment", operation="psp.capture", call=9, outcome="ok", took=1),
    event(7, 2_051_000, "call.returned", "order", operation="payment.capture", call=7, outcome="ok", took=1),
    event(8, 2_052_000, "event.recorded", "order", event="order.confirmed", id="e-1"),
    event(9, 2_060_000, "event.applied", "cart", event="order.confirmed", id="e-1", group="cart"),
    event(10, 2_061_000, "saga.turned", "order", name="checkout", step="pay", failure="BreakerOpen"),
    event(11, 2_062_000, "saga.undone", "order", name="checkout", step="pay"),
]  # fmt: skip


def test_messages_are_drawn_in_lanes() -> None:
    assert (
        as_sequence(LOG, Terminal())
        == """\
           order
           │   payment
           │   │   psp
           │   │   │   cart
T+1.000    ●   │   │   │    saga started
T+1.000    │──▶│   │   │    payment.capture: ok
T+1.001    │   │──▶│   │    psp.capture
T+2.001    │   │◀──✗   │    Timeout (lost)
T+2.010    │   │──▶│   │    psp.capture try 2: ok
T+2.052    ●   │   │   │    order.confirmed
T+2.060    │··········▶│    order.confirmed applied
T+2.061    ●   │   │   │    turns back: BreakerOpen
T+2.062    ●   │   │   │    saga undone pay

──▶ call with its outcome   ◀─✗ no answer   ··▶ event heard   ● own act
"""
    )


def test_lanes_can_be_ascii() -> None:
    lines = as_sequence(LOG, Terminal(unicode=False)).splitlines()

    assert "".join(lines).isascii()
    assert lines[6:8] == [
        "T+1.001    |   |-->|   |    psp.capture",
        "T+2.001    |   |<--x   |    Timeout (lost)",
    ]


def test_the_diagram_for_mermaid_has_the_same_messages() -> None:
    assert (
        as_mermaid(LOG)
        == """\
sequenceDiagram
  participant s_order as order
  participant s_payment as payment
  participant s_psp as psp
  participant s_cart as cart
  Note over s_order: saga started
  s_order->>s_payment: payment.capture: ok
  s_payment->>s_psp: psp.capture
  s_psp--xs_payment: Timeout (lost)
  s_payment->>s_psp: psp.capture try 2: ok
  Note over s_order: order.confirmed
  s_order--)s_cart: order.confirmed applied
  Note over s_order: turns back: BreakerOpen
  Note over s_order: saga undone pay
"""
    )
