"""Who is there: every instance with its process, port, restarts and memory; broker, cache, faults."""

from __future__ import annotations

from typing import Any

from msa_lab.runtime.process.control import Control
from msa_lab.runtime.process.fleet import BROKER, CACHE, Fleet, Running
from msa_lab.runtime.process.identity import memory


def roster(control: Control) -> dict[str, Any]:
    """Give the state of a running shop as plain values; memory in bytes."""
    fleet = control.fleet
    return {
        "instances": [instance for running in fleet.running.values() for instance in _instances(running)],
        "broker": _server(fleet, BROKER),
        "cache": _server(fleet, CACHE),
    }


def _instances(running: Running) -> list[dict[str, Any]]:
    ports = {instance: port for instance, _, port in running.ports}
    used = memory(running.pid) if running.pid > 0 else None
    return [
        {
            "instance": instance,
            "service": service,
            "process": running.placed.process,
            "state": _state(running),
            "ready": instance in ports,
            "pid": max(0, running.pid),
            "incarnation": running.incarnation,
            "restarts": running.incarnation - 1,
            "port": ports.get(instance),
            "memory": used,
            "why": running.given_up,
        }
        for instance, service in running.placed.instances
    ]


def _state(running: Running) -> str:
    if running.given_up:
        return "failed"
    if running.paused:
        return "paused"
    if running.ports:
        return "up"
    return "starting" if running.pid else "down"


def _server(fleet: Fleet, name: str) -> dict[str, Any]:
    if name not in fleet.own_servers:
        return {"state": "by URL", "pid": 0, "memory": None}
    pid = fleet.servers.get(name, 0)
    return {"state": "up" if pid else "down", "pid": pid, "memory": memory(pid) if pid else None}
