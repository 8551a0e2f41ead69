"""The commands about a running shop as far as no process is needed: its files are what they read."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fcntl", reason="shops run on Unix alone")

from msa_lab.cli.letterpages import _changed
from msa_lab.errors import UserMistake
from msa_lab.persistence.shops import ShopFolder

Msalab = Callable[..., Any]


@pytest.fixture
def shop(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> ShopFolder:
    """A shop that was up once: its folder, with nobody in it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(workspace / "state"))
    folder = ShopFolder(workspace / "state" / "msalab" / "shops" / "shop")
    folder.make()
    lock = folder.claim()
    assert lock is not None
    os.close(lock)
    return folder


@pytest.fixture
def played(shop: ShopFolder, msalab: Msalab) -> str:
    """The log of a simulated run as if it were the shop's; gives one of its sagas."""
    assert msalab("scenario", "tiny", "--ui", "plain").code == 0
    (log,) = Path("runs").glob("*/events.jsonl")
    (shop.events / "events.jsonl").write_bytes(log.read_bytes())
    saga: str = json.loads(msalab("saga", "list", "--json").out)["sagas"][0]["id"]
    return saga


def test_a_shop_that_does_not_run_is_said_with_the_way_out(shop: ShopFolder, msalab: Msalab) -> None:
    for command in (
        ("status",), ("restart", "order"), ("chaos", "active"), ("chaos", "heal", "--all"), ("dlq", "list"),
        ("load",),
    ):  # fmt: skip
        ended = msalab(*command)
        assert (ended.code, ended.out) == (3, "")
        assert ended.err.startswith(f"error: shop '{shop.name}' is not running\n  start it:  msalab up\n")
    assert msalab("down").out == "shop was not running\n"
    assert msalab("down", "--all").err == "no shop was running\n"


def test_no_shop_of_that_name_is_said_with_the_nearest(shop: ShopFolder, msalab: Msalab) -> None:
    assert shop.path.is_dir()

    ended = msalab("status", "--name", "shp")

    assert (ended.code, "there is no shop 'shp'; did you mean 'shop'?" in ended.err) == (3, True)
    assert msalab("up", "--name", "A Shop").code == 3


@pytest.mark.parametrize(
    "words",
    [
        ("chaos", "heal"), ("chaos", "heal", "net.loss", "--all"), ("dlq", "replay"), ("dlq", "edit", "x"),
        ("load", "--for", "soon"), ("load", "--users", "0"), ("up", "--port", "0"), ("up", "--log", "some"),
        ("logs", "--since", "yesterday"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_refused(shop: ShopFolder, msalab: Msalab, words: tuple[str, ...]) -> None:
    assert shop.path.is_dir()
    assert msalab(*words).code == 2


def test_the_log_of_a_shop_is_read_by_its_name_as_that_of_a_run(played: str, msalab: Msalab) -> None:
    by_run, by_shop = msalab("events", "--jsonl"), msalab("events", "shop", "--jsonl")
    assert by_shop.out == by_run.out
    assert len(by_shop.out.splitlines()) > 100

    assert msalab("saga", "show", played, "--run", "shop").out == msalab("saga", "show", played).out
    assert msalab("saga", "why", played, "--run", "shop").code == 0
    metrics = [json.loads(msalab("metrics", *words, "--json").out)["metrics"] for words in ((), ("shop",))]
    assert metrics[0]["saga.checkout.duration"] == metrics[1]["saga.checkout.duration"]
    assert metrics[1]["request.count"]["count"] > 0


def test_a_run_that_has_ended_cannot_be_followed(played: str, msalab: Msalab) -> None:
    assert played

    ended = msalab("events", "-f")

    assert ended.code == 3
    assert "only a running shop is followed:  msalab events shop -f" in ended.err


def test_lines_of_all_processes_come_in_the_order_of_their_times(shop: ShopFolder, msalab: Msalab) -> None:
    (shop.logs / "order-1.out.1").write_text("2026-11-23T20:00:00.000Z first\n")
    (shop.logs / "order-1.out").write_text(
        "2026-11-23T20:00:03.000Z Traceback\n  of a bug\n2026-11-23T20:00:05.000Z last\n"
    )
    (shop.logs / "user-1.out").write_text("2026-11-23T20:00:04.000Z \x1b[31mred\n")

    assert msalab("logs").out.splitlines() == [
        "20:00:00.000 order-1  first",
        "20:00:03.000 order-1  Traceback",
        "20:00:03.000 order-1    of a bug",
        "20:00:04.000 user-1   ?[31mred",
        "20:00:05.000 order-1  last",
    ]
    assert msalab("logs", "user").out == "20:00:04.000 user-1  ?[31mred\n"
    assert msalab("logs", "--since", "1s").out == ""
    unknown = msalab("logs", "ordr")
    assert (unknown.code, "did you mean 'order'?" in unknown.err) == (3, True)


def test_reset_asks_and_is_refused_where_nobody_can_answer(shop: ShopFolder, msalab: Msalab) -> None:
    (shop.data / "order.sqlite").touch()

    assert msalab("reset").code == 3
    assert (shop.data / "order.sqlite").exists()
    assert msalab("reset", "--yes").out == "shop is empty\n"
    assert not shop.data.exists()


def test_fields_of_a_letter_are_set_by_their_paths() -> None:
    letter = {"order_id": "ord-1", "lines": [{"quantity": 1}, {"quantity": 2}], "paid": False}

    changed = _changed(letter, ("lines.1.quantity=5", "paid=true", "order_id=ord-2"))

    assert changed == {"order_id": "ord-2", "lines": [{"quantity": 1}, {"quantity": 5}], "paid": True}
    for wrong in ("line.1=3", "lines.7.quantity=1", "lines.x=1", "order_id.y=1"):
        with pytest.raises(UserMistake, match="the letter has no such field"):
            _changed(letter, (wrong,))
