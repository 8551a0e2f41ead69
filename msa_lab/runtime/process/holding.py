"""Holding the messages of a whole shop at the transport, as a lease, and letting them through one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from msa_lab.runtime.process.admin import Tell, Verb
from msa_lab.runtime.process.control import Control
from msa_lab.sdk.values import Instant
from msa_lab.usecases.ports import FaultRecord

KIND: Final = "net.hold"
"""Under which kind a hold stands in the log, as a fault by hand."""

LEASE: Final = 3.0
"""How many seconds a hold lasts from the last time somebody asked to keep it."""

LONGEST: Final = 300.0
"""How many seconds a hold lasts at the most, however often it is kept."""


class Holding:
    """The hold of one shop. It ends when it is released, when nobody keeps it, and after five minutes."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._hold = ""
        self._began = self._cause = self._count = 0
        self._until = self._latest = 0
        self._records: list[FaultRecord] = []
        self._watching: asyncio.Task[None] | None = None
        self.verbs: dict[str, Verb] = {
            "hold": self._asked, "keep": self._keep, "pass": self._pass, "release": self._release,
        }  # fmt: skip

    @property
    def records(self) -> tuple[FaultRecord, ...]:
        """What became of the holds of this run."""
        return tuple(self._records)

    @property
    def told(self) -> dict[str, Any]:
        """Say whether the transport is held, how many messages wait, and for how many seconds at the most."""
        left = max(0, self._latest - self._control.clock.now()) / 1_000_000
        return {"on": bool(self._hold), "held": len(self._control.held), "left": left if self._hold else 0.0}

    async def _asked(self, _words: Mapping[str, Any], _tell: Tell) -> dict[str, Any]:
        """Begin to hold, or go on."""
        if not self._hold:
            control = self._control
            self._count += 1
            self._hold = "hold" if self._count == 1 else f"hold-{self._count}"
            self._began = control.clock.now()
            self._latest = self._began + round(LONGEST * 1_000_000)
            detail = {"fault": self._hold, "kind": KIND, "target": "*"}
            self._cause = control.note("fault.started", detail)
            control.hold(self._hold)
            self._watching = asyncio.create_task(self._expire())
        return self._kept()

    async def _keep(self, _words: Mapping[str, Any], _tell: Tell) -> dict[str, Any]:
        """Let a hold last on; one that has ended stays so."""
        return self._kept()

    def _kept(self) -> dict[str, Any]:
        self._until = min(self._latest, self._control.clock.now() + round(LEASE * 1_000_000))
        return self.told

    async def _pass(self, _words: Mapping[str, Any], _tell: Tell) -> dict[str, Any]:
        """Let the message through that has waited longest."""
        self._control.let_one()
        return self._kept()

    async def _release(self, _words: Mapping[str, Any], _tell: Tell) -> dict[str, Any]:
        """Let all through and end the hold."""
        self.end()
        return self.told

    async def _expire(self) -> None:
        left = 1
        while left > 0:
            await asyncio.sleep(left / 1_000_000)
            left = self._until - self._control.clock.now()  # somebody may have kept it meanwhile
        self._watching = None
        self.end()

    def end(self) -> None:
        """Let all through, if something is held; log the end."""
        if not self._hold:
            return
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        control, hold, self._hold = self._control, self._hold, ""
        touched = control.release()
        control.note("fault.healed", {"fault": hold, "touched": touched}, self._cause)
        began, now = Instant(self._began), control.clock.now()
        self._records.append(FaultRecord(hold, KIND, "*", began, now, touched, healed=True))
        del self._records[:-64]
