"""What the view's process and the engine's say to each other."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msa_lab.cli.terminal import Terminal
from msa_lab.cli.wanted import Wanted

if TYPE_CHECKING:
    from msa_lab.chaos.naming import Names


EXIT_BUG: Final = 70


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be played and how the verdict is to be written."""

    wanted: Wanted
    out: str | None
    terminal: Terminal
    verbose: bool = False


def _no_names() -> Names:
    from msa_lab.chaos.naming import Names  # noqa: PLC0415 - heavy, and only when it is asked for

    return Names()


@dataclass(frozen=True, slots=True)
class Script:
    """What faults may be about, and the planned ones as command lines; `profiled` are the profile's ids.

    `patterns` are the topology's switches.
    """

    names: Names = field(default_factory=_no_names)
    faults: dict[str, str] = field(default_factory=dict)
    profiled: tuple[str, ...] = ()
    patterns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Begun:
    """The run has a log from now on; by the `door`, a place and a token, hands can be laid on it."""

    log: Path
    summary: dict[str, Any]
    script: Script
    door: tuple[Path, str] | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """The run is over. `block` is what is printed of it, `trouble` why it was not kept."""

    code: int
    block: str
    summary: dict[str, Any]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The run could not be played; `text` says why."""

    code: int
    text: str


def work(order: Order, line: Connection) -> None:
    """Play in this process: what that needs is found by name, so that the view's process is spared it."""
    importlib.import_module("msa_lab.cli.engine").work(order, line)
