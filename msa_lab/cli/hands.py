"""What the live view does to real processes: by their control plane, as `msalab chaos` does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msa_lab.chaos.naming import Names
from msa_lab.runtime.process.asking import ask


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
