"""What `msalab chaos` does to a running shop and says about it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.places import shops_folder
from msa_lab.cli.shopstop import ask_shop
from msa_lab.cli.terminal import emit, table, terminal_of
from msa_lab.persistence.shops import DEFAULT, ShopStore

SOON = 0.5
"""A fault that begins within so many seconds is said to begin now."""


def inject(fault: str, name: str, talk: Talk) -> None:
    """Put a fault in force."""
    folder = ShopStore(shops_folder()).standing(name)
    told: Mapping[str, Any] = ask_shop(folder, "inject", fault=fault)
    if talk.json:
        emit(json_text({"schema": "msalab/injected@1", **told}))
    elif not talk.quiet:
        option = "" if name == DEFAULT else f" --name {name}"
        emit(f"{_injected(told)}\n  end it:  msalab chaos heal {told['fault']}{option}\n")


def _injected(told: Mapping[str, Any]) -> str:
    """Say what was injected, from when on and for how long."""
    begins, lasts = told["begins_in"], told["lasts"]
    what = f"{told['kind']} on {told['target']}"
    if begins is None:
        what += ", when its event comes"
    elif begins >= SOON:
        what += f", in {begins:.0f} s"
    return what + (", until its count is used up" if lasts is None else f", for {lasts:g} s")


def print_active(name: str, talk: Talk) -> None:
    """List the faults in force and those that wait for their time."""
    folder = ShopStore(shops_folder()).standing(name)
    told: Sequence[Mapping[str, Any]] = ask_shop(folder, "active")
    if talk.json:
        emit(json_text({"schema": "msalab/faults@1", "name": folder.name, "faults": told}))
        return
    emit("\n".join([*fault_lines(told, talk), ""]) if told else "no fault is in force\n")


def fault_lines(faults: Sequence[Mapping[str, Any]], talk: Talk) -> list[str]:
    """Set faults in a table."""
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    rows = [("", "fault", "kind", "target", "touched", "ends")]
    rows += [
        (
            terminal.glyph("bad") if fault["in_force"] else terminal.glyph("unsure"), fault["fault"],
            fault["kind"], fault["target"], str(fault["touched"]), _ends(fault),
        )
        for fault in faults
    ]  # fmt: skip
    lines = table(rows, right=(4,))
    return [terminal.paint(lines[0], "dim"), *(terminal.paint(line, "fault") for line in lines[1:])]


def _ends(fault: Mapping[str, Any]) -> str:
    if not fault["in_force"]:
        return "not begun yet"
    return "with its count" if fault["left"] is None else f"in {fault['left']:.1f} s"


def heal(fault: str | None, name: str, talk: Talk) -> None:
    """End one fault, or all."""
    folder = ShopStore(shops_folder()).standing(name)
    healed: Sequence[str] = ask_shop(folder, "heal", **({} if fault is None else {"fault": fault}))
    if not talk.quiet:
        emit(f"healed: {', '.join(healed)}\n" if healed else "no fault was in force\n")
