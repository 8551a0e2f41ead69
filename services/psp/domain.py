"""The provider's rules: which cards are refused, how notices are signed, when they are sent again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Literal

from msa_lab.sdk.values import Duration, Instant, ms, seconds

IntentStatus = Literal["AUTHORIZED", "CAPTURED", "CANCELED", "DECLINED"]

REFUSALS: Mapping[str, str] = {
    "tok_declined": "declined by the issuer",
    "tok_insufficient": "insufficient funds",
    "tok_expired": "the card has expired",
}
"""Test cards that are refused, and why."""

ACCEPTED = ("tok_ok",)

BACKOFF_BASE = ms(100)
BACKOFF_CAP = seconds(5)
ATTEMPTS_REFUSED = 10
"""A notice that the merchant refuses so often is given up; one that nobody answers never is."""

_PRECEDENCE: tuple[IntentStatus, ...] = ("CAPTURED", "AUTHORIZED", "CANCELED", "DECLINED")


def refusal(card: str) -> str | None:
    """Give the reason why the issuer refuses a card, or None."""
    if card in ACCEPTED:
        return None
    return REFUSALS.get(card, "unknown card")


def leading(statuses: Sequence[IntentStatus]) -> int | None:
    """Give the index of the intent that counts among those of one reference, or None when there is none."""
    for status in _PRECEDENCE:
        if status in statuses:
            return statuses.index(status)
    return None


def signature(payload: str, secret: str, at: Instant) -> str:
    """Sign a notice in the manner of Stripe: `t=<microseconds>,v1=<hex HMAC-SHA256 of "t.payload">`."""
    signed = f"{at}.{payload}".encode()
    return f"t={at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def next_try(attempts: int) -> Duration:
    """Give the pause after `attempts` failed deliveries: doubling, capped, without chance."""
    return Duration(min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(attempts, 16)))
