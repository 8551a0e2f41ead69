"""The JSON Schemas of what people and programs read and write."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec

from msa_lab import bootstrap
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here
from msa_lab.cli.terminal import emit, table
from msa_lab.scenario import scenario_schema, vocabulary
from msa_lab.telemetry.events import KINDS, LogEvent
from msa_lab.topology import topology_schema
from msa_lab.usecases.report import SCHEMA

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def print_schema(what: str, scenario: str | None, talk: Talk) -> None:
    """Print a schema, or the metrics there are."""
    if what == "metrics":
        _print_metrics(scenario, talk)
        return
    made = {
        "scenario": scenario_schema,
        "topology": topology_schema,
        "run": run_schema,
        "event": event_schema,
    }
    emit(json_text(made[what](), enc_hook=str))


def _print_metrics(name: str | None, talk: Talk) -> None:
    workspace = bootstrap.Workspace(here())
    specs = workspace.specs()
    patterns = None
    if name is not None:
        scenario = bootstrap.scenario_for(workspace, specs, name, {})
        patterns = bootstrap.topology_for(workspace, specs, scenario.topology).patterns
    metrics = vocabulary(specs, patterns).metrics.values()
    if talk.json:
        listed = [
            {"name": it.name, "kind": it.kind, "unit": it.unit, "purpose": it.purpose} for it in metrics
        ]
        content = {"schema": "msalab/metric-names@1", "metrics": listed}
        emit(json_text(content))
        return
    emit("\n".join([*table((it.name, it.kind, it.purpose) for it in metrics), ""]))


def event_schema() -> dict[str, Any]:
    """Give the schema of one line of events.jsonl, with what each kind says."""
    schema = msgspec.json.schema(LogEvent)
    event = schema["$defs"]["LogEvent"]
    event["properties"]["kind"] = {
        "oneOf": [{"const": kind, "description": says} for kind, (_, says) in KINDS.items()]
    }
    return {"$schema": _DRAFT, "$id": "msalab/event@1", **schema}


def run_schema() -> dict[str, Any]:
    """Give the schema of run.json and of what --json prints."""
    return {
        "$schema": _DRAFT,
        "$id": SCHEMA,
        "title": "MSA Lab run",
        **_object({
            "schema": {"const": SCHEMA},
            "run": _TEXT,
            "tool": _TEXT,
            "scenario": _object({"id": _TEXT, "file": _TEXT, "sha256": _TEXT}),
            "mode": {"enum": ["sim", "process"]},
            "topology": _TEXT,
            "outside": {"type": "array", "items": _TEXT, "description": "the parties outside the shop"},
            "seed": _COUNT,
            "chaos": {**_TEXT, "description": "the chaos profile; none without"},
            "started": {**_TEXT, "format": "date-time"},
            "duration_sim": _SECONDS,
            "duration_wall": _SECONDS,
            "verdict": {"enum": ["PASSED", "FAILED", "INCONCLUSIVE"]},
            "exit": _COUNT,
            "ended": {"enum": ["done", "unsteady", "interrupted"]},
            "settled": {"type": "boolean"},
            "log_hash": {**_TEXT, "pattern": "^[0-9a-f]{64}$"},
            "events": _COUNT,
            "expectations": {"type": "array", "items": _EXPECTATION},
            "faults": {"type": "array", "items": _FAULT},
            "sagas": _object(dict.fromkeys(("started", "completed", "compensated", "open"), _COUNT)),
            "metrics": {"type": "object", "description": "by name; durations in microseconds"},
            "artifacts": {"type": "array", "items": _TEXT},
            "repeat": {"type": "array", "items": _TEXT, "description": "command lines"},
        }, since=("outside",)),
    }  # fmt: skip


def _object(properties: dict[str, Any], since: Collection[str] = ()) -> dict[str, Any]:
    """Describe an object; what is there only `since` a later version is not required."""
    required = [name for name in properties if name not in since]
    return {"type": "object", "properties": properties, "required": required}


_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_SECONDS: Final = {"type": "number", "minimum": 0, "description": "seconds"}
_MAYBE: Final = {"type": ["number", "null"], "description": "seconds since the start; null: never"}
_VIOLATION: Final = _object(
    {"entity": _TEXT, "saga": _TEXT, "event": _COUNT, "t": _SECONDS, "observed": _TEXT}
)
_EXPECTATION: Final = _object({
    "id": _TEXT,
    "kind": {"enum": ["always", "never", "eventually", "finally", "metric", "evidence"]},
    "verdict": {"enum": ["HELD", "BROKEN", "UNPROVEN"]},
    "severity": {"enum": ["error", "warn"]},
    "file": _TEXT,
    "line": _COUNT,
    "observed": _TEXT,
    "limit": _TEXT,
    "samples": _COUNT,
    "broken": _COUNT,
    "violations": {"type": "array", "items": _VIOLATION},
    "why": {"type": "array", "items": _TEXT, "description": "from the fault to the violation"},
    "reason": {**_TEXT, "description": "why it breaks, as the scenario says; '': it says nothing"},
    "doc": {**_TEXT, "description": "the page to read; '': none"},
}, since=("reason", "doc"))  # fmt: skip
_FAULT: Final = _object({
    "id": _TEXT, "kind": _TEXT, "target": _TEXT, "t0": _MAYBE, "t1": _MAYBE, "touched": _COUNT,
    "healed": {"type": "boolean"},
})  # fmt: skip
