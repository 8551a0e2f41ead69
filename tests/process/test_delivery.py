"""The broker's promises on every server that can be had, and what only real ones have: letters at hand."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from redis.asyncio import Redis

from msa_lab.runtime.process.bus import Broker, NoSuchLetter
from msa_lab.runtime.process.servers import connection
from msa_lab.runtime.process.streams import Streams
from msa_lab.sdk import ms
from msa_lab.topology import Topology
from tests.builders import Sold
from tests.contract import test_delivery
from tests.contract.test_delivery import Market, Open, applied, handed_out, over_for, sold
from tests.process.market import Connect, RealMarket

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
    while not here.ask(lambda broker: broker.letters.listed(["diary", "reader"])):
        here.pass_time(ms(1))
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
