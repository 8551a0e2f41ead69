"""What the log says of a dead letter: a function of the letter, so that whoever finds it says the same.

A message is buried first and told of then. Who dies in between is spoken for by the control plane, which
reads what is buried; what both have told is known by its id.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

from msa_lab.runtime.process.bus import Broker, BrokerAway, DeadLetter
from msa_lab.runtime.process.journal import Told
from msa_lab.sdk.values import Instant, seconds

ASK_EVERY = 0.2
"""How often, in seconds, a broker that is away is asked for its letters."""

LATELY = seconds(60)
"""How old a letter may be about which it is not sure that it was told of."""


def obituary(letter: DeadLetter) -> Told:
    """Give the log event of a death; all that are made of one letter have one id."""
    message = letter.message
    detail = {
        "event": message.event, "id": message.id, "group": letter.group, "attempt": letter.attempts,
        "reason": letter.reason,
    }  # fmt: skip
    if letter.fault:
        detail["fault"] = letter.fault
    return [
        _id(letter), letter.at, "event.dead", "broker", "", message.saga, message.trace, 0,
        letter.cause or message.cause, max(letter.lamport, message.lamport) + 1, detail,
    ]  # fmt: skip


def _id(letter: DeadLetter) -> int:
    """Give an id below zero: no journal gives one."""
    text = f"{letter.group}/{letter.message.id}/{letter.at}"
    return -1 - int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest())


async def obituaries(broker: Broker, groups: Sequence[str], now: Instant) -> list[Told]:
    """Give those of what these groups buried lately, as soon as the broker says it."""
    while True:
        try:
            letters = await broker.letters.listed(groups)
        except BrokerAway:
            await asyncio.sleep(ASK_EVERY)
        else:
            return [obituary(letter) for letter in letters if letter.at >= now - LATELY]
