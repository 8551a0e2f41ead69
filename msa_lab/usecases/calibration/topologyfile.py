"""The text of a calibrated topology: the one that was played, with what was measured in it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msa_lab.topology.fileform import SCHEMA
from msa_lab.topology.model import MachineSettings, Topology
from msa_lab.usecases.calibration.deriving import Calibration
from msa_lab.usecases.calibration.fitting import written

MACHINE = "host"
"""The machine on which all instances stand."""

_HEAD = ("schema", "id", "title", "why", "extends", "links", "timing", "machines", "services")
_PLAIN = re.compile(r"[a-zA-Z][a-zA-Z0-9_.-]*")
_RESERVED = frozenset({"on", "off", "yes", "no", "true", "false", "null", "y", "n"})


def topology_text(
    played: Topology, found: Calibration, *, name: str, machine: MachineSettings, note: str
) -> str:
    """Write a topology that stands by itself: patterns and settings as played, costs and timing as measured.

    Links lose latencies of their own: real ones are all the same loopback. `note` says how it came to be.
    """
    data = copy.deepcopy(played.document.data)
    services: dict[str, Any] = {}
    for service in played.deployments:
        form = dict((data.get("services") or {}).get(service) or {})
        form["machine"] = MACHINE
        costs = {work[1]: cost for work, cost in sorted(found.costs.items()) if work[0] == service}
        if costs:
            form["cost"] = {
                # null takes away what the service's spec says; nothing would leave it
                work: {"cpu": written(cost.cpu), "wait": None if cost.wait is None else written(cost.wait)}
                for work, cost in costs.items()
            }
        services[service] = form
    whole = {
        "schema": SCHEMA,
        "id": name,
        "title": f"{played.title}, as fast as this machine",
        "why": note,
        **{key: value for key, value in data.items() if key not in _HEAD},
        "machines": {MACHINE: _machine(machine)},
        "timing": {
            "commit": written(found.commit),
            "commit_cpu": written(found.commit_cpu),
            **({} if found.reply is None else {"reply_cpu": written(found.reply)}),
            "hop": written(found.hop),
            "client_hop": written(found.client_hop),
            "broker_hop": written(found.broker_hop),
            "cache": written(found.cache),
        },
        "services": services,
    }
    return "".join(f"{line}\n" for line in _block(whole, ""))


def _machine(machine: MachineSettings) -> int | dict[str, Any]:
    form: dict[str, Any] = {"cores": machine.cores}
    if (stalls := machine.stalls) is not None:
        form["stalls"] = {"apart": written(stalls.apart), "length": written(stalls.length)}
    if (slow := machine.slowdowns) is not None:
        form["slowdowns"] = {"apart": written(slow.apart), "length": written(slow.length), "pace": slow.pace}
    return form if len(form) > 1 else machine.cores


def _block(mapping: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in mapping.items():
        if isinstance(value, Mapping) and value and (not indent or _deep(value)):
            yield f"{indent}{_scalar(key)}:"
            yield from _block(value, f"{indent}  ")
        else:
            yield f"{indent}{_scalar(key)}: {_flow(value)}"


def _deep(mapping: Mapping[str, Any]) -> bool:
    return any(isinstance(value, Mapping) for value in mapping.values())


def _flow(value: Any) -> str:  # noqa: ANN401 - any YAML value
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:  # noqa: ANN401 - any YAML value
    """Write a scalar; a text that YAML might take for something else stands in quotes."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _RESERVED
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
