"""The worlds in which the contract holds. A further world is one more class and one more parameter."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import pytest

from msa_lab.sdk import Context
from msa_lab.sdk.testing import FakeContext, run
from tests.builders import SHELF, Stage

T = TypeVar("T")


class Ports(Protocol):
    """The ports of the service `shelf`, which keeps what it is given from one run of work to the next."""

    def run(self, work: Callable[[Context], Coroutine[Any, Any, T]]) -> T:
        """Run work with a context to its end."""
        ...

    def published(self) -> list[str]:
        """Give the names of the events that became facts."""
        ...


class FakePorts:
    """The public double."""

    def __init__(self) -> None:
        self.context = FakeContext(SHELF)

    def run(self, work: Callable[[Context], Coroutine[Any, Any, T]]) -> T:
        return run(work(self.context))

    def published(self) -> list[str]:
        return [event.id for event in self.context.published]


class SimPorts:
    """The simulated world."""

    def __init__(self) -> None:
        self.stage = Stage()

    def run(self, work: Callable[[Context], Coroutine[Any, Any, T]]) -> T:
        return self.stage.run("shelf-1", work)

    def published(self) -> list[str]:
        return [event.detail["data"].id for event in self.stage.events("event.recorded")]


ADAPTERS: dict[str, Callable[[], Ports]] = {"fake": FakePorts, "sim": SimPorts}


@pytest.fixture(params=ADAPTERS)
def ports(request: pytest.FixtureRequest) -> Ports:
    """The ports in each world that has them."""
    return ADAPTERS[request.param]()
