"""Holding real processes at the transport: Space holds and lets go, `.` lets one message pass."""

from __future__ import annotations

import contextlib
import threading
from typing import Final

from msa_lab.errors import MsaLabError
from msa_lab.tui.branching import Branching
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.session import Hands, Held, Session

_KEEP_EVERY: Final = 0.5
_PATIENCE: Final = 1.0
_SAID: Final = (
    "Messages wait at the transport; the clocks go on, so timeouts are likely. . lets one pass, Space all."
)


class Holding(Branching):
    """An app that can hold the messages of real processes.

    At the end of the log Space means the shop; who looks at its past plays and pauses the picture. The hold
    is a lease that a thread keeps: it ends with the view, whatever ends that.
    """

    def __init__(self, feed: Feed, session: Session | None) -> None:
        super().__init__(feed, session)
        self._hold: Held | None = None
        self._let_go = threading.Event()
        self._keeper: threading.Thread | None = None
        self._leaving = False

    @property
    def held(self) -> int | None:
        """How many messages wait; None while nothing is held."""
        hold = self._hold
        return hold.held if hold is not None and hold.on else None

    @property
    def holds(self) -> bool:
        """Whether Space holds the shop here, not the picture."""
        return self.hands is not None and self.playback.follow

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let a key mean what it can do here."""
        if action in ("hold", "play"):
            return self.holds == (action == "hold")
        if action == "let_one" or (action == "step" and parameters == (1,)):
            return (self.holds and self.held is not None) == (action == "let_one")
        return super().check_action(action, parameters)

    def action_hold(self) -> None:
        """Hold the messages at the transport, or let all go."""
        hands = self.hands
        if hands is None:
            return
        if self._keeper is not None and self._keeper.is_alive():
            self._let_go.set()
            return
        self._let_go.clear()
        self._keeper = threading.Thread(target=self._keep, args=(hands,), daemon=True)
        self._keeper.start()
        self.notify(_SAID, title="HELD", timeout=8)

    def action_let_one(self) -> None:
        """Let the message through that has waited longest."""
        hands = self.hands
        if hands is None:
            return

        def let() -> None:
            with contextlib.suppress(MsaLabError):  # the keeper says so
                self._hold = hands.let_one()

        threading.Thread(target=let, daemon=True).start()

    def _keep(self, hands: Hands) -> None:
        """Keep the hold until it is to end, or has ended by itself."""
        told, severity = "all messages go on", "information"
        try:
            self._hold = hold = hands.hold()
            while hold.on and not self._let_go.wait(_KEEP_EVERY):
                self._hold = hold = hands.keep()
            if hold.on:
                hands.release()
            elif not self._let_go.is_set():
                told, severity = "the hold has ended by itself; all messages go on", "warning"
        except MsaLabError as trouble:
            told, severity = str(trouble), "error"
        self._hold = None
        if not self._leaving:
            with contextlib.suppress(RuntimeError):  # the view was closed meanwhile
                self.call_from_thread(self.notify, told, title="released", severity=severity, timeout=3)

    def on_unmount(self) -> None:
        """Let go before the view is gone; were there no time, the lease would run out."""
        self._leaving = True
        self._let_go.set()
        if self._keeper is not None:
            self._keeper.join(_PATIENCE)
