"""What the commands about a running shop print."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from msa_lab.cli.hurting import fault_lines
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.places import shops_folder
from msa_lab.cli.shopstop import ask_shop
from msa_lab.cli.terminal import emit, table, terminal_of
from msa_lab.persistence.shops import ShopStore

_STYLES = {
    "up": "good", "by URL": "good", "starting": "warn", "paused": "warn", "down": "bad", "failed": "bad",
}  # fmt: skip
_MEGA = 1024 * 1024


def print_status(name: str, talk: Talk) -> None:
    """Print who runs."""
    folder = ShopStore(shops_folder()).standing(name)
    told: Mapping[str, Any] = ask_shop(folder, "status")
    if talk.json:
        content = {"schema": "msalab/status@1", "name": folder.name, **told}
        emit(json_text(content))
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    rows = [("", "instance", "state", "pid", "port", "restarts", "memory")]
    rows += [
        (
            terminal.glyph(_STYLES[one["state"]]), one["instance"], one["state"], str(one["pid"] or ""),
            str(one["port"] or ""), str(one["restarts"] or ""), _size(one["memory"]),
        )
        for one in told["instances"]
    ]  # fmt: skip
    rows += [
        (
            terminal.glyph(_STYLES[told[server]["state"]]), server, told[server]["state"],
            str(told[server]["pid"] or ""), "", "", _size(told[server]["memory"]),
        )
        for server in ("broker", "cache")
    ]  # fmt: skip
    lines = table(rows, right=(3, 4, 5, 6))
    states = [one["state"] for one in told["instances"]] + [told["broker"]["state"], told["cache"]["state"]]
    painted = [
        terminal.paint(line, "" if _STYLES[state] == "good" else _STYLES[state])
        for line, state in zip(lines[1:], states, strict=True)
    ]
    sizes = {one["process"]: one["memory"] or 0 for one in told["instances"]}
    total = sum(sizes.values()) + sum(told[server]["memory"] or 0 for server in ("broker", "cache"))
    foot = [f"{folder.name}  {told['url']}  {told['topology']}  {_size(total)}"]
    foot += [f"  {one['why']}" for one in told["instances"] if one["why"]]
    if told["log"]:
        foot.append(f"  the event log has ended: {told['log']}")
    if told["faults"]:
        foot += ["", *fault_lines(told["faults"], talk)]
    emit("\n".join([terminal.paint(lines[0], "dim"), *painted, "", *foot, ""]))


def _size(memory: int | None) -> str:
    return "" if memory is None else f"{memory / _MEGA:.0f} MB"
