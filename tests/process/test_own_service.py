"""Somebody's own service in place of a shipped one: what fails in its code is told as its author's."""

from __future__ import annotations

import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.process.terminal import ROOT, Terminal, until

BROKEN = """

async def broken(ctx: Context, {parameter}: object) -> None:
    {statement}
"""


@pytest.fixture
def msalab(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    assert terminal("down", "--all").code == 0


@pytest.fixture
def own(tmp_path: Path) -> Callable[[str, str, str], tuple[Path, int]]:
    """Make inventory the workspace's own and break one of its handlers; give the file and the line."""

    def break_handler(named: str, parameter: str, statement: str) -> tuple[Path, int]:
        shutil.copytree(ROOT / "services" / "inventory", tmp_path / "services" / "inventory")
        handlers, spec = (tmp_path / "services" / "inventory" / name for name in ("handlers.py", "spec.py"))
        text = handlers.read_text(encoding="utf-8")
        handlers.write_text(text + BROKEN.format(parameter=parameter, statement=statement), encoding="utf-8")
        wired = spec.read_text(encoding="utf-8")
        assert named in wired
        spec.write_text(wired.replace(named, "handlers.broken"), encoding="utf-8")
        return handlers, len(handlers.read_text(encoding="utf-8").splitlines())

    return break_handler


@pytest.mark.parametrize(
    ("handler", "statement", "words"),
    [
        ("handlers.reserve, WRITE", 'raise KeyError("shelf 9")', "KeyError: 'shelf 9'"),
        ("handlers.settle_when_confirmed", 'raise KeyError("shelf 6")', "KeyError: 'shelf 6'"),
        ("handlers.stock_up", 'raise KeyError("shelf 7")', "KeyError: 'shelf 7'"),
        ("handlers.reserve, WRITE", "raise SystemExit(7)", "SystemExit: 7"),
        ("handlers.stock_up", "raise SystemExit(7)", "SystemExit: 7"),
        ("handlers.reserve, WRITE", 'raise __import__("asyncio").CancelledError(7)', "CancelledError: 7"),
    ],
)
@pytest.mark.parametrize("mode", ["sim", "process"])
def test_a_run_ends_and_tells_file_and_line(
    handler: str, statement: str, words: str, mode: str, request: pytest.FixtureRequest
) -> None:
    msalab: Terminal = request.getfixturevalue("msalab")
    file, line = request.getfixturevalue("own")(handler, "told", statement)

    ended = msalab("scenario", "checkout", "--mode", mode, "-q", "--ui", "plain")

    told = " ".join(ended.err.split())
    assert (ended.code, told) == (3, f"error: service inventory: {file}:{line}, in broken: {words}")
    assert list(msalab.place.glob("msalab-*")) == []


@pytest.mark.parametrize(
    "handler", ["handlers.reserve, WRITE", "handlers.settle_when_confirmed", "handlers.stock_up"]
)
@pytest.mark.parametrize("mode", ["sim", "process"])
def test_a_run_ends_when_a_handler_does_not_return(
    handler: str, mode: str, msalab: Terminal, own: Callable[[str, str, str], tuple[Path, int]]
) -> None:
    msalab.env["MSALAB_PATIENCE"] = "1"
    file, line = own(handler, "told", "while True: pass")

    ended = msalab("scenario", "checkout", "--mode", mode, "-q", "--ui", "plain")

    told = " ".join(ended.err.split())
    assert ended.code == 3, ended
    assert told.startswith(
        f"error: service inventory: {file}:{line}, in broken: Endless: it does not return; only"
    )
    assert list(msalab.place.glob("msalab-*")) == []


def test_a_simulated_run_ends_when_a_handler_stays_at_one_instant_for_ever(
    msalab: Terminal, own: Callable[[str, str, str], tuple[Path, int]]
) -> None:
    msalab.env["MSALAB_PATIENCE"] = "1"
    file, line = own("handlers.reserve, WRITE", "told", "while True: await ctx.clock.sleep(0)")

    ended = msalab("scenario", "checkout", "-q", "--ui", "plain")

    told = " ".join(ended.err.split())
    assert ended.code == 3, ended
    assert f"service inventory: {file}:{line}, in broken: Endless: it does not return" in told


def test_patience_that_is_no_number_is_told_so(msalab: Terminal) -> None:
    msalab.env["MSALAB_PATIENCE"] = "soon"

    ended = msalab("scenario", "checkout", "-q", "--ui", "plain")

    assert (ended.code, "MSALAB_PATIENCE: 'soon' is no number" in ended.err) == (3, True), ended


def test_a_simulated_run_ends_when_a_handler_awaits_what_is_no_port(
    msalab: Terminal, own: Callable[[str, str, str], tuple[Path, int]]
) -> None:
    file, line = own("handlers.reserve, WRITE", "request", 'await __import__("asyncio").sleep(0)')

    ended = msalab("scenario", "checkout", "-q", "--ui", "plain")

    told = " ".join(ended.err.split())
    words = f"{file}:{line}, in broken: RuntimeError: a handler awaits only its ports"
    assert (ended.code, told) == (3, f"error: service inventory: {words}")


@pytest.mark.parametrize(
    ("statement", "given"),
    [("pass", "None"), ("return (ctx, 1)", "tuple"), ("return request", "ReserveStock")],
)
@pytest.mark.parametrize("mode", ["sim", "process"])
def test_a_reply_of_another_type_than_declared_is_told(
    mode: str, statement: str, given: str, msalab: Terminal, own: Callable[[str, str, str], tuple[Path, int]]
) -> None:
    file, line = own("handlers.reserve, WRITE", "request", statement)

    ended = msalab("scenario", "checkout", "--mode", mode, "-q", "--ui", "plain")

    told = " ".join(ended.err.split())
    words = f"{file}:{line - 1}, in broken: gives {given}, and should give StockReserved"
    assert (ended.code, told) == (3, f"error: service inventory: {words}")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("import asyncio; await asyncio.sleep(1)", "5: asyncio: a handler waits by its ports alone"),
        ("import time; time.sleep(1)", "18: time.sleep: a handler waits by its ports alone"),
        ("from time import sleep; sleep(1)", "5: time.sleep: a handler waits by its ports alone"),
    ],
)
def test_who_waits_past_the_ports_is_told_so_before_anything_is_played(
    statement: str, words: str, msalab: Terminal, own: Callable[[str, str, str], tuple[Path, int]]
) -> None:
    file, line = own("handlers.reserve, WRITE", "request", statement)

    ended = msalab("scenario", "checkout", "-q", "--ui", "plain")

    assert ended.code == 3, ended
    assert f"service inventory: {file}:{line}:{words}" in " ".join(ended.err.split())


@pytest.mark.parametrize("mode", ["sim", "process"])
def test_who_mixes_currencies_is_told_so(
    mode: str, msalab: Terminal, own: Callable[[str, str, str], tuple[Path, int]]
) -> None:
    statement = 'from msa_lab.sdk import Money; Money(1, "USD") + Money(1, "EUR")'
    file, line = own("handlers.reserve, WRITE", "request", statement)

    ended = msalab("scenario", "checkout", "--mode", mode, "-q", "--ui", "plain")

    assert ended.code == 3, ended
    told = " ".join(ended.err.split())
    assert f"{file}:{line}, in broken: CurrencyMismatch: USD and EUR do not mix" in told


def test_a_running_shop_goes_on_and_its_log_names_the_line(
    msalab: Terminal, own: Callable[[str, str, str], tuple[Path, int]]
) -> None:
    file, line = own("handlers.availability", "request", 'raise KeyError("shelf 5")')
    msalab.json("up", "-t", "monolith")
    instances = msalab.json("status")["instances"]
    port = next(one["port"] for one in instances if one["service"] == "inventory")

    url = f"http://127.0.0.1:{port}/stock/SKU-1042"
    with pytest.raises(urllib.error.HTTPError, match="500"):
        urllib.request.urlopen(url, timeout=10)

    supervisor = msalab.folder / "logs" / "supervisor.out"
    until("the supervisor says so", lambda: f"{file}:{line}, in broken" in supervisor.read_text())
    assert [one["ready"] for one in msalab.json("status")["instances"]].count(False) == 0


def test_a_shop_whose_data_its_own_service_refuses_does_not_come_up(
    msalab: Terminal, own: Callable[[str, str, str], tuple[Path, int]]
) -> None:
    file, line = own("handlers.stock_up", "stock", 'raise KeyError("shelf 7")')

    ended = msalab("up", "-t", "monolith")

    told = " ".join(ended.err.split())
    assert (ended.code, told) == (
        3,
        f"error: service inventory: {file}:{line}, in broken: KeyError: 'shelf 7'",
    )
    assert msalab("status").code == 3


def test_a_fork_server_that_dies_while_data_is_filled_in_ends_the_run_at_once(
    msalab: Terminal, own: Callable[[str, str, str], tuple[Path, int]]
) -> None:
    own(
        "handlers.stock_up",
        "stock",
        "import os; os.kill(os.getppid(), 9); await ctx.clock.sleep(60_000_000)",
    )
    began = time.perf_counter()

    ended = msalab("scenario", "checkout", "--mode", "process", "-q", "--ui", "plain")

    assert (ended.code, ended.err) == (4, "error: the fork server has died\n")
    assert time.perf_counter() - began < 15
    assert list(msalab.place.glob("msalab-*")) == []
