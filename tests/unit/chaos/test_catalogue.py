import pytest

from msa_lab.chaos import CATALOGUE, FaultKind, Names, cast, names_of, parse_fault_text
from msa_lab.chaos.pages import example
from msa_lab.chaos.parameters import parameters
from msa_lab.sdk.discovery import discover

KINDS = [pytest.param(kind, id=kind.name) for kind in CATALOGUE.values()]


def test_the_kinds_are_these() -> None:
    assert list(CATALOGUE) == [
        "process.kill", "process.pause", "clock.skew",
        "net.delay", "net.loss", "net.partition", "http.abort",
        "broker.loss", "broker.ack_lost",
        "msg.duplicate", "msg.delay", "msg.reorder", "msg.drop", "msg.poison", "consumer.crash_before_ack",
        "db.slow", "db.down", "db.commit_unknown", "cache.flush",
        "pay.timeout_no_charge", "pay.timeout_charged", "pay.decline", "pay.5xx", "pay.slow",
        "pay.webhook_late", "pay.webhook_duplicate", "pay.webhook_lost",
        "load.spike",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> tuple[Names, dict[str, str]]:
    specs = discover()
    return names_of(specs), cast(specs)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_can_be_played(kind: FaultKind, shop: tuple[Names, dict[str, str]]) -> None:
    names, players = shop

    assert parse_fault_text(example(kind, players), names).kind == kind.name


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_says_what_it_does_in_each_world(kind: FaultKind) -> None:
    for said in (kind.sim, kind.process):
        assert said.endswith(".")
    assert all(parameter.param.purpose for parameter in parameters(kind.params))
    assert kind.forms
