"""What a fault does to one message, commit or delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk.values import Duration


@dataclass(frozen=True, slots=True)
class Delay:
    """It arrives later. `overtaken`: what was sent after it, even with the same key, may arrive before it."""

    by: Duration
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """It never arrives, and nobody is told."""


@dataclass(frozen=True, slots=True)
class Abort:
    """The callee's host answers with this HTTP status and runs no handler; the caller cannot know that."""

    status: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """The callee answers with the business refusal of this code; the handler does not run."""

    code: str


@dataclass(frozen=True, slots=True)
class Copies:
    """It arrives once, and `extra` times more."""

    extra: int


@dataclass(frozen=True, slots=True)
class Spoil:
    """The payload becomes unreadable as a whole, or loses one field."""

    how: Literal["undecodable", "field-missing"]


@dataclass(frozen=True, slots=True)
class Crash:
    """The consumer commits, then its instance stops before it acknowledges; it is back after a time."""

    restart_after: Duration


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody is there: a definite failure."""


@dataclass(frozen=True, slots=True)
class LostReply:
    """The reply is lost: an indefinite failure. `done` tells whether the thing itself was done."""

    done: bool = True


Act = Drop | Abort | Refuse | Copies | Spoil | Crash | Unreachable | LostReply
Effect = Delay | Act
