"""Plays a run in a process of its own, for a view that must never hold it up."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msa_lab.cli.changing import script_of
from msa_lab.cli.messages import told
from msa_lab.cli.orders import EXIT_BUG, Begun, Order, Over, Refused
from msa_lab.cli.places import runs_folder
from msa_lab.cli.playing import conclude, folder_for, keep_index, planned, unkept
from msa_lab.errors import MsaLabError
from msa_lab.persistence import RunFolder
from msa_lab.usecases.ports import Plan

if TYPE_CHECKING:
    from msa_lab.runtime.process.admin import Door


def work(order: Order, line: Connection) -> None:
    """Play; tell by `line` what the view needs. Anything that comes by it, also its end, stops the run."""
    if hasattr(os, "setsid"):
        os.setsid()  # signals that the terminal sends are the view's
    _go_silent()
    with contextlib.suppress(BrokenPipeError):
        try:
            with tempfile.TemporaryDirectory(prefix="msalab-", ignore_cleanup_errors=True) as spare:
                over, folder = _played(order, line, Path(spare))
                line.send(over)
                if not over.trouble:
                    keep_index(folder, lambda: left(line))
        except MsaLabError as trouble:
            line.send(Refused(trouble.exit_code, told(trouble)))
        except Exception:  # noqa: BLE001 - the last place where anything can be said
            line.send(Refused(EXIT_BUG, traceback.format_exc()))


def left(line: Connection) -> bool:
    """Tell whether the view is gone; if it said anything before, that was to stop the run."""
    try:
        while line.poll():
            line.recv()
    except (EOFError, OSError):
        return True
    return False


def _go_silent() -> None:
    """Print nothing into the view's terminal, whatever a service prints."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _played(order: Order, line: Connection, spare: Path) -> tuple[Over, RunFolder]:
    wanted = order.wanted
    plan = planned(wanted)
    folder, trouble = folder_for(runs_folder(order.out), spare)
    folder.append(b"")
    summary = expected(plan, folder.run, wanted.mode)
    with _door(wanted.mode) as door:
        told = None if door is None else (door.place, door.token)
        line.send(Begun(folder.events.resolve(), summary, script_of(plan), told))
        ended = conclude(plan, wanted, folder, out=order.out, trouble=trouble, stop=line.poll, door=door)
    over = Over(
        ended.code,
        ended.block(order.terminal, verbose=order.verbose),
        {**ended.report.summary([ended.again]), "exit": ended.code},
        "" if ended.trouble is None else unkept(ended.trouble),
    )
    return over, folder


@contextlib.contextmanager
def _door(mode: str) -> Iterator[Door | None]:
    """Make room for the control plane of real processes, in a folder that nobody else may enter."""
    if mode != "process":
        yield None
        return
    from msa_lab.runtime.process.admin import Door  # noqa: PLC0415 - needs a Unix

    with tempfile.TemporaryDirectory(prefix="msalab-", ignore_cleanup_errors=True) as folder:
        yield Door(Path(folder) / "admin", secrets.token_urlsafe(32))


def expected(plan: Plan, run: str, mode: str) -> dict[str, Any]:
    """Give what is known of a run before it is over, in the shape of its result."""
    scenario = plan.scenario
    return {
        "run": run,
        "scenario": {"id": scenario.id, "file": scenario.file},
        "mode": mode,
        "topology": plan.topology.id,
        "outside": list(plan.outside),
        "seed": plan.seed,
        "chaos": plan.profile,
        "duration_sim": scenario.duration / 1_000_000,
        "verdict": "",
        "expectations": [
            {
                "id": item.id, "kind": item.kind, "severity": item.severity, "verdict": "", "observed": "",
                "limit": item.text, "file": item.place.file, "line": item.place.line, "violations": [],
                "reason": item.why, "doc": item.doc,
            }
            for item in scenario.expected(plan.profile)
        ],
    }  # fmt: skip
