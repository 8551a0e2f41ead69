"""When a shop that stays up may forget that something was done: when nobody can ask for it again.

A mark (an inbox entry, the reply to a keyed request) must outlast every redelivery and every retry of what it
marks. How long these come is no matter of time alone: a saga goes on with its old keys when its service is up
again, whenever that is, and so does an outbox. So nothing is forgotten before the shop has been whole for an
hour without a break. Then what was under way before has come to its end: in a shop that is whole all attempts
of a delivery and all retries of a saga's step take minutes. What is left are callers from outside with keys
of their own: theirs are good for that hour.
"""

from __future__ import annotations

import asyncio

from msa_lab.runtime.process.bus import heed_cancellation
from msa_lab.runtime.process.control import Control
from msa_lab.sdk.values import Duration, Instant, minutes

KEPT = minutes(60)
"""How long marks are kept at least, and for how long the shop must have been whole."""

LOOK_EVERY = 10.0
"""How often, in seconds, it is looked whether the shop is whole."""

LOOKS = 6
"""After how many looks the processes are told again what they may forget."""


class Calm:
    """Since when the shop has been whole, as far as anybody looked."""

    def __init__(self, kept: Duration) -> None:
        self._kept = kept
        self._since: Instant | None = None

    def outlived(self, now: Instant, *, whole: bool) -> Instant | None:
        """Look now; give the instant before which marks may go, None when they must all stay."""
        if not whole:
            self._since = None
        elif self._since is None:
            self._since = now
        if self._since is None or now - self._since < self._kept:
            return None
        return Instant(now - self._kept)


async def forget(control: Control) -> None:
    """Let the processes forget what may be forgotten, until cancelled."""
    broker = control.blueprint.topology.broker
    calm, looks = Calm(Duration(max(KEPT, broker.attempts * broker.visibility))), 0
    while True:
        await asyncio.sleep(LOOK_EVERY)
        heed_cancellation()
        looks += 1
        until = calm.outlived(control.clock.now(), whole=control.whole)
        if until is not None and looks % LOOKS == 0:
            control.tell_all(["forget marks", until])
