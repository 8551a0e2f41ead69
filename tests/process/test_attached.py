"""`msalab tui` on a real shop: it follows it, hurts it, and leaves it running."""

from __future__ import annotations

import concurrent.futures
import json
import sys
import termios
from collections.abc import Iterator

import pytest

from tests.process.terminal import Terminal, request, until
from tests.tui.terminals import Terminal as Window

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="starts a shop of its own")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path_factory.mktemp("s"))
    up = terminal("up", "-t", "monolith")
    assert up.code == 0, up
    yield terminal
    assert terminal("down").code == 0


@pytest.fixture
def window(shop: Terminal) -> Iterator[Window]:
    opened = Window(shop.place, "tui", TMPDIR=str(shop.place), size=(120, 40))
    yield opened
    opened.close()


def test_the_view_follows_the_shop_hurts_it_at_once_and_leaves_it(shop: Terminal, window: Window) -> None:
    url = shop.json("status")["url"]
    window.wait_for(b"Services")
    window.wait_for(b"LIVE")
    request(url, "user.register", {"email": "ann@example.org", "password": "correct-horse"})
    window.type(b"x")
    window.wait_for(b"same by")
    window.type(b"net.delay user")
    window.wait_for(b"latency=")
    window.type(b"\r")
    faults = until("it acts", lambda: shop.json("chaos", "active")["faults"])
    assert [fault["kind"] for fault in faults] == ["net.delay"]
    window.wait_for(b"FAULTS 1")
    window.type(b"!")
    until("it is healed", lambda: shop.json("chaos", "active")["faults"] == [])
    window.type(b"q")

    assert window.end() == 0
    assert termios.tcgetattr(window.slave) == window.before
    assert "shop is still up at" in window.after()
    assert "18 of 18 instances" in window.after()
    assert shop.json("status")["instances"]


def test_a_view_that_is_killed_leaves_the_shop_alone(shop: Terminal, window: Window) -> None:
    window.wait_for(b"LIVE")
    window.process.kill()
    window.process.wait()

    assert shop.json("status")["instances"]


def test_space_holds_the_shop_and_the_end_of_the_view_lets_it_go(shop: Terminal, window: Window) -> None:
    url = shop.json("status")["url"]
    page = {"sku": "SKU-1042"}
    window.wait_for(b"LIVE")
    window.type(b" ")
    window.wait_for(b"HELD 0")
    with concurrent.futures.ThreadPoolExecutor(1) as others:
        answer = others.submit(request, url, "product.page", page)
        window.wait_for(b"HELD 1")
        assert not answer.done()
        window.process.kill()
        window.process.wait()
        assert answer.result(10)
    kinds = [json.loads(line) for line in shop("events", "shop", "--jsonl").out.splitlines()]
    holds = [event["kind"] for event in kinds if event["detail"].get("fault") == "hold"]
    assert (holds[0], holds[1]) == ("fault.started", "fault.hit")
    assert holds.count("fault.healed") == 1


def test_what_was_put_into_a_shop_by_hand_is_kept_as_a_scenario(shop: Terminal) -> None:
    shop("chaos", "inject", "net.delay gateway -> product latency=5ms for 60s")
    shop("chaos", "inject", "process.kill order-1 at 60s")
    shop("chaos", "heal", "--all")

    kept = shop("scenario", "record", "shop", "--file", "mine.yaml")

    assert kept.code == 0, kept
    assert "play it:  msalab scenario mine.yaml --chaos --mode process" in kept.out
    assert "real processes: the same faults at the same times" in kept.out
    text = (shop.place / "mine.yaml").read_text()
    assert "topology: monolith" in text
    assert "net.delay" in text
    assert "id: net.delay-1" in text
    assert "id: process.kill-" not in text  # it never came
    assert shop("scenario", "lint", "mine.yaml").code == 0
