"""What a shop that stays up forgets, so that it does not grow with its age: what is printed, what is done."""

from __future__ import annotations

import asyncio

from msa_lab.runtime.process.blueprint import Blueprint
from msa_lab.runtime.process.bus import BrokerAway, heed_cancellation
from msa_lab.runtime.process.endpoints import broker_of, hearers_of
from msa_lab.runtime.process.outputs import trim

EVERY = 10.0
"""How often, in seconds, it is looked for what can go."""


async def tidy(blueprint: Blueprint) -> None:
    """Cut back what the processes have printed, and the broker's streams, until cancelled."""
    broker, hearers = broker_of(blueprint), hearers_of(blueprint.specs)
    try:
        while True:
            await asyncio.sleep(EVERY)
            heed_cancellation()
            await asyncio.to_thread(trim, blueprint.logs)
            try:
                await broker.tidy(hearers)
            except BrokerAway:
                continue  # it is killed or paused; there is a next time
    finally:
        await broker.close()
