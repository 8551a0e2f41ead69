"""What goes into a run's scenario.lock.yaml: everything the run depended on, nothing left to a default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msa_lab.chaos import write_fault
from msa_lab.cli.wanted import Wanted
from msa_lab.persistence import lock_text
from msa_lab.source import format_duration
from msa_lab.usecases.report import RunReport


def lock_of(report: RunReport, wanted: Wanted) -> str:
    """Give the text of the lock file."""
    plan = report.plan
    scenario, topology = plan.scenario, plan.topology
    content: dict[str, Any] = {
        "run": report.run,
        "tool": report.tool,
        "mode": report.mode,
        "repeat": wanted.again(plan),
        "seed": plan.seed,
        "log": {"level": wanted.log, "events": report.events, "sha256": report.log_hash},
        "chaos": {"profile": plan.profile, "faults": [write_fault(fault) for fault in plan.faults]},
        "scenario": {
            "id": scenario.id,
            "file": scenario.file,
            "sha256": scenario.sha256,
            "duration": format_duration(scenario.duration),
            "settle": format_duration(scenario.settle),
            "variables": dict(scenario.variables),
            "config": {**scenario.config, **plan.config},
            "text": _text(scenario.file),
        },
        "topology": {
            "id": topology.id,
            "file": topology.file,
            "sha256": topology.sha256,
            "settings": list(wanted.settings),
            "patterns": dict(topology.patterns),
            "services": {
                name: {"replicas": it.replicas, "concurrency": it.concurrency, "queue": it.queue}
                for name, it in topology.deployments.items()
            },
            "config": dict(topology.config),
            "text": topology.document.text,
        },
    }
    return lock_text(content)


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
