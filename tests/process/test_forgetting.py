"""A shop that stays up forgets what it has done when nobody can ask for it again."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from msa_lab.runtime.process.forgetting import Calm
from msa_lab.sdk.values import Instant, seconds
from tests.process.terminal import Terminal, request, until

FORGETFUL = """
from msa_lab.__main__ import main
from msa_lab.runtime.process import forgetting
forgetting.KEPT, forgetting.LOOK_EVERY, forgetting.LOOKS = 1_000_000, 0.1, 1
main()
"""


def looked(*looks: tuple[int, bool]) -> list[Instant | None]:
    calm = Calm(seconds(10))
    return [calm.outlived(Instant(seconds(at)), whole=whole) for at, whole in looks]


def test_nothing_is_forgotten_before_the_shop_was_whole_for_long_without_a_break() -> None:
    assert looked((100, True), (109, True), (110, True), (115, True)) == [
        None, None, Instant(seconds(100)), Instant(seconds(105)),
    ]  # fmt: skip
    assert looked((0, True), (9, False), (12, True), (21, True), (22, True)) == [
        None, None, None, None, Instant(seconds(12)),
    ]  # fmt: skip


@pytest.fixture
def msalab(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    ended = terminal("down", "--all")
    assert ended.code == 0, ended


def marks(shop: Terminal) -> int:
    """Count the marks in all databases of the shop."""
    count = 0
    for path in (shop.folder / "data").glob("*.sqlite"):
        with contextlib.closing(sqlite3.connect(path)) as database:
            for table in ("inbox", "answers"):
                ((rows,),) = database.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
                count += rows
    return count


@pytest.mark.skipif(sys.platform != "linux", reason="starts a whole shop")
def test_a_running_shop_forgets_marks_while_it_is_whole_and_keeps_them_while_it_is_hurt(
    msalab: Terminal,
) -> None:
    hasty = ("-t", "monolith", "--set", "broker.visibility=600ms")
    with msalab.start("up", *hasty, "--json", code=FORGETFUL) as up:
        assert up.wait(timeout=60) == 0
    url = msalab.json("status")["url"]
    until("a shop that is whole forgets", lambda: marks(msalab) == 0)

    assert msalab("chaos", "inject", "net.delay payment -> psp latency=1ms for 60s").code == 0
    request(url, "user.register", {"email": "ann@example.org", "password": "correct-horse"})
    token = request(url, "user.login", {"email": "ann@example.org", "password": "correct-horse"})["token"]
    request(url, "cart.add_item", {"sku": "SKU-1042", "quantity": 1}, token)
    request(url, "order.checkout", {"card": "tok_ok", "country": "DE"}, token)
    until("the order is confirmed", lambda: msalab.json("saga", "list", "--run", "shop")["sagas"])
    held = until("there are marks", lambda: marks(msalab))
    assert marks(msalab) >= held

    assert msalab("chaos", "heal", "--all").code == 0
    until("it is whole again and forgets", lambda: marks(msalab) == 0)
    history = request(url, "order.history", {}, token)
    assert len(history["orders"]) == 1
