"""The states of a payment, and how a notice of the provider is verified and read."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk.values import Duration, Instant, minutes

State = Literal["PENDING", "AUTHORIZED", "DECLINED", "CAPTURED", "CLOSING", "VOIDED", "REFUNDED", "CANCELLED"]
Happening = Literal["authorized", "declined", "captured", "closing", "voided", "refunded"]

TRANSITIONS: Mapping[tuple[State, Happening], State] = {
    ("PENDING", "authorized"): "AUTHORIZED",
    ("PENDING", "declined"): "DECLINED",
    ("AUTHORIZED", "captured"): "CAPTURED",
    # A declined payment is closed like the others: an earlier try, whose reply was lost, may hold money.
    ("PENDING", "closing"): "CLOSING",
    ("AUTHORIZED", "closing"): "CLOSING",
    ("DECLINED", "closing"): "CLOSING",
    ("CAPTURED", "closing"): "CLOSING",
    ("CLOSING", "voided"): "VOIDED",
    ("CLOSING", "refunded"): "REFUNDED",
}
"""What follows what. CANCELLED is a tombstone: cancelled before anything was asked of the provider."""

ENDED: tuple[State, ...] = ("VOIDED", "REFUNDED", "CANCELLED")
"""States that nothing leads out of."""

TOLERANCE = minutes(5)
"""How old a signature may be (Stripe's own default)."""

_HEADER = re.compile(r"t=(\d{1,18}),v1=([0-9a-f]{64})", re.ASCII)


class UnreadableNotice(ValueError):
    """The payload is not a notice."""


def following(state: State, happening: Happening) -> State | None:
    """Give the state that follows, or None when the happening changes nothing (late or repeated)."""
    return TRANSITIONS.get((state, happening))


def genuine(payload: str, header: str, secret: str, now: Instant, tolerance: Duration = TOLERANCE) -> bool:
    """Tell whether the provider signed the payload at most `tolerance` from `now`; in constant time."""
    match = _HEADER.fullmatch(header)
    if match is None:
        return False
    at, given = match.groups()
    expected = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(given, expected) and abs(now - int(at)) <= tolerance


@dataclass(frozen=True, slots=True)
class Notice:
    """What the provider tells: `type` is like `intent.authorized`, `reference` our payment's id."""

    id: str
    type: str
    reference: str
    order_id: str
    intent_id: str


def read_notice(payload: str) -> Notice:
    """Read a notice whose signature was found genuine.

    Raises:
        UnreadableNotice: when it is not JSON, or a field is missing or no text.
    """
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise UnreadableNotice("not JSON") from error
    if not isinstance(content, dict):
        raise UnreadableNotice("not an object")
    fields = [content.get(name) for name in ("id", "type", "reference", "order_id", "intent_id")]
    texts = [value for value in fields if isinstance(value, str)]
    if len(texts) != len(fields):
        raise UnreadableNotice("a field is missing")
    return Notice(*texts)
