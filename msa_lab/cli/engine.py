"""Plays a run in a process of its own, for a view that must never hold it up."""

from __future__ import annotations

import contextlib
import os
import tempfile
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from msa_lab.chaos import names_of, write_fault
from msa_lab.cli.messages import told
from msa_lab.cli.orders import EXIT_BUG, Begun, Order, Over, Refused, Script
from msa_lab.cli.places import runs_folder
from msa_lab.cli.playing import conclude, folder_for, planned, unkept
from msa_lab.errors import MsaLabError
from msa_lab.usecases.ports import Plan


def work(order: Order, line: Connection) -> None:
    """Play; tell by `line` what the view needs. Anything that comes by it, also its end, stops the run."""
    if hasattr(os, "setsid"):
        os.setsid()  # signals that the terminal sends are the view's
    _go_silent()
    with contextlib.suppress(BrokenPipeError):
        try:
            with tempfile.TemporaryDirectory(prefix="msalab-", ignore_cleanup_errors=True) as spare:
                line.send(_played(order, line, Path(spare)))
        except MsaLabError as trouble:
            line.send(Refused(trouble.exit_code, told(trouble)))
        except Exception:  # noqa: BLE001 - the last place where anything can be said
            line.send(Refused(EXIT_BUG, traceback.format_exc()))


def _go_silent() -> None:
    """Print nothing into the view's terminal, whatever a service prints."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _played(order: Order, line: Connection, spare: Path) -> Over:
    wanted = order.wanted
    plan = planned(wanted)
    folder, trouble = folder_for(runs_folder(order.out), spare)
    folder.append(b"")
    summary = expected(plan, folder.run, wanted.mode)
    line.send(
        Begun(
            folder.events.resolve(),
            summary,
            script_of(plan),
        )
    )
    ended = conclude(plan, wanted, folder, out=order.out, trouble=trouble, stop=line.poll)
    return Over(
        ended.code,
        ended.block(order.terminal, verbose=order.verbose),
        {**ended.report.summary([ended.again]), "exit": ended.code},
        "" if ended.trouble is None else unkept(ended.trouble),
    )


def script_of(plan: Plan) -> Script:
    """Give what the view must know of a plan to change it."""
    replicas = {name: deployed.replicas for name, deployed in plan.topology.deployments.items()}
    return Script(
        names_of(plan.specs, flows=plan.scenario.flows, replicas=replicas),
        {fault.id: write_fault(fault) for fault in plan.faults},
        tuple(fault.id for fault in plan.scenario.faults(plan.profile)),
    )


def expected(plan: Plan, run: str, mode: str) -> dict[str, Any]:
    """Give what is known of a run before it is over, in the shape of its result."""
    scenario = plan.scenario
    return {
        "run": run,
        "scenario": {"id": scenario.id, "file": scenario.file},
        "mode": mode,
        "topology": plan.topology.id,
        "seed": plan.seed,
        "chaos": plan.profile,
        "duration_sim": scenario.duration / 1_000_000,
        "verdict": "",
        "expectations": [
            {
                "id": item.id, "kind": item.kind, "severity": item.severity, "verdict": "", "observed": "",
                "limit": item.text, "file": item.place.file, "line": item.place.line, "violations": [],
            }
            for item in scenario.expected(plan.profile)
        ],
    }  # fmt: skip
