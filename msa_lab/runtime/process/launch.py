"""Brings a shop's processes to life: what a run and a running shop have in common."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msa_lab.runtime.patience import patience_of
from msa_lab.runtime.process.blueprint import Blueprint, placed
from msa_lab.runtime.process.control import Control
from msa_lab.runtime.process.doors import LOOPBACK
from msa_lab.runtime.process.endpoints import clean_up, new_prefix, open_up
from msa_lab.runtime.process.hurting import SharedCounts
from msa_lab.runtime.process.layout import layout_of
from msa_lab.runtime.process.nursery import open_nursery
from msa_lab.runtime.process.records import warm
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.telemetry.events import KINDS
from msa_lab.telemetry.log import EventLog
from msa_lab.topology.servers import Servers
from msa_lab.usecases.ports import Plan


def blueprint_of(
    plan: Plan,
    log: EventLog,
    folder: Path,
    counts: SharedCounts,
    *,
    lasting: tuple[Path, Path] | None = None,
    host: str = LOOPBACK,
    ports: Mapping[str, int] | None = None,
) -> Blueprint:
    """Put together what every process must know; `lasting` are folders for data and logs that outlive it."""
    scenario = plan.scenario
    data, logs = lasting or (folder, folder)
    servers = plan.topology.servers
    return Blueprint(
        specs=plan.specs,
        topology=plan.topology,
        seed=plan.seed,
        given=scenario.given,
        config={**scenario.config, **plan.config},
        faults=plan.faults,
        counts=counts,
        wanted=frozenset(kind for kind in KINDS if log.wants(kind)),
        folder=folder,
        processes=placed(plan.topology, plan.specs),
        data=data,
        logs=logs,
        host=host,
        ports=ports or {},
        prefix=_prefix(data) if servers != Servers() else "",
        lasting=lasting is not None,
        patience=patience_of(os.environ),
    )


def _prefix(data: Path) -> str:
    """Give the prefix that belongs to the data, or make one: what is in servers by URL lasts as long."""
    file = data / "prefix"
    if not file.exists():
        file.write_text(new_prefix(), encoding="utf-8")
    return file.read_text(encoding="utf-8")


@contextlib.contextmanager
def fork_server(blueprint: Blueprint) -> Iterator[socket.socket]:
    """Fork the fork server off and give the line to it; at the end it and all its children are gone.

    There must be no running loop, and none of the threads of one.

    Raises:
        EnvironmentTrouble: before anything is started, when a server cannot be had.
    """
    open_up(blueprint)
    gc.collect()
    gc.freeze()  # what is there now is shared with the fork server as long as nobody writes to it
    try:
        pid, line = open_nursery(
            blueprint.folder, blueprint.logs, lambda: _prepare(blueprint), _child(blueprint),
            lambda: _leave(blueprint),
        )  # fmt: skip
        try:
            yield line
        finally:
            line.close()
            os.waitpid(pid, 0)
    finally:
        gc.unfreeze()
        _leave(blueprint)


def _leave(blueprint: Blueprint) -> None:
    if not blueprint.lasting:
        clean_up(blueprint)


def _prepare(blueprint: Blueprint) -> None:
    """Import and make what every process needs, once."""
    import uvicorn.lifespan.off  # noqa: PLC0415 - for the children to inherit
    import uvicorn.loops.uvloop  # noqa: F401, PLC0415

    from msa_lab.runtime.process.rehearsal import rehearse  # noqa: PLC0415

    warm(blueprint.specs)
    for spec in blueprint.specs:
        layout_of(spec, shared=blueprint.shares(spec))
    rehearse(blueprint)


def _child(blueprint: Blueprint) -> Callable[..., object]:
    def run(process: str, *words: Any) -> None:  # noqa: ANN401 - as the control plane sent them
        from msa_lab.runtime.process.child import Birth, main  # noqa: PLC0415 - `_prepare` has imported it

        main(blueprint, Birth(process, *words))

    return run


async def arrange(control: Control, specs: Sequence[ServiceSpec], words: Iterable[str]) -> None:
    """Let the services take the values of a scenario's `given`, in the order of its words.

    Raises:
        EnvironmentTrouble: when the machine does not let one of them.
        HandlerFailed: when the code of one of them failed.
    """
    for word in words:
        service = next(spec.name for spec in specs for part in spec.fixtures if part.name == word)
        await control.arrange(service, word)
