"""The broker's promises on every server that can be had, and what only real ones have: letters at hand."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from redis.asyncio import Redis

from msa_lab.runtime.process.burial import obituaries
from msa_lab.runtime.process.bus import Broker, BrokerAway, DeadLetter, Entry, NoSuchLetter, Subscription
from msa_lab.runtime.process.journal import Journal
from msa_lab.runtime.process.ledger import Ledger
from msa_lab.runtime.process.servers import connection
from msa_lab.runtime.process.streams import Streams
from msa_lab.sdk import Instant, ms, seconds
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.log import EventLog
from msa_lab.topology import Topology
from tests.builders import Sold
from tests.contract import test_delivery
from tests.contract.test_delivery import Market, Open, applied, handed_out, over_for, sold
from tests.process.market import SPECS, Connect, RealMarket

Groups = Mapping[str, Sequence[str]]
PROMISES: list[Any] = [body for name, body in vars(test_delivery).items() if name.startswith("test_")]


def on_valkey(valkey: Path, prefix: str) -> Connect:
    def connect(topology: Topology, _groups: Groups) -> Broker:
        return Streams(connection(valkey), topology.broker.visibility, prefix=prefix)

    return connect


def on_fakeredis(server: FakeServer, prefix: str) -> Connect:
    def connect(topology: Topology, _groups: Groups) -> Broker:
        fake = FakeAsyncRedis(server=server)
        return Streams(fake, topology.broker.visibility, prefix=prefix, blocking=False)

    return connect


def on_rabbitmq(url: str, prefix: str) -> Connect:
    from msa_lab.runtime.process.rabbit import Rabbit  # noqa: PLC0415 - where it can be had

    def connect(topology: Topology, groups: Groups) -> Broker:
        return Rabbit(url, topology.broker.visibility, prefix=prefix, groups=groups)

    return connect


@pytest.fixture(params=["valkey", "fakeredis", "rabbitmq"])
def market(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Open markets on a server, each with names of its own there."""
    prefix = f"test:{secrets.token_hex(4)}:"
    server = FakeServer()

    def cache() -> Redis:
        return FakeAsyncRedis(server=server)

    if request.param == "valkey":
        connect = on_valkey(request.getfixturevalue("valkey"), prefix)
    elif request.param == "fakeredis":
        connect = on_fakeredis(server, prefix)
    else:
        connect = on_rabbitmq(request.getfixturevalue("rabbitmq").url, prefix)
    opened: list[RealMarket] = []

    def open_one(**wishes: Any) -> Market:  # noqa: ANN401 - those of the market
        opened.append(RealMarket(tmp_path, connect, cache, **wishes))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_real_broker_keeps(promise: Callable[[Open], None], market: Open) -> None:
    promise(market)


def test_a_broker_that_is_there_says_so(market: Open) -> None:
    here: Any = market()

    assert here.ask(lambda broker: broker.ping()) is None


def with_a_dead_letter(market: Open) -> tuple[RealMarket, str]:
    """Open a market where the diary, and nobody else, has given up the first of two messages."""
    here: Any = market(faults=["msg.poison till.sold count=1"])
    here.sell(Sold("a1", "a"))
    here.until(lambda: len(here.told("event.dead")) == 1)
    return here, here.told("event.dead")[0]["group"]


def test_a_dead_letter_tells_its_group_reason_and_content(market: Open) -> None:
    here, group = with_a_dead_letter(market)
    (message,) = sold(here)

    listed = here.ask(lambda broker: broker.letters.listed(["diary", "reader"]))
    found = here.ask(lambda broker: broker.letters.find(group, message))

    assert listed == [found]
    assert (found.group, found.attempts, found.message.id) == (group, 3, message)
    assert found.reason.startswith("poison: ")
    assert found.message.data == {"id": "a1", "piece": "a", "fails": 0, "slow": 0}


def test_a_dead_letter_handed_out_again_reaches_its_group_alone(market: Open) -> None:
    here, group = with_a_dead_letter(market)
    (message,) = sold(here)
    other = "reader" if group == "diary" else "diary"
    here.until(lambda: applied(here, other) == [message])

    here.ask(lambda broker: broker.letters.replay(group, message))
    here.sell(Sold("a2", "a"))
    here.until(over_for(here, 2))

    assert applied(here, group) == applied(here, other) == sold(here)
    assert [attempt for it, attempt in handed_out(here, other) if it == message] == [1]
    assert here.ask(lambda broker: broker.letters.listed([group])) == []


def test_a_dead_letter_can_be_mended_and_is_the_same_message_still(market: Open) -> None:
    here, group = with_a_dead_letter(market)
    (message,) = sold(here)

    mended = {"id": "b1", "piece": "a", "fails": 0, "slow": 0}
    given = here.ask(lambda broker: broker.letters.edit(group, message, mended))
    found = here.ask(lambda broker: broker.letters.find(group, message))
    here.ask(lambda broker: broker.letters.replay(group, message))
    here.until(lambda: applied(here, group) == [message])

    assert given == found
    assert (found.message.data, found.message.id) == (mended, message)


def test_a_dead_letter_can_be_dropped_once(market: Open) -> None:
    here, group = with_a_dead_letter(market)
    (message,) = sold(here)

    here.ask(lambda broker: broker.letters.drop(group, message))

    assert here.ask(lambda broker: broker.letters.listed(["diary", "reader"])) == []
    for refused in (
        lambda broker: broker.letters.drop(group, message),
        lambda broker: broker.letters.find(group, message),
        lambda broker: broker.letters.edit(group, message, {}),
        lambda broker: broker.letters.replay(group, message),
    ):
        with pytest.raises(NoSuchLetter):
            here.ask(refused)


def subscription_of(here: RealMarket) -> Any:  # noqa: ANN401 - a class whose methods are changed
    return type(here.broker.subscribe("diary", "nobody", ("till.events",)))


def test_a_death_is_told_once_however_often_the_broker_refuses_the_letter(
    market: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    here: Any = market(faults=["msg.poison till.sold count=1"])
    kind, refused = subscription_of(here), list[str]()
    bury = kind.bury

    async def refusing(self: Subscription, entry: Entry, letter: DeadLetter) -> None:
        if len(refused) < 3:
            refused.append(letter.group)
            raise BrokerAway
        await bury(self, entry, letter)

    monkeypatch.setattr(kind, "bury", refusing)
    here.sell(Sold("a1", "a"), Sold("a2", "a"))
    here.until(lambda: len(applied(here)) + len(applied(here, "reader")) == 3)

    first, _ = sold(here)
    assert [(it["id"], it["group"]) for it in here.told("event.dead")] == [(first, refused[0])]
    assert len(refused) == 3


def test_who_dies_before_the_burial_leaves_the_death_to_who_comes_after(
    market: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    here: Any = market()
    kind, tried, killed = subscription_of(here), list[DeadLetter](), list[str]()
    bury = kind.bury

    async def in_vain(self: Subscription, entry: Entry, letter: DeadLetter) -> None:
        if letter.group == "diary" and not killed:
            tried.append(letter)
            raise BrokerAway
        await bury(self, entry, letter)

    monkeypatch.setattr(kind, "bury", in_vain)
    here.sell(Sold("a1", "a", fails=99))
    here.until(lambda: bool(tried))
    (holder,) = {event["instance"] for event in here.told("event.delivered") if event["group"] == "diary"}
    here.kill(holder)
    killed.append(holder)
    here.until(lambda: len(here.told("event.dead")) == 2)
    here.pass_time(seconds(1))

    assert sorted(it["group"] for it in here.told("event.dead")) == ["diary", "reader"]


def test_who_dies_after_the_burial_is_spoken_for(market: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "pass_on", lambda _self, _event: None)
    here: Any = market()
    here.sell(Sold("a1", "a", fails=99))
    groups = ("diary", "reader")
    while len(here.ask(lambda broker: broker.letters.listed(groups))) < 2:
        here.pass_time(ms(5))

    found = here.ask(lambda broker: obituaries(broker, groups, Instant(0)))
    again = here.ask(lambda broker: obituaries(broker, groups, Instant(0)))

    log, events = EventLog(), list[LogEvent]()
    log.listen(("event.dead",), events.append)
    ledger = Ledger(log, SPECS)
    ledger.take(found)
    ledger.release(max(event[1] for event in found))
    ledger.take(again)
    ledger.release(max(event[1] for event in found))
    (message,) = sold(here)
    told = [(event.kind, event.detail["id"], event.detail["group"]) for event in events]
    assert sorted(told) == [("event.dead", message, group) for group in groups]
    assert {event.detail["reason"] for event in events} == {"RemoteFailure"}
