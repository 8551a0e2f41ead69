from __future__ import annotations

import hashlib
import hmac
from typing import get_args

import pytest

from msa_lab.sdk.values import Instant
from services.payment.domain import (
    ENDED,
    TRANSITIONS,
    Happening,
    Notice,
    State,
    UnreadableNotice,
    following,
    genuine,
    read_notice,
)

SECRET = "whsec_lab"
NOW = Instant(1_000_000)


def signed(payload: str, at: int, secret: str = SECRET) -> str:
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.{payload}'.encode(), hashlib.sha256).hexdigest()}"


def test_a_payment_is_held_then_taken() -> None:
    assert following("PENDING", "authorized") == "AUTHORIZED"
    assert following("AUTHORIZED", "captured") == "CAPTURED"


@pytest.mark.parametrize("state", ["PENDING", "AUTHORIZED", "DECLINED", "CAPTURED"])
def test_every_payment_still_open_can_be_closed(state: State) -> None:
    assert following(state, "closing") == "CLOSING"


@pytest.mark.parametrize("happening", get_args(Happening))
@pytest.mark.parametrize("state", ENDED)
def test_nothing_happens_to_a_payment_that_has_ended(state: State, happening: Happening) -> None:
    assert following(state, happening) is None


def test_a_closing_payment_never_holds_or_takes_money_again() -> None:
    out = {after for (before, _), after in TRANSITIONS.items() if before == "CLOSING"}

    assert out == {"VOIDED", "REFUNDED"}


def test_the_providers_signature_is_genuine() -> None:
    assert genuine("{}", signed("{}", NOW), SECRET, NOW)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1000000",
        "v1=00",
        "t=1000000,v1=" + "0" * 64,
        signed("{}", NOW, "another secret"),
        signed('{"amount": 1}', NOW),
        signed("{}", NOW) + ",v0=00",
        signed("{}", NOW).replace("t=1000000", "t=1000001"),
        signed("{}", NOW).replace("t=1000000", "t=१०"),
    ],
)
def test_anything_else_is_not(header: str) -> None:
    assert not genuine("{}", header, SECRET, NOW)


def test_an_old_signature_is_refused() -> None:
    five_minutes = 300_000_000

    assert genuine("{}", signed("{}", NOW), SECRET, Instant(NOW + five_minutes))
    assert not genuine("{}", signed("{}", NOW), SECRET, Instant(NOW + five_minutes + 1))


def test_a_notice_is_read() -> None:
    payload = (
        '{"id": "evt-1", "type": "t", "reference": "pay-1", "order_id": "ord-1", "intent_id": "", "x": 1}'
    )

    assert read_notice(payload) == Notice("evt-1", "t", "pay-1", "ord-1", "")


@pytest.mark.parametrize("payload", ["", "[]", "{", '"text"', "{}", '{"id": 1}', "[" * 100_000])
def test_what_is_no_notice_is_said_to_be_none(payload: str) -> None:
    with pytest.raises(UnreadableNotice):
        read_notice(payload)
