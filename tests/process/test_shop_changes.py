"""What is done to a running shop: faults, restarts; and what can be seen of it. One shop for all of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from msa_lab.errors import UserMistake
from msa_lab.runtime.process.asking import ask
from tests.process.terminal import Terminal, request, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A running textbook shop; every test leaves it whole."""
    terminal = Terminal(tmp_path_factory.mktemp("s"))
    up = terminal("up")
    assert up.code == 0, up
    yield terminal
    ended = terminal("down")
    assert (ended.code, ended.out) == (0, "shop is down\n")


@pytest.fixture
def url(shop: Terminal) -> str:
    return str(shop.json("status")["url"])


def instance(shop: Terminal, name: str) -> dict[str, Any]:
    return next(one for one in shop.json("status")["instances"] if one["instance"] == name)


def bought(url: str, name: str) -> str:
    who = {"email": f"{name}@example.org", "password": "correct-horse"}
    request(url, "user.register", who)
    token = request(url, "user.login", who)["token"]
    request(url, "cart.add_item", {"sku": "SKU-1042", "quantity": 1}, token)
    return str(request(url, "order.checkout", {"card": "tok_ok", "country": "DE"}, token)["order_id"])


def test_an_injected_kill_kills_and_heals_and_is_in_the_log(shop: Terminal) -> None:
    before = instance(shop, "order-1")

    assert shop("chaos", "inject", "process.kill order-1 restart_after=300ms").out == (
        "process.kill on order-1, for 0.3 s\n  end it:  msalab chaos heal process.kill\n"
    )

    after = until(
        "order-1 is back", lambda: (one := instance(shop, "order-1"))["restarts"] and one["ready"] and one
    )
    assert after["pid"] != before["pid"]
    assert after["incarnation"] == before["incarnation"] + 1
    until("it is healed", lambda: shop.json("chaos", "active")["faults"] == [])
    kinds = [json.loads(line)["kind"] for line in shop("events", "shop", "--jsonl").out.splitlines()]
    assert [kind for kind in kinds if kind.startswith("fault.")] == ["fault.started", "fault.healed"]
    assert kinds.count("instance.crashed") == 1


def test_an_injected_delay_bites_until_it_is_healed_by_its_id(shop: Terminal, url: str) -> None:
    shop("chaos", "inject", "net.delay gateway -> product latency=300ms for 60s")

    begun = time.perf_counter()
    request(url, "product.page", {"sku": "SKU-1042"})
    assert time.perf_counter() - begun > 0.3
    (fault,) = shop.json("chaos", "active")["faults"]
    assert fault["touched"] > 0
    assert 0 < fault["left"] < 60
    assert "net.delay  gateway -> product" in shop("status").out

    assert shop("chaos", "heal", "net.delay").out == "healed: net.delay\n"
    assert shop.json("chaos", "active")["faults"] == []
    assert shop("chaos", "heal", "--all").out == "no fault was in force\n"


def test_a_counted_fault_ends_when_its_count_is_used_up_also_for_who_was_born_later(
    shop: Terminal, url: str
) -> None:
    shop("chaos", "inject", "http.abort gateway -> product status=503 count=2 for 60s")
    assert shop("restart", "gateway").out == "started anew: gateway-1, gateway-2\n"

    def used_up() -> bool:
        with contextlib.suppress(AssertionError):
            request(url, "product.page", {"sku": "SKU-1042"})
        return bool(shop.json("chaos", "active")["faults"] == [])

    until("both strikes are spent", used_up)
    healed = [
        json.loads(line)
        for line in shop("events", "shop", "--jsonl").out.splitlines()
        if "fault.healed" in line
    ]
    assert healed[-1]["detail"] == {"fault": "http.abort", "touched": 2}


def test_a_fault_that_waits_for_its_time_can_be_withdrawn(shop: Terminal) -> None:
    told = shop("chaos", "inject", "process.kill user-1 at 60s").out.splitlines()[0]
    assert told == "process.kill on user-1, in 60 s, for 1 s"

    (fault,) = shop.json("chaos", "active")["faults"]
    assert (fault["in_force"], fault["left"]) == (False, None)
    assert shop("chaos", "heal", "--all").out == "healed: process.kill\n"
    assert shop.json("chaos", "active")["faults"] == []


def test_a_mistake_in_a_fault_is_shown_in_its_place_and_hurts_nothing(shop: Terminal) -> None:
    ended = shop("chaos", "inject", "net.delya order -> cart latency=2s for 3s")

    assert ended.code == 3
    assert "did you mean 'net.delay'?" in ended.err
    assert shop.json("chaos", "active")["faults"] == []
    assert shop("chaos", "heal", "nothing").code == 3
    assert shop("chaos", "heal").code == 2
    assert shop("restart", "ordr").err.startswith(
        "error: the shop has no service or instance 'ordr'; did you mean 'order'?\n"
    )


def test_restart_starts_every_instance_of_a_service_anew(shop: Terminal) -> None:
    before = [instance(shop, name) for name in ("payment-1", "payment-2")]

    assert shop("restart", "payment").out == "started anew: payment-1, payment-2\n"

    after = [instance(shop, name) for name in ("payment-1", "payment-2")]
    assert [one["incarnation"] - old["incarnation"] for one, old in zip(after, before, strict=True)] == [1, 1]
    assert all(one["ready"] for one in after)


def test_who_falls_at_each_start_stays_down_with_one_clear_sentence(shop: Terminal) -> None:
    data = shop.folder / "data"
    aside = shop.place / "aside"
    aside.mkdir()
    for path in data.glob("review.sqlite*"):
        shutil.move(path, aside / path.name)
    (data / "review.sqlite").mkdir()  # no database can be opened there

    os.kill(instance(shop, "review-1")["pid"], signal.SIGKILL)

    failed = until(
        "it is given up", lambda: (one := instance(shop, "review-1"))["state"] == "failed" and one, 40
    )
    assert "review" in failed["why"]
    assert "unable to open database file" in failed["why"]
    assert len(failed["why"].splitlines()) <= 2
    assert failed["why"].splitlines()[0] in shop("status").out
    (data / "review.sqlite").rmdir()
    for path in aside.iterdir():
        shutil.move(path, data / path.name)
    assert shop("restart", "review-1").code == 0
    assert instance(shop, "review-1")["state"] == "up"


def test_the_logs_of_all_processes_read_as_one(shop: Terminal) -> None:
    lines = shop("logs").out.splitlines()

    assert any("user-1, incarnation 1, serves at port" in line for line in lines)
    moments = [line.split()[0] for line in lines]
    assert moments == sorted(moments)
    only = shop("logs", "user").out.splitlines()
    assert {line.split()[1] for line in only} == {"user-1"}
    assert shop("logs", "user", "--since", "1s").out == ""
    assert shop("logs", "usr").code == 3
    with shop.start("logs", "cart", "-f") as following:
        assert following.stdout is not None
        assert "cart-1" in following.stdout.readline()
        shop("restart", "cart")
        assert "incarnation 2, serves at port" in following.stdout.readline()
        following.send_signal(signal.SIGINT)
        assert following.wait(10) == 130


def test_a_purchase_can_be_followed_in_the_running_shop(shop: Terminal, url: str) -> None:
    with shop.start("events", "shop", "-f", "--filter", 'kind == "saga.completed"') as following:
        order = bought(url, "ann")
        assert following.stdout is not None
        assert order in following.stdout.readline()
        following.send_signal(signal.SIGINT)
        following.wait(10)

    listed = shop.json("saga", "list", "--run", "shop")["sagas"]
    assert [(saga["id"], saga["state"]) for saga in listed if saga["id"] == order] == [(order, "COMPLETED")]
    assert "payment.capture: ok" in shop("saga", "show", order, "--run", "shop").out
    assert shop("saga", "why", order, "--run", "shop").code == 0
    metrics = shop.json("metrics", "shop")["metrics"]
    assert metrics["saga.checkout.duration"]["count"] >= 1
    assert not [name for name in metrics if name.startswith("request.")]  # it does not log what callers ask


def test_a_dead_letter_is_looked_at_mended_and_handed_out_again(shop: Terminal, url: str) -> None:
    assert shop("dlq", "list").out == "no dead letters\n"
    shop("chaos", "inject", "msg.poison notification count=1 for 60s")
    bought(url, "eve")
    (letter,) = until("there is one", lambda: shop.json("dlq", "list")["letters"], 40)
    assert letter["group"] == "notification"
    assert letter["reason"] == "poison: undecodable"
    name = letter["id"]
    assert name in shop("dlq", "list").out

    assert shop.json("dlq", "show", name)["data"] == letter["data"]
    assert shop("dlq", "show", "no-such").code == 3
    field = next(field for field, value in letter["data"].items() if isinstance(value, str))
    assert shop("dlq", "edit", name, "--set", f"{field}x=other").code == 3
    refused = shop("dlq", "edit", name, "--data", "[1]")
    assert (refused.code, "cannot have this content" in refused.err) == (3, True)
    assert shop("dlq", "edit", name, "--set", f"{field}={letter['data'][field]}").code == 0

    assert shop("dlq", "replay", name).out == f"{name} to notification: handed out again\n"

    def applied() -> bool:
        return any(
            event["detail"]["id"] == name and event["detail"]["group"] == "notification"
            for line in shop("events", "shop", "--jsonl").out.splitlines()
            if (event := json.loads(line))["kind"] == "event.applied"
        )

    until("it is applied", applied)
    assert shop("dlq", "list").out == "no dead letters\n"
    assert shop("dlq", "drop", "--all").out == "no dead letters\n"


def test_reset_refuses_a_running_shop_and_asks(shop: Terminal) -> None:
    assert shop("reset", "--yes").code == 3
    ended = shop("reset", "--force")
    assert (ended.code, "nobody is here to be asked" in ended.err) == (3, True)
    assert shop.json("status")["instances"]


def test_without_the_token_nothing_is_done_and_the_token_is_told_nowhere(
    shop: Terminal,
) -> None:
    token = (shop.folder / "token").read_text()
    place = Path(json.loads((shop.folder / "running.json").read_text())["admin"])

    with pytest.raises(UserMistake, match="the token is wrong"):
        ask(place, "guess", "down")
    with pytest.raises(UserMistake, match="knows no such verb"):
        ask(place, token, "explode")
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(place))
        line.sendall(b"no json\n")
        assert b"no JSON object" in line.recv(1000)
    private = {path.name: path.stat().st_mode & 0o077 for path in (shop.folder, place, place.parent)}
    assert set(private.values()) == {0}
    files = [path for path in shop.folder.rglob("*") if path.is_file() and path.name != "token"]
    assert len(files) > 20
    assert [path.name for path in files if token.encode() in path.read_bytes()] == []
    assert shop.json("status")["instances"]
