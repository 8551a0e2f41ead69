"""What can be done to a running shop: faults, restarts. The words come from a command line."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

from msa_lab.chaos import names_of, parse_fault_text
from msa_lab.chaos.model import At, FaultSpec
from msa_lab.errors import UserMistake
from msa_lab.runtime.process.ability import cannot
from msa_lab.runtime.process.admin import Tell, Verb
from msa_lab.runtime.process.chaos import Chaos
from msa_lab.runtime.process.control import Control
from msa_lab.runtime.process.endpoints import refuse_what_cannot_be
from msa_lab.runtime.process.fleet import Running
from msa_lab.runtime.process.holding import Holding
from msa_lab.sdk.values import Instant
from msa_lab.source import meant, quoted
from msa_lab.usecases.ports import Plan

_STEP = 1_000
LONGEST_TEXT = 10_000
"""No fault is written in more characters."""


class Verbs:
    """Changes one running shop."""

    def __init__(
        self, plan: Plan, control: Control, chaos: Chaos, holding: Holding, *, shoppers: bool = False
    ) -> None:
        """Take the parts of the shop; `shoppers`: those of a scenario come, too."""
        self._control = control
        self._holding = holding
        self._shoppers = shoppers
        self._servers = plan.topology.servers
        self._chaos = chaos
        replicas = {name: deployed.replicas for name, deployed in plan.topology.deployments.items()}
        self._names = names_of(plan.specs, flows=plan.scenario.flows, replicas=replicas)
        self.verbs: dict[str, Verb] = {
            "names": self._told_names, "inject": self._inject, "active": self._active, "heal": self._heal,
            "restart": self._restart, **holding.verbs,
        }  # fmt: skip

    # -- faults -------------------------------------------------------------------------------------------

    async def _told_names(self, _words: Mapping[str, Any], _tell: Tell) -> dict[str, Any]:
        return dataclasses.asdict(self._names)

    async def _inject(self, words: Mapping[str, Any], _tell: Tell) -> dict[str, Any]:
        text = str(words.get("fault", ""))[:LONGEST_TEXT]
        spec = self._read(text)
        refuse_what_cannot_be((spec,), self._servers)
        self._chaos.inject(spec)
        await asyncio.sleep(0)
        wait = None
        if isinstance(spec.start, At):
            wait = max(0, spec.start.instant - self._control.clock.now()) / 1_000_000
        lasts = None if spec.duration is None else spec.duration / 1_000_000
        return {**self._shown(spec, None), "begins_in": wait, "lasts": lasts}

    def _read(self, text: str) -> FaultSpec:
        """Read a fault whose times count from now on, with an id that no other has."""
        number = 1
        spec = parse_fault_text(text, self._names, file="chaos inject")
        if spec.kind == "load.spike" and not self._shoppers:
            raise UserMistake("load.spike multiplies a scenario's shoppers; a running shop has none")
        if why := cannot(spec):
            raise UserMistake(f"{spec.kind}: {why}")
        while self._chaos.taken(spec.id):
            number += 1
            again = parse_fault_text(text, self._names, number=number, file="chaos inject")
            if again.id == spec.id:
                raise UserMistake(f"a fault with the id {quoted(spec.id)} is there already")
            spec = again
        if isinstance(spec.start, At):
            soon = self._control.clock.now() + spec.start.instant
            start = At(Instant(-(-soon // _STEP) * _STEP))
            spec = dataclasses.replace(spec, start=start)
        return spec

    async def _active(self, _words: Mapping[str, Any], _tell: Tell) -> list[dict[str, Any]]:
        return self.active

    @property
    def active(self) -> list[dict[str, Any]]:
        """The faults in force and those that wait for their time."""
        return [self._shown(spec, began) for spec, began in self._chaos.injected.values()]

    def _shown(self, spec: FaultSpec, began: Instant | None) -> dict[str, Any]:
        now = self._control.clock.now()
        left = None
        if began is not None and spec.duration is not None:
            left = max(0, began + spec.duration - now) / 1_000_000
        return {
            "fault": spec.id, "kind": spec.kind, "target": str(spec.target), "in_force": began is not None,
            "began": None if began is None else began / 1_000_000, "left": left,
            "touched": self._control.touched.get(spec.id, 0),
        }  # fmt: skip

    async def _heal(self, words: Mapping[str, Any], _tell: Tell) -> list[str]:
        known = self._chaos.open
        wanted = words.get("fault")
        if wanted is None:
            self._holding.end()
            chosen = known
        elif wanted in known:
            chosen = [str(wanted)]
        else:
            guess = meant(str(wanted), known)
            raise UserMistake(
                f"no fault {quoted(str(wanted))} is in force{guess}\n  see:  msalab chaos active"
            )
        await self._chaos.withdraw(chosen)
        return chosen

    # -- processes ----------------------------------------------------------------------------------------

    async def _restart(self, words: Mapping[str, Any], tell: Tell) -> list[str]:
        chosen = self._chosen(str(words.get("name", "")))
        for running in chosen:
            if running.holders or running.paused:
                held = ", ".join(running.holders) or "a fault"
                raise UserMistake(
                    f"{running.placed.process} is held by {held}\n  first:  msalab chaos heal --all"
                )
        names = [name for running in chosen for name, _ in running.placed.instances]
        tell({"restarting": names})
        fleet = self._control.fleet
        for running in chosen:  # one after the other: others serve meanwhile
            await fleet.renew(running, lambda gone: self._control.tell_one(gone, ["stop"]))
        return names

    def _chosen(self, name: str) -> list[Running]:
        """Find the processes of a service, or that of an instance."""
        everybody = self._control.fleet.running.values()
        chosen = [
            running for running in everybody
            if name == running.placed.process or any(name in pair for pair in running.placed.instances)
        ]  # fmt: skip
        if not chosen:
            known = [word for running in everybody for pair in running.placed.instances for word in pair]
            guess = meant(name, known)
            raise UserMistake(f"the shop has no service or instance {quoted(name)}{guess}")
        return chosen
