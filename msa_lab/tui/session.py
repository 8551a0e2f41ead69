"""What the view can ask of whoever plays the run; the command line fulfils it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from msa_lab.chaos.naming import Names


class Held(Protocol):
    """How a hold of the transport stands."""

    @property
    def on(self) -> bool:
        """Whether messages are held."""
        ...

    @property
    def held(self) -> int:
        """How many wait."""
        ...

    @property
    def left(self) -> float:
        """For how many seconds it lasts at the most."""
        ...


class Hands(Protocol):
    """What can be done to real processes: it acts at once, and the log tells of it.

    Each of the verbs may take a while and gives a sentence.

    Raises:
        MsaLabError: when the shop refuses, or is not there.
    """

    @property
    def names(self) -> Names:
        """What there is to hurt."""
        ...

    def line(self, fault: str) -> str:
        """Give the command line that does the same."""
        ...

    def inject(self, fault: str) -> str:
        """Put a fault in force."""
        ...

    def heal(self) -> str:
        """End all faults now."""
        ...

    def hold(self) -> Held:
        """Let messages wait at the transport, for as long as it is kept so."""
        ...

    def keep(self) -> Held:
        """Keep the hold; one that has ended stays so."""
        ...

    def let_one(self) -> Held:
        """Let the message through that has waited longest."""
        ...

    def release(self) -> Held:
        """Let all through."""
        ...


class Session(Protocol):
    """A run that is played elsewhere, while the view reads its log. It never waits for the view.

    `live` is whether it is still played, `summary` what is known of it, `faults` its planned faults as
    command lines by their ids, `names` what faults may be about. With `hands` a change acts at once; without
    them the run is played again. What `stays` goes on when the view is closed.
    """

    @property
    def hands(self) -> Hands | None:
        """What acts in its real processes, while there are some."""
        ...

    @property
    def stays(self) -> bool:
        """Whether it goes on without the view."""
        ...

    @property
    def log(self) -> Path:
        """Where its event log grows."""
        ...

    @property
    def summary(self) -> Mapping[str, Any]:
        """Its run.json, or what is known of it yet."""
        ...

    @property
    def live(self) -> bool:
        """Whether it is still played."""
        ...

    @property
    def why_not(self) -> str:
        """Why it cannot be played again with a change; '' when it can."""
        ...

    @property
    def told(self) -> str:
        """Why it could not be played."""
        ...

    @property
    def names(self) -> Names:
        """What there is to hurt."""
        ...

    @property
    def patterns(self) -> Mapping[str, str]:
        """How its pattern switches stand; none when they are not known."""
        ...

    @property
    def faults(self) -> Mapping[str, str]:
        """Its planned faults."""
        ...

    def poll(self) -> str:
        """Take in news: 'begun', 'over', 'refused', or ''."""
        ...

    def stop(self) -> None:
        """Ask it to stop in good order."""
        ...

    def line(self, add: Sequence[str], drop: Sequence[str]) -> str:
        """Give the command line of the run with some faults more, and without some ids."""
        ...

    def branch(self, add: Sequence[str], drop: Sequence[str]) -> None:
        """Play it again from its start, so changed, as a new run; `poll` tells when it has begun."""
        ...

    def other_line(self, options: str) -> str:
        """Give the command line of a new run with other settings: `--set`, `--var`, `--topology`, `--seed`.

        Raises:
            UserMistake: when these are none.
        """
        ...

    def again(self, options: str) -> None:
        """Play that new run, with a past of its own; `poll` tells when it has begun."""
        ...

    def save(self) -> str:
        """Keep it as a scenario; say where."""
        ...
