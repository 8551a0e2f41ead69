"""A made-up shop of three services and an outside party."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from msa_lab.sdk import (
    CallPolicy,
    Context,
    Cost,
    Exponential,
    Money,
    Operation,
    Retry,
    ServiceSpec,
    Setting,
    Variant,
    event,
    ms,
    on,
    seconds,
    serve,
)
from msa_lab.topology import Topology, load_topology


@dataclass(frozen=True)
class Empty:
    pass


@event("till.rang", key="id")
@dataclass(frozen=True)
class Rang:
    id: str


async def answer(ctx: Context, request: Empty) -> Empty:
    del ctx
    return request


async def hear(ctx: Context, rang: Rang) -> None:
    del ctx, rang


def operation(name: str) -> Operation[Empty, Empty]:
    return Operation(name, "POST", "/", Empty, Empty)


SPECS = (
    ServiceSpec(
        "till",
        "takes money",
        operations=(serve(operation("till.ring"), answer, Cost(Exponential(ms(4)), Exponential(ms(9)))),),
        publishes=(Rang,),
        depends_on={
            "bank": CallPolicy(timeout=ms(700)),
            "shelf": CallPolicy(retry=Retry(attempts=7), breaker=None),
        },
        settings=(
            Setting("till.patience", seconds(2), "how long it waits", unit="duration"),
            Setting("till.drawers", 3, "how many"),
            Setting("till.share", 0.5, "a share"),
            Setting("till.open", default=True, purpose="whether it is open"),
            Setting("till.greeting", "hello", "what it says"),
            Setting("till.float", Money(1000), "what lies in it"),
            Setting("till.think", Exponential(ms(1)), "how long it thinks"),
            Setting("till.words", ("a",), "what it refuses"),
        ),
        edge=True,
        concurrency=5,
        queue=6,
    ),
    ServiceSpec(
        "shelf",
        "holds goods",
        operations=(serve(operation("shelf.take"), answer),),
        variants=(Variant("checkout", "choreographed", subscriptions=(on(Rang, hear),)),),
    ),
    ServiceSpec("diary", "writes down", subscriptions=(on(Rang, hear),), depends_on={"shelf": CallPolicy()}),
    ServiceSpec("bank", "lends", outside=True),
)

HEAD = "schema: msalab/topology@1\nid: small\ntitle: A small shop\n"

Load = Callable[[str], Topology]


@pytest.fixture
def load(tmp_path: pathlib.Path) -> Load:
    """Load a topology from the text that follows the head."""

    def loaded(text: str) -> Topology:
        (tmp_path / "small.yaml").write_text(HEAD + text)
        return load_topology("small", [tmp_path], SPECS)

    return loaded


@pytest.fixture
def specs() -> tuple[ServiceSpec, ...]:
    return SPECS
