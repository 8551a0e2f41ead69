"""What the live view does to real processes: by their control plane, as `msalab chaos` does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from msa_lab.runtime.process.asking import ask

if TYPE_CHECKING:
    from msa_lab.chaos.naming import Names


class Held(NamedTuple):
    """Whether the transport is held, how many messages wait, and for how many seconds it is at the most."""

    on: bool
    held: int
    left: float


class ShopHands:
    """Asks one control plane. `line` writes the command line that puts a fault in."""

    def __init__(self, place: Path, token: str, names: Names, line: Callable[[str], str]) -> None:
        self.names = names
        self.line = line
        self._place = place
        self._token = token

    def _ask(self, verb: str, **words: Any) -> Any:  # noqa: ANN401 - as the verb has it
        return ask(self._place, self._token, verb, **words)

    def inject(self, fault: str) -> str:
        """Put a fault in force; say which.

        Raises:
            UserMistake: when it cannot be.
            EnvironmentTrouble: when nobody answers.
        """
        told = self._ask("inject", fault=fault)
        later = "" if told["in_force"] else ", as soon as its time comes"
        return f"{told['fault']}: {told['kind']} on {told['target']}{later}"

    def heal(self) -> str:
        """End all faults; say which.

        Raises:
            EnvironmentTrouble: when nobody answers.
        """
        healed: Sequence[str] = self._ask("heal")
        return f"healed: {', '.join(healed)}" if healed else "no fault was in force"

    def _held(self, verb: str) -> Held:
        told = self._ask(verb)
        return Held(bool(told["on"]), int(told["held"]), float(told["left"]))

    def hold(self) -> Held:
        """Let messages wait at the transport, for as long as somebody asks to keep it so."""
        return self._held("hold")

    def keep(self) -> Held:
        """Let a hold last on; one that has ended stays so."""
        return self._held("keep")

    def let_one(self) -> Held:
        """Let the message through that has waited longest."""
        return self._held("pass")

    def release(self) -> Held:
        """Let all through."""
        return self._held("release")
