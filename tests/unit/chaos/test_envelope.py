from msa_lab.chaos import FaultSpec, Names, parse_faults
from msa_lab.chaos.catalogue.messaging import MsgDuplicate
from msa_lab.chaos.model import After, Topic
from msa_lab.sdk.values import Duration
from msa_lab.source import Mistakes, read_yaml


def read(text: str, names: Names) -> tuple[tuple[FaultSpec, ...], list[str]]:
    """The faults of a list in YAML, and the mistakes as `line:column message`."""
    document = read_yaml(text, "f.yaml")
    mistakes = Mistakes()
    faults = parse_faults(document.data["faults"], document, ("faults",), names, mistakes)
    return faults, [f"{m.place.line}:{m.place.column} {m.message}" for m in mistakes.found]


def test_the_envelope_is_read(names: Names) -> None:
    text = """\
faults:
  - id: twice
    kind: msg.duplicate
    target: order.events
    with: {copies: 2}
    after: {event: payment.captured, nth: 5}
    for: 8s
    probability: 0.3
    count: 10
"""

    faults, mistakes = read(text, names)

    assert mistakes == []
    assert faults == (
        FaultSpec(
            id="twice",
            kind="msg.duplicate",
            target=Topic("order.events"),
            params=MsgDuplicate(2),
            start=After("payment.captured", 5),
            duration=Duration(8_000_000),
            probability=0.3,
            count=10,
        ),
    )


def test_all_mistakes_are_told_at_once_at_their_places(names: Names) -> None:
    text = """\
faults:
  - kind: net.los
    targt: order
    for: 8
  - kind: msg.duplicate
    target: order.events
    copies: 2
    with: {copies: 99, count: 1}
    after: {evnt: order.placed}
    probability: "1.5"
  - just text
  - {kind: db.slow, target: inventory -> ordr, with: {latency: 5}, at: soon, for: true}
  - {kind: db.down, target: order, for: 1s}
  - {kind: db.down, target: inventory, for: 1s}
"""

    faults, mistakes = read(text, names)

    assert [fault.id for fault in faults] == ["db.down"]
    assert mistakes == [
        "2:11 unknown fault 'net.los'",
        "3:5 unknown key 'targt' of a fault",
        "4:10 '8' has no unit; write 8ms or 8s",
        "5:11 every fault ends by itself: give for or count",
        "7:5 'copies' is a parameter; put it under with: {copies: ...}",
        "8:20 copies: 99 is too much; at most 10",
        "8:24 'count' is no parameter; write it beside kind, not under with",
        "9:12 after needs an event",
        "9:13 unknown key 'evnt' of after",
        "10:18 probability: '1.5' is not a number but text",
        "11:5 a fault must be a mapping with kind, target and for",
        "12:42 unknown service 'ordr'",
        "12:64 latency: '5' has no unit; write 5ms or 5s",
        "12:72 'soon' is not a duration such as 250ms, 30s, 2m or 1h",
        "12:83 for must be a duration such as 500ms, 8s or 2m",
        "14:12 two faults are called 'db.down'; give each its own id",
    ]


def test_faults_must_be_a_list(names: Names) -> None:
    assert read("faults: none\n", names) == ((), ["1:9 must be a list of faults"])


def test_the_only_outside_party_is_the_default(names: Names) -> None:
    alone = Names(services=names.services, outside=("psp",), refusals=names.refusals)

    [fault], mistakes = read("faults: [{kind: pay.decline, with: {code: closed}, for: 1s}]\n", alone)

    assert mistakes == []
    assert str(fault.target) == "psp"
