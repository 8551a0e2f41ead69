from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Callable

import pytest

from msa_lab.errors import UserMistake
from msa_lab.sdk import ServiceSpec
from msa_lab.source import InvalidFile
from msa_lab.topology import Topology, list_topologies, load_topology, read_topology, with_settings

HEAD = "schema: msalab/topology@1\nid: small\ntitle: A small shop\n"
SHIPPED = pathlib.Path(__file__).parents[3] / "topologies"


def test_a_file_of_three_lines_is_a_whole_topology(load: Callable[[str], Topology]) -> None:
    topology = load("")
    assert (topology.id, topology.title, topology.why) == ("small", "A small shop", "")
    assert set(topology.patterns.values()) == {
        "orchestrated", "on", "aside", "reserve", "versioned", "per-service", "round-robin", "twelve",
    }  # fmt: skip
    assert list(topology.deployments) == ["till", "shelf", "diary", "bank"]
    assert topology.sha256 == hashlib.sha256(HEAD.encode()).hexdigest()


def test_a_file_extends_another(tmp_path: pathlib.Path, specs: tuple[ServiceSpec, ...]) -> None:
    base = (
        HEAD + 'patterns: {retry: "off", stock: check-then-act}\nservices: {till: {replicas: 2, queue: 9}}\n'
    )
    own = "schema: msalab/topology@1\nid: own\ntitle: Own\nextends: base\n"
    (tmp_path / "base.yaml").write_text(base)
    (tmp_path / "own.yaml").write_text(own + "patterns: {retry: true}\nservices: {till: {replicas: 4}}\n")
    topology = load_topology(str(tmp_path / "own.yaml"), [], specs)
    assert (topology.id, topology.title) == ("own", "Own")
    assert (topology.patterns["retry"], topology.patterns["stock"]) == ("on", "check-then-act")
    assert (topology.deployments["till"].replicas, topology.deployments["till"].queue) == (4, 9)


def test_the_checksum_covers_the_file_extended(
    tmp_path: pathlib.Path, specs: tuple[ServiceSpec, ...]
) -> None:
    (tmp_path / "own.yaml").write_text(HEAD + "extends: base\n")
    sums = []
    for replicas in (1, 2):
        (tmp_path / "base.yaml").write_text(HEAD + f"services: {{till: {{replicas: {replicas}}}}}\n")
        sums.append(load_topology("own", [tmp_path], specs).sha256)
    assert sums[0] != sums[1]


def test_mistakes_of_both_files_are_told_at_their_places(
    tmp_path: pathlib.Path, specs: tuple[ServiceSpec, ...]
) -> None:
    (tmp_path / "base.yaml").write_text(HEAD + "services: {tlil: {}}\n")
    (tmp_path / "own.yaml").write_text(
        "schema: msalab/topology@1\nid: own\nextends: base\npatterns: {x: a}\n"
    )
    with pytest.raises(InvalidFile) as raised:
        load_topology("own", [tmp_path], specs)
    assert [(str(found.place), found.message) for found in raised.value.mistakes] == [
        (f"{tmp_path}/base.yaml:4:12", "unknown service 'tlil'"),
        (f"{tmp_path}/own.yaml:1:1", "missing key 'title'"),
        (f"{tmp_path}/own.yaml:4:12", "unknown pattern 'x'"),
    ]
    assert "4 | services: {tlil: {}}" in raised.value.render()


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("bsae", "unknown topology 'bsae'; did you mean 'base'?"),
        ("chain", "'chain' extends another topology itself; only one level is read"),
        ("own", "'own' extends another topology itself; only one level is read"),
        ("5", "'extends' must be text, not 5"),
    ],
)
def test_what_cannot_be_extended_is_told(
    tmp_path: pathlib.Path, specs: tuple[ServiceSpec, ...], extends: str, message: str
) -> None:
    (tmp_path / "base.yaml").write_text(HEAD)
    (tmp_path / "chain.yaml").write_text(HEAD + "extends: base\n")
    (tmp_path / "own.yaml").write_text(HEAD + f"extends: {extends}\n")
    with pytest.raises(InvalidFile) as raised:
        load_topology("own", [tmp_path], specs)
    assert [(found.place.line, found.message) for found in raised.value.mistakes] == [(4, message)]


def test_an_unknown_name_is_the_users_mistake(specs: tuple[ServiceSpec, ...]) -> None:
    with pytest.raises(UserMistake, match="unknown topology 'textbok'; did you mean 'textbook'"):
        load_topology("textbok", [SHIPPED], specs)


@pytest.mark.parametrize("text", ["[]", "5", "a: [", "schema: 1\nid: 2\ntitle: 3\n", "services:\n", "\0"])
def test_a_file_that_is_no_topology_is_refused(
    tmp_path: pathlib.Path, specs: tuple[ServiceSpec, ...], text: str
) -> None:
    (tmp_path / "small.yaml").write_text(text)
    with pytest.raises(InvalidFile):
        load_topology("small", [tmp_path], specs)


def test_settings_change_what_they_name_and_nothing_else(load: Callable[[str], Topology]) -> None:
    before = load("services: {till: {replicas: 2, queue: 9}}\n")
    after = with_settings(
        before,
        [
            "patterns.retry=off",
            "services.till.replicas=3",
            "services.till.cost.till.ring.cpu=exp(2ms)",
            "config.till.patience=5s",
            "timing.hop=1ms",
            "resilience.till -> bank.timeout=9s",
            "resilience.till -> bank.retry.attempts=1",
        ],
    )
    assert after.patterns == {**before.patterns, "retry": "off"}
    assert (after.deployments["till"].replicas, after.deployments["till"].queue) == (3, 9)
    assert after.deployments["till"].cost["till.ring"].cpu.mean == 2_000
    assert after.config == {"till.patience": 5_000_000}
    assert after.timing.hop.mean == 1_000
    assert (after.policies["till", "bank"].timeout, after.policies["till", "bank"].retry.attempts) == (
        9_000_000,
        1,
    )
    assert after.sha256 != before.sha256
    assert before.patterns["retry"] == "on"
    assert with_settings(before, []) is before


def test_settings_add_up(load: Callable[[str], Topology]) -> None:
    once = with_settings(load(""), ["patterns.retry=off"])
    assert with_settings(once, ["patterns.inbox=off"]).patterns["retry"] == "off"


def test_all_wrong_settings_are_told_at_once(load: Callable[[str], Topology]) -> None:
    with pytest.raises(InvalidFile) as raised:
        with_settings(
            load(""),
            [
                "pattern.retry=off",
                "patterns.retry=maybe",
                "services.tlil.replicas=3",
                "services.till.replicas=x",
                "nothing",
                "config.till.patience=2",
                "links.0=a",
                "=",
                "patterns=5",
            ],
        )
    found = [(str(told.place), told.message, told.suggestion) for told in raised.value.mistakes]
    sections = "patterns, services, machines, timing, broker, servers, resilience or config"
    assert found == [
        ("--set:1:1", f"'pattern' cannot be set; {sections} can", "patterns"),
        ("--set:2:16", "'retry' must be on or off, not 'maybe'", None),
        ("--set:3:1", "unknown service 'tlil'", "till"),
        ("--set:4:24", "'replicas' must be a whole number, not the text 'x'", None),
        ("--set:5:1", "'nothing' sets nothing", None),
        ("--set:6:22", "'2' has no unit; write 2ms or 2s", None),
        ("--set:7:1", f"'links' cannot be set; {sections} can", None),
        ("--set:8:1", "'=' sets nothing", None),
        ("--set:9:1", "'patterns=5' sets nothing", None),
    ]


def test_topologies_are_listed_by_name() -> None:
    assert list(list_topologies([SHIPPED])) == [
        "check-then-act",
        "choreographed",
        "monolith",
        "no-breaker",
        "no-idempotency",
        "no-inbox",
        "no-outbox",
        "no-retry",
        "shared-database",
        "textbook",
    ]


def test_a_text_is_a_topology_too(specs: tuple[ServiceSpec, ...]) -> None:
    topology = read_topology(HEAD + "services: {till: {replicas: 2}}\n", specs)
    assert (topology.file, topology.deployments["till"].replicas) == ("topology.yaml", 2)
    with pytest.raises(
        InvalidFile, match=r"topology\.yaml:4:1: only a topology in a file can extend another"
    ):
        read_topology(HEAD + "extends: textbook\n", specs)
