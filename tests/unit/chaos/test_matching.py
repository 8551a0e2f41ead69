from dataclasses import dataclass
from random import Random

from msa_lab.chaos import FaultSet, Hop, Names, hop_of, parse_fault_text
from msa_lab.chaos.catalogue.network import NetDelay
from msa_lab.chaos.effects import Drop
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.distributions import Constant
from msa_lab.sdk.failures import DomainError
from msa_lab.sdk.values import ms


class CardRefused(DomainError):
    """No."""


@dataclass(frozen=True)
class Ask:
    question: str


CHARGE = Operation("psp.charge", "POST", "/charge", Ask, Ask, errors=(CardRefused,))


def test_a_call_is_described_from_its_operation() -> None:
    assert hop_of(CHARGE, "payment", "payment-1", "psp-2") == Hop(
        "payment", "psp", "psp.charge", False, "payment-1", "psp-2", ("card-refused",)  # noqa: FBT003 - safe
    )  # fmt: skip


def test_a_partition_of_everything_leaves_outside_parties_alone(names: Names) -> None:
    faults = FaultSet(names.services, Random)
    faults.start(parse_fault_text("net.partition * for 1s", names))

    assert faults.request(Hop("order", "payment", "payment.capture")).act == Drop()
    assert faults.request(Hop("payment", "psp", "psp.capture")).act is None


def test_processes_are_hurt_by_service_or_instance(names: Names) -> None:
    faults = FaultSet(names.services, Random)
    whole = parse_fault_text("process.kill payment", names)
    one = parse_fault_text("process.kill payment-2", names)

    assert [faults.hurts(whole, "payment", f"payment-{n}") for n in (1, 2)] == [True, True]
    assert [faults.hurts(one, "payment", f"payment-{n}") for n in (1, 2)] == [False, True]
    assert not faults.hurts(whole, "order", "order-1")


def test_the_trouble_of_a_shared_database_is_that_of_all_services_and_of_no_outside_party(
    names: Names,
) -> None:
    line = "db.down payment for 1s"
    hurt = {}
    for shared in (False, True):
        faults = FaultSet(names.services, Random, one_store=shared)
        faults.start(parse_fault_text(line, names))
        hurt[shared] = [name for name in ("order", "payment", "psp") if faults.commit(name, f"{name}-1").act]

    assert hurt == {False: ["payment"], True: ["order", "payment"]}


def test_an_instances_way_to_a_shared_database_is_its_own(names: Names) -> None:
    faults = FaultSet(names.services, Random, one_store=True)
    faults.start(parse_fault_text("db.down payment-2 for 1s", names))

    read = [faults.read("payment", "payment-1").act, faults.read("payment", "payment-2").act]
    assert [act is None for act in read] == [True, False]


def test_jitter_lies_on_both_sides_of_the_latency() -> None:
    draw = Random(1)
    late = [NetDelay(Constant(ms(10)), ms(4)).effect(draw).by for _ in range(1_000)]

    assert 6_000 <= min(late) < 6_100
    assert 13_900 < max(late) < 14_000
