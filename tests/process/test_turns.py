"""Whose turn it is to relay: one process's at a time, and never for long that of one that stands still."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from msa_lab.runtime.process import turns
from msa_lab.runtime.process.bus import Message
from msa_lab.runtime.process.outbox import Relay
from msa_lab.runtime.process.turns import LEASE, Turn
from tests.builders import Sold, announcing
from tests.process.conftest import ProcessPorts

HOLDS = """
import sys, time
from pathlib import Path
from msa_lab.runtime.process.turns import Turn
turn = Turn(Path(sys.argv[1]))
assert turn.take()
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the turn."""
    with subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def age(path: Path) -> None:
    """Let the last sign of life be longer ago than a lease."""
    long_ago = time.time_ns() - int((LEASE + 1) * 1_000_000_000)
    os.utime(path, ns=(long_ago, long_ago))


def test_a_turn_is_one_processes_until_it_gives_it_back(tmp_path: Path) -> None:
    one, two = Turn(tmp_path / "turn"), Turn(tmp_path / "turn")

    seen = [one.take(), two.take(), one.keep()]
    one.give_back()

    assert [*seen, two.take(), one.take()] == [True, False, True, True, False]
    one.close()
    two.close()


def test_the_turn_of_a_process_that_was_killed_is_free_at_once(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "turn")
    with holder(tmp_path / "turn") as process:
        assert not turn.take()
        process.kill()
        process.wait()

        assert turn.take()
    turn.close()


def test_the_turn_of_a_process_that_stands_still_is_taken_over_when_its_lease_is_over(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "turn")
    with holder(tmp_path / "turn") as process:
        process.send_signal(signal.SIGSTOP)
        before = turn.take()
        age(tmp_path / "turn")

        assert (before, turn.take(), turn.keep()) == (False, True, True)
    turn.close()


def test_who_stood_still_finds_that_another_has_taken_over(tmp_path: Path) -> None:
    one, two, three = (Turn(tmp_path / "turn") for _ in range(3))
    assert one.take()
    age(tmp_path / "turn")

    assert [two.take(), one.keep(), two.keep(), three.take(), one.take()] == [True, False, True, False, False]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["turn"]
    for turn in (one, two, three):
        turn.close()


class Gate:
    """A broker that holds the first message up until it is opened."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def publish(self, message: Message, _body: bytes) -> None:
        first = not self.reached.is_set()
        self.reached.set()
        if first:
            await self.opened.wait()
        self.sent.append(message.data["id"])


def test_an_outbox_goes_on_while_its_relay_stands_still(
    ports: ProcessPorts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LEASE", 0.05)
    ports.run(announcing(Sold("a"), Sold("b"), Sold("c")))

    async def played() -> list[str]:
        gate = Gate()
        site: Any = ports.site
        site.broker, kept = gate, site.broker
        relays = [Relay(site, "shelf", ports.database, tmp_path / "relay") for _ in range(2)]
        still = asyncio.create_task(relays[0].run())
        await gate.reached.wait()
        other = asyncio.create_task(relays[1].run())
        async with asyncio.timeout(10):
            while await ports.database.depth():  # noqa: ASYNC110 - what is waited for is in a file
                await asyncio.sleep(0.005)
        gate.opened.set()
        for _ in range(20):  # turns of the loop: what it sent besides would be there by then
            await asyncio.sleep(0)
        for task in (still, other):
            task.cancel()
        await asyncio.gather(still, other, return_exceptions=True)
        for relay in relays:
            relay.close()
        site.broker = kept
        return gate.sent

    assert ports.runner.run(played()) == ["a", "b", "c", "a"]
