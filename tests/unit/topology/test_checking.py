from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from msa_lab.sdk import Breaker, CallPolicy, Constant, Cost, Exponential, Money, Retry, ms, seconds
from msa_lab.source import InvalidFile
from msa_lab.topology import (
    BrokerSettings,
    Deployment,
    LinkTiming,
    MachineSettings,
    Slowdowns,
    Stalls,
    Topology,
)

Load = Callable[[str], Topology]


def test_what_the_file_leaves_out_comes_from_the_spec(load: Load) -> None:
    deployments = load("services:\n  till: {replicas: 3, queue: 0}\n  shelf:\n").deployments
    assert deployments["till"] == Deployment("till", replicas=3, concurrency=5, queue=0)
    assert deployments["shelf"] == Deployment("shelf", replicas=1, concurrency=64, queue=256)


def test_costs_keep_the_part_not_named(load: Load) -> None:
    text = "services: {till: {cost: {till.ring: {cpu: 2ms}}}, diary: {cost: {till.rang: {wait: 1ms}}}}\n"
    deployments = load(text).deployments
    assert deployments["till"].cost == {"till.ring": Cost(Constant(ms(2)), Exponential(ms(9)))}
    assert deployments["diary"].cost == {"till.rang": Cost(Constant(ms(1)), Constant(ms(1)))}
    cleared = load("services: {till: {cost: {till.ring: {wait: null}}}}\n").deployments["till"].cost
    assert cleared == {"till.ring": Cost(Exponential(ms(4)), None)}


def test_machines_and_links_are_read(load: Load) -> None:
    topology = load(
        "machines: {big: 4}\nservices: {till: {machine: big}}\n"
        'links: [{link: till -> bank, latency: 5ms}, {link: "* -> shelf", latency: exp(1ms)}]\n'
    )
    assert topology.machines == {"big": MachineSettings(4)}
    assert topology.deployments["till"].machine == "big"
    assert topology.links == (
        LinkTiming("till", "bank", Constant(ms(5))),
        LinkTiming("*", "shelf", Exponential(ms(1))),
    )


def test_cores_may_stand_still_now_and_then(load: Load) -> None:
    text = "machines: {big: {cores: 2, stalls: {apart: exp(70ms), length: 30ms}}, small: {cores: 1}}\n"
    stalls = Stalls(Exponential(ms(70)), Constant(ms(30)))
    machines = load(text).machines

    assert machines == {"big": MachineSettings(2, stalls), "small": MachineSettings(1)}
    assert stalls.share == pytest.approx(0.3)


def test_cores_may_be_slow_now_and_then(load: Load) -> None:
    text = "machines: {big: {cores: 2, slowdowns: {apart: exp(900ms), length: 100ms, pace: 0.25}}}\n"
    slowdowns = Slowdowns(Exponential(ms(900)), Constant(ms(100)), 0.25)

    assert load(text).machines == {"big": MachineSettings(2, slowdowns=slowdowns)}
    assert slowdowns.share == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("machine", "message", "near"),
    [
        ("{cores: 2, stals: {apart: 1s, length: 1ms}}", "unknown key 'stals' in 'big'", "stalls"),
        ("{cores: 2, stalls: {apart: 1s, lenght: 1ms}}", "unknown key 'lenght' in 'stalls'", "length"),
        ("{cores: 2, stalls: {apart: 1s}}", "missing key 'length' in 'stalls'", None),
        ("{stalls: {apart: 1s, length: 1ms}}", "missing key 'cores' in 'big'", None),
        (
            "{cores: 2, stalls: {apart: 0ms, length: 1ms}}",
            "without time between stalls nothing is ever done",
            None,
        ),
        (
            "{cores: 2, slowdowns: {apart: 1s, length: 1ms, pace: 1}}",
            "'pace' must be less than 1",
            None,
        ),
        (
            "{cores: 2, slowdowns: {apart: 1s, length: 1ms, pace: 0}}",
            "'pace' must be greater than 0",
            None,
        ),
        ("four", "'big' must be a whole number, not the text 'four'", None),
        ("0", "'big' must be greater than or equal to 1", None),
    ],
)
def test_what_is_wrong_with_a_machine_is_told(
    load: Load, machine: str, message: str, near: str | None
) -> None:
    with pytest.raises(InvalidFile) as wrong:
        load(f"machines: {{big: {machine}}}\n")

    assert (message, near) in [(found.message, found.suggestion) for found in wrong.value.mistakes]


def test_timing_and_broker_keep_their_defaults_where_nothing_is_said(load: Load) -> None:
    topology = load("timing: {read: 1ms, hop: 2ms}\nbroker: {attempts: 9, backoff: {base: 1ms}}\n")
    assert topology.timing.read == Constant(ms(1))
    assert topology.timing.hop == Constant(ms(2))
    assert topology.timing.client_hop.mean == 5_000
    assert topology.broker == BrokerSettings(attempts=9, backoff=Retry(base=ms(1), cap=seconds(5)))


def test_policies_start_from_what_the_caller_declares(load: Load) -> None:
    policies = load(
        'resilience:\n  "* -> shelf": {timeout: 2s, breaker: {failures: 4}}\n'
        "  till -> shelf: {retry: {attempts: 2}, bulkhead: null}\n"
    ).policies
    assert policies == {
        ("till", "shelf"): CallPolicy(seconds(2), Retry(attempts=2), Breaker(failures=4), bulkhead=None),
        ("diary", "shelf"): CallPolicy(seconds(2), breaker=Breaker(failures=4)),
    }


def test_settings_take_the_type_of_their_default(load: Load) -> None:
    config = load(
        "config: {till.patience: 250ms, till.drawers: 4, till.share: 1, till.open: false, till.greeting: hi,"
        " till.float: 12.50 EUR, till.think: exp(2ms), till.words: [x, y]}\n"
    ).config
    assert config == {
        "till.patience": 250_000,
        "till.drawers": 4,
        "till.share": 1.0,
        "till.open": False,
        "till.greeting": "hi",
        "till.float": Money(1250),
        "till.think": Exponential(ms(2)),
        "till.words": ("x", "y"),
    }


def test_modules_share_a_process(load: Load) -> None:
    topology = load("patterns: {placement: modular}\nmodules: {front: [till, shelf]}\n")
    assert [topology.process_of(name) for name in ("till", "shelf", "diary", "bank")] == [
        "front", "front", "diary", "bank",
    ]  # fmt: skip


def test_every_mistake_of_a_file_is_told_at_once(load: Load) -> None:
    text = """\
patterns: {rety: "off", retry: maybe, checkout: two-phase, read_model: join, cache: true}
services:
  tlil: {}
  till: {machine: big, replicas: 0, cost: {till.rign: {cpu: 1ms}}}
links:
  - {link: till bank, latency: 1ms}
  - {link: till -> bnak, latency: 1ms}
resilience:
  till -> diary: {timeout: 1s}
  diary -> shelf: {timeout: 1}
config: {till.patience: 5, till.drawers: many, till.patince: 1s, till.open: 1}
modules: {front: [till, till, bank]}
timing: {hop: uniform(2ms)}
"""
    with pytest.raises(InvalidFile) as raised:
        load(text)
    told = [
        (found.code, found.place.line - 3, found.place.column, found.message, found.suggestion)
        for found in raised.value.mistakes
    ]
    assert told == [
        ("MSA-L012", 1, 12, "unknown pattern 'rety'", "retry"),
        ("MSA-L014", 1, 32, "'retry' must be on or off, not 'maybe'", None),
        ("MSA-L016", 1, 49, "checkout: two-phase is not in this version", None),
        ("MSA-L016", 1, 60, "pattern 'read_model' is not in this version", None),
        ("MSA-L014", 1, 85, "'cache' must be aside or none, not 'true'", None),
        ("MSA-L012", 3, 3, "unknown service 'tlil'", "till"),
        ("MSA-L012", 4, 19, "unknown machine 'big'", None),
        ("MSA-L014", 4, 34, "'replicas' must be greater than or equal to 1", None),
        ("MSA-L012", 4, 44, "unknown operation 'till.rign' of till", "till.ring"),
        ("MSA-L014", 6, 12, "'till bank' is not a link such as caller -> callee", None),
        ("MSA-L012", 7, 12, "unknown service 'bnak'", "bank"),
        ("MSA-L012", 9, 3, "no service declares calls till -> diary", None),
        ("MSA-L015", 10, 29, "'1' has no unit; write 1ms or 1s", None),
        ("MSA-L015", 11, 25, "'5' has no unit; write 5ms or 5s", None),
        ("MSA-L013", 11, 42, "'till.drawers' must be a whole number, not 'many'", None),
        ("MSA-L012", 11, 48, "unknown setting 'till.patince'", "till.patience"),
        ("MSA-L013", 11, 77, "'till.open' must be true or false, not '1'", None),
        ("MSA-L017", 12, 1, "placement: modular and modules: belong together; one is missing", None),
        ("MSA-L017", 12, 25, "'till' is in module 'front' already", None),
        ("MSA-L012", 12, 31, "unknown service 'bank'", None),
        ("MSA-L014", 13, 15, "uniform takes 2 values: uniform(1ms, 3ms)", None),
    ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("till.patience", "true", "'till.patience' must be a duration such as 250ms"),
        ("till.drawers", "2.5", "'till.drawers' must be a whole number, not '2.5'"),
        ("till.drawers", "true", "'till.drawers' must be a whole number, not 'True'"),
        ("till.share", '"1"', "'till.share' must be a number, not '1'"),
        ("till.greeting", "5", "'till.greeting' must be text, not '5'"),
        ("till.words", "a", "'till.words' must be a list, not 'a'"),
        ("till.float", "12", "'12' has no currency; write 12 EUR"),
        ("till.think", "[]", "'till.think' must be a distribution such as exp(2ms)"),
    ],
)
def test_a_setting_of_another_type_is_refused(load: Load, name: str, value: str, message: str) -> None:
    with pytest.raises(InvalidFile) as raised:
        load(f"config: {{{name}: {value}}}\n")
    assert [found.message for found in raised.value.mistakes] == [message]


@pytest.mark.parametrize("key", ["Retry", "off"])
def test_words_off_and_on_must_be_quoted_or_true_and_false(load: Load, key: Any) -> None:  # noqa: ANN401 - a case
    with pytest.raises(InvalidFile):
        load(f"patterns: {{retry: {key}}}\n")
    assert load("patterns: {retry: false}\n").patterns["retry"] == "off"
    assert load('patterns: {retry: "off"}\n').patterns["retry"] == "off"
