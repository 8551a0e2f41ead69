"""`msalab tui` on a running shop: follows its log, acts by its control plane, leaves it running."""

from __future__ import annotations

import importlib
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from msa_lab.chaos.naming import Names
from msa_lab.cli.hands import ShopHands
from msa_lab.cli.options import Talk
from msa_lab.cli.places import cache_folder, shops_folder
from msa_lab.cli.settings import own_keys
from msa_lab.cli.shopstop import ask_shop
from msa_lab.cli.terminal import emit, terminal_of
from msa_lab.cli.watching import PROGRAM, VIEW
from msa_lab.errors import MsaLabError, UserMistake
from msa_lab.persistence import EVENTS, place_since
from msa_lab.persistence.shops import DEFAULT, ShopFolder, ShopStore
from msa_lab.telemetry.moment import ActiveFault, Beginning, Health, Moment

_BACK: Final = 600.0
"""How many seconds before now the view begins to read the log."""
_LOOK_EVERY: Final = 1.0
_HEALTH: Final[dict[str, Health]] = {"up": "up", "paused": "paused"}


def running(name: str | None) -> ShopFolder | None:
    """Find the shop that is meant: by its name, or without one the only one that runs, or the default one.

    Raises:
        UserMistake: when several run and none is named, or the named one does not run.
    """
    store = ShopStore(shops_folder())
    if name is not None:
        return store.standing(name) if name in [shop.name for shop in store.all()] else None
    standing = {shop.name: shop for shop in store.all() if shop.runs}
    if len(standing) > 1 and DEFAULT not in standing:
        raise UserMistake(f"several shops run: {', '.join(standing)}\n  choose one:  msalab tui NAME")
    return standing.get(DEFAULT) or next(iter(standing.values()), None)


class Attached:
    """A running shop as the view sees it."""

    stays = True
    why_not = "a running shop has a past that cannot be played again; what is shown is its record"
    names = Names()
    faults: Mapping[str, str] = {}
    patterns: Mapping[str, str] = {}

    def __init__(self, folder: ShopFolder) -> None:
        """Ask the shop how it is.

        Raises:
            EnvironmentTrouble: when it does not answer.
        """
        self.folder = folder
        self.log = folder.events / EVENTS
        self.live = True
        self.told = ""
        status: Mapping[str, Any] = ask_shop(folder, "status")
        now: Mapping[str, Any] = folder.now or {}
        names = msgspec.convert(ask_shop(folder, "names"), Names)
        self.summary: dict[str, Any] = {
            "mode": "process", "shop": f"shop {folder.name}" if folder.name != DEFAULT else "shop",
            "run": folder.name, "scenario": {"id": now.get("given", "")}, "topology": status["topology"],
            "outside": list(names.outside), "expectations": [],
        }  # fmt: skip
        named = "" if folder.name == DEFAULT else f" --name {folder.name}"
        self.hands: ShopHands | None = ShopHands(
            Path(str(now["admin"])), folder.token, names,
            lambda fault: f"msalab chaos inject {shlex.quote(fault)}{named}",
        )  # fmt: skip
        self.beginning = _beginning(self.log, status)
        self._looked = time.perf_counter()

    def poll(self) -> str:
        """Look whether the shop is still there: 'over' when it is not."""
        if not self.live or time.perf_counter() - self._looked < _LOOK_EVERY:
            return ""
        self._looked = time.perf_counter()
        if self.folder.runs:
            return ""
        self.live, self.hands = False, None
        self.told = f"{self.folder.name} is down; what is shown is its record"
        return "over"

    def stop(self) -> None:
        """Leave it alone: it was there before."""

    def line(self, _add: Sequence[str], _drop: Sequence[str]) -> str:
        """Give nothing: it is no run."""
        return ""

    def branch(self, _add: Sequence[str], _drop: Sequence[str]) -> None:
        """Refuse.

        Raises:
            UserMistake: always.
        """
        raise UserMistake(self.why_not)

    def other_line(self, _options: str) -> str:
        """Give nothing: it is no run."""
        return ""

    def again(self, _options: str) -> None:
        """Refuse.

        Raises:
            UserMistake: always.
        """
        raise UserMistake(self.why_not)

    def save(self) -> str:
        """Keep what was injected as a scenario; say where.

        Raises:
            UserMistake: when there is nothing to keep.
            EnvironmentTrouble: when it cannot be written.
        """
        from msa_lab.cli.shoprecord import REAL, record_shop  # noqa: PLC0415 - heavy modules wait

        path, line = record_shop(self.folder)
        return f"wrote {path}\nplay it: {line}\n{REAL}"


def _beginning(log: Path, status: Mapping[str, Any]) -> Beginning:
    """Give where to begin to read, and what held there as far as the shop tells."""
    place, t = place_since(log, round((float(status["age"]) - _BACK) * 1_000_000))
    moment = Moment(t)
    for one in status["instances"]:
        moment.services[one["instance"]] = one["service"]
        moment.instances[one["instance"]] = _HEALTH.get(one["state"], "down")
    for fault in status["faults"]:
        since = None if fault["began"] is None else round(fault["began"] * 1_000_000)
        if since is not None and since < t:
            name = str(fault["fault"])
            moment.faults[name] = ActiveFault(name, str(fault["kind"]), str(fault["target"]), since, 0)
    return Beginning(place, t, moment)


def attach(folder: ShopFolder, talk: Talk, *, ascii_only: bool, mouse: bool) -> int:
    """Show a running shop until the viewer quits, then say how it is; give the exit code.

    Raises:
        EnvironmentTrouble: when it does not answer, or its log cannot be read.
    """
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    attached = Attached(folder)
    view = importlib.import_module(VIEW)
    code = int(
        view.open_shop(
            attached, attached.beginning, unicode=terminal.unicode and not ascii_only, colour=talk.colour,
            cache=cache_folder(), keys=own_keys(), mouse=mouse, program=PROGRAM,
        )
    )  # fmt: skip
    emit(_block(folder))
    return code


def _block(folder: ShopFolder) -> str:
    """Say in a few lines that the shop is still there, and how it is."""
    named = "" if folder.name == DEFAULT else f" --name {folder.name}"
    if not folder.runs:
        return f"{folder.name} is down\n  start it:  msalab up{named}\n"
    try:
        status: Mapping[str, Any] = ask_shop(folder, "status")
    except MsaLabError as trouble:
        return f"{folder.name}: {trouble}\n"
    instances: Sequence[Mapping[str, Any]] = status["instances"]
    up = sum(1 for one in instances if one["state"] == "up")
    faults = ", ".join(str(fault["fault"]) for fault in status["faults"])
    topology = status["topology"]
    lines = [
        f"{folder.name} is still up at {status['url']}: {up} of {len(instances)} instances, {topology}",
        *([f"  faults in force: {faults}", f"  heal:  msalab chaos heal --all{named}"] if faults else []),
        f"  look:  msalab status{named}    msalab tui{'' if folder.name == DEFAULT else f' {folder.name}'}",
        f"  end:   msalab down{named}",
    ]
    return "\n".join([*lines, ""])
