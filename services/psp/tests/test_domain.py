from __future__ import annotations

import pytest

from msa_lab.sdk.values import Instant
from services.psp.domain import IntentStatus, leading, next_try, refusal, signature


def test_the_good_card_is_accepted() -> None:
    assert refusal("tok_ok") is None


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("tok_declined", "declined by the issuer"),
        ("tok_insufficient", "insufficient funds"),
        ("tok_expired", "the card has expired"),
        ("4242", "unknown card"),
    ],
)
def test_other_cards_are_refused_for_a_reason(card: str, reason: str) -> None:
    assert refusal(card) == reason


@pytest.mark.parametrize(
    ("statuses", "index"),
    [
        ((), None),
        (("DECLINED",), 0),
        (("DECLINED", "AUTHORIZED"), 1),
        (("AUTHORIZED", "CAPTURED"), 1),
        (("CANCELED", "DECLINED"), 0),
    ],
)
def test_money_taken_counts_before_money_held(statuses: tuple[IntentStatus, ...], index: int | None) -> None:
    assert leading(statuses) == index


def test_a_signature_is_stripes_scheme() -> None:
    # printf '%s' '7.{"id":"evt-1"}' | openssl dgst -sha256 -hmac whsec_lab
    assert (
        signature('{"id":"evt-1"}', "whsec_lab", Instant(7))
        == "t=7,v1=22f23be3480cbe720de0c5164892051fa3ebaad0365c00a0c40f678ec32b73aa"
    )


def test_pauses_between_deliveries_double_up_to_five_seconds() -> None:
    assert [next_try(n) for n in (1, 2, 3, 10, 1000)] == [200_000, 400_000, 800_000, 5_000_000, 5_000_000]
