"""Locust's own program: personas that take a scenario's flows through the gateway.

Locust imports this file in a process of its own, where sleeps and sockets belong to greenlets. The journeys
are in the file that `JOURNEYS` names; the steps are interpreted by the player of the scenarios, whose
awaitables block a greenlet here instead of a loop's task.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pickle
import random
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from locust import FastHttpUser, between, events, task
from locust.env import Environment

from msa_lab.runtime.process.failing import read
from msa_lab.runtime.process.journeys import JOURNEYS, PATIENCE, Journeys
from msa_lab.scenario.model import Step
from msa_lab.scenario.player import Outcome, shop
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import DomainError, RemoteFailure, Timeout, Unavailable
from msa_lab.sdk.values import Duration

LOOK_EVERY = 0.1
"""How often, in seconds, the shop's log is looked at for sagas that have moved."""

_OK = 200
_STATES = {"saga.started": "RUNNING", "saga.turned": "COMPENSATING"}


def done(work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Take a coroutine to its end that awaits only what is done at once."""
    try:
        work.send(None)
    except StopIteration as end:
        result: Outcome = end.value
        return result
    raise RuntimeError("a journey awaits something that a greenlet cannot wait for")


class SagaTail:
    """The states of the sagas that have moved since the load began, read from the shop's event log."""

    def __init__(self, log: Path) -> None:
        self.states: dict[str, str] = {}
        self._log = log
        self._place = log.stat().st_size if log.exists() else 0
        self._file = log.stat().st_ino if log.exists() else 0

    def run(self) -> None:
        """Read on until killed."""
        while True:
            with contextlib.suppress(OSError):
                self.look()
            time.sleep(LOOK_EVERY)

    def look(self) -> None:
        """Take in what is new."""
        with self._log.open("rb") as log:
            number = os.fstat(log.fileno()).st_ino
            if number != self._file:  # the log has begun a new file
                self._file, self._place = number, 0
            log.seek(self._place)
            for line in log:
                if not line.endswith(b"\n"):
                    return
                self._place += len(line)
                if b'"kind":"saga.' in line:
                    event = msgspec.json.decode(line)
                    kind = event["kind"]
                    if kind in ("saga.completed", "saga.compensated") or kind in _STATES:
                        self.states[event["saga"]] = _STATES.get(kind) or kind.removeprefix("saga.").upper()


class GreenShopper:
    """One shopper's hands: an HTTP client whose calls block its greenlet."""

    def __init__(self, persona: Persona, number: int) -> None:
        self.dice = random.Random(f"{persona.journeys.seed}:{number}")
        self._persona = persona
        self._number = number
        self._requests = 0

    async def call(self, operation: str, arguments: Mapping[str, Any], token: str) -> Any:  # noqa: ANN401
        """Send a request to the gateway and give the reply's body.

        Raises:
            DomainError: when the business refused; no failure for Locust, but an entry of its own.
            CallFailure: when no answer came.
        """
        self._requests += 1
        request = {
            "operation": operation, "arguments": arguments, "token": token,
            "key": f"{self._number}-{self._requests}", "client": f"shopper-{self._number}",
        }  # fmt: skip
        with self._persona.client.post(
            self._persona.journeys.door.path, json=request, name=operation, catch_response=True
        ) as response:
            if response.status_code == _OK:
                return json.loads(response.content)["body"]
            error = _error(self._persona.journeys.door, response.status_code, response.content)
            if isinstance(error, DomainError):
                response.request_meta["name"] = f"{operation} refused: {error.code}"
                response.success()
            else:
                response.failure(type(error).__name__)
            raise error

    async def sleep(self, duration: Duration) -> None:
        """Think."""
        time.sleep(duration / 1_000_000)  # noqa: ASYNC251 - no loop: it blocks a greenlet

    async def wait_saga(
        self,
        saga: str,  # noqa: ARG002 - ids are unique across sagas
        saga_id: str,
        states: Sequence[str],
        within: Duration,
    ) -> str | None:
        """Wait for a saga's state; None when time is up."""
        until = time.perf_counter() + within / 1_000_000
        while time.perf_counter() < until:
            state = self._persona.tail.states.get(saga_id)
            if state in states:
                return state
            time.sleep(LOOK_EVERY / 2)  # noqa: ASYNC251 - as above
        return None


def _error(door: Operation[Any, Any], status: int, content: bytes | None) -> Exception:
    if not status:
        return Timeout() if content is None else Unavailable()
    try:
        return read(door, status, json.loads(content or b"null"))
    except ValueError:
        return RemoteFailure(f"HTTP {status}")


class Persona(FastHttpUser):
    """Somebody who takes one flow again and again, each time as a new shopper."""

    abstract = True
    wait_time = between(0.5, 1.5)
    network_timeout = PATIENCE
    connection_timeout = PATIENCE
    flow_name: str
    flow: tuple[Step, ...]
    journeys: Journeys
    tail: SagaTail
    numbers: itertools.count[int]
    doors: itertools.cycle[str]

    def __init__(self, environment: Environment) -> None:
        self.host = next(self.doors)
        super().__init__(environment)

    @task
    def visit(self) -> None:
        """Take the flow once."""
        number = next(self.numbers)
        begun = time.perf_counter()
        variables = {**self.journeys.variables, "shopper": number}
        outcome = done(shop(GreenShopper(self, number), self.flow, variables))
        went = outcome.result == "done"
        reason = None if went else RuntimeError(f"{outcome.result} at {outcome.step}: {outcome.reason}")
        self.environment.events.request.fire(
            request_type="journey",
            name=self.flow_name,
            response_time=(time.perf_counter() - begun) * 1000,
            response_length=0,
            exception=reason,
            context={},
        )


def personas(journeys: Journeys) -> dict[str, type[Persona]]:
    """Make a class for each flow; Locust takes as many of each as its weight says."""
    tail = SagaTail(journeys.log)
    first = int(f"{journeys.began}{os.getpid() % 100_000:05d}000000")
    shared = {
        "journeys": journeys, "tail": tail, "numbers": itertools.count(first),
        "doors": itertools.cycle(journeys.urls),
    }  # fmt: skip
    watching = threading.Thread(target=tail.run, daemon=True)  # a greenlet, too
    events.test_start.add_listener(lambda **_: watching.start())  # type: ignore[no-untyped-call] # Locust's
    return {
        f"Persona{index}": type(
            f"Persona{index}",
            (Persona,),
            {**shared, "flow_name": name, "flow": steps, "weight": weight},
        )
        for index, (name, (weight, steps)) in enumerate(journeys.flows.items())
    }


if JOURNEYS in os.environ:  # Locust looks for classes in this module
    globals().update(personas(pickle.loads(Path(os.environ[JOURNEYS]).read_bytes())))  # noqa: S301 - our own file
