from __future__ import annotations

from dataclasses import dataclass

from msa_lab.sdk import Observable, ServiceSpec, Table
from msa_lab.sdk.memory import Change
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.observe import Observations, Observer, observables


@dataclass(frozen=True, slots=True)
class Held:
    id: str
    order: str | None
    quantity: int
    state: str = "HELD"


HELD: Table[Held] = Table("held", Held)
SPEC = ServiceSpec(
    "stock",
    "stock",
    tables=(HELD,),
    observables=(
        Observable("stock.held", "order", HELD, lambda held: held.order, measure=lambda held: held.quantity),
        Observable("stock.state", "order", HELD, lambda held: held.order, attribute=lambda held: held.state),
    ),
)


def fold(*changes: tuple[Held | None, Held | None], service: str = "stock") -> Observations:
    seen = Observations(Observer(observables([SPEC])))
    for before, after in changes:
        change = Change(HELD, "h", before, after)
        seen.feed(LogEvent(seq=1, t=0, kind="commit", service=service, detail={"changes": [change]}))
    return seen


def test_a_measure_adds_up_over_all_live_records_of_an_entity() -> None:
    one, two = Held("1", "o-1", 3), Held("2", "o-1", 4)

    seen = fold((None, one), (None, two), (one, Held("1", "o-1", 1, "SOLD")), (two, None))

    assert seen.of("order", "o-1") == {"stock.held": 1, "stock.state": "SOLD"}


def test_a_record_may_move_to_another_entity() -> None:
    one = Held("1", "o-1", 3)

    seen = fold((None, one), (one, Held("1", "o-2", 5)))

    assert seen.of("order", "o-1")["stock.held"] == 0
    assert seen.of("order", "o-2")["stock.held"] == 5


def test_a_record_without_an_entity_counts_nowhere() -> None:
    assert fold((None, Held("1", None, 3))).values == {}


def test_a_table_of_another_service_is_another_table() -> None:
    assert fold((None, Held("1", "o-1", 3)), service="order").values == {}
