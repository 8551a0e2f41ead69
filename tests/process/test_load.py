"""Load on a running shop: Locust takes the flows of the scenario and says what it met."""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from msa_lab.runtime.process.locusts import percentile
from tests.process.conftest import Watched, descendants
from tests.process.terminal import Terminal, until

# Not imported to find out: it would patch this process.
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("locust") is None, reason="needs the extra: pip install 'msa-lab[load]'"
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path_factory.mktemp("l"))
    up = terminal("up", "-t", "monolith")
    assert up.code == 0, up
    yield terminal
    assert terminal("down").code == 0


def figures_of(told: dict[str, Any], *, journeys: bool) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in told["figures"] if one["journey"] is journeys}


def test_shoppers_take_the_flow_of_the_scenario_to_its_end_and_the_figures_are_kept(shop: Terminal) -> None:
    told = shop.json("load", "--users", "3", "--for", "6s")

    operations = figures_of(told, journeys=False)
    assert list(operations) == [
        "user.register", "user.login", "product.page", "cart.add_item", "order.checkout"
    ]  # fmt: skip
    assert {one["failures"] for one in operations.values()} == {0}
    journey = figures_of(told, journeys=True)["buy-one"]
    assert journey["count"] >= 2
    assert journey["failures"] == 0
    assert 0 < journey["p50"] <= journey["p95"] <= journey["p99"] <= journey["max"]
    (kept,) = shop.folder.glob("loads/*/load.json")
    assert json.loads(kept.read_text()) == told
    sagas = shop.json("saga", "list", "--run", "shop")["sagas"]
    assert len(sagas) >= journey["count"]
    assert {saga["state"] for saga in sagas} == {"COMPLETED"}


def test_a_refusal_of_the_business_is_no_failure_of_the_shop(shop: Terminal) -> None:
    shop("chaos", "inject", "pay.decline psp for 60s")
    try:
        told = shop.json("load", "--users", "1", "--for", "4s", "--flow", "buy-one")
    finally:
        shop("chaos", "heal", "--all")

    assert {one["failures"] for one in figures_of(told, journeys=False).values()} == {0}


@linux
def test_workers_share_the_shoppers_and_all_end(shop: Terminal) -> None:
    with shop.start("load", "--users", "4", "--for", "5s", "--workers", "2", "--json") as loading:
        until("the workers are there", lambda: len(descendants(loading.pid)) >= 3)
        watched = Watched()
        watched.add(descendants(loading.pid))
        out, err = loading.communicate(timeout=60)

    assert loading.returncode == 0, err
    assert figures_of(json.loads(out), journeys=False)["order.checkout"]["count"] >= 2
    assert watched.alive_after(5) == []


@linux
def test_ctrl_c_ends_it_all_and_what_was_seen_is_kept(shop: Terminal) -> None:
    before = len(shop.json("saga", "list", "--run", "shop")["sagas"])
    with shop.start("load", "--users", "2", "--for", "10m", "--json") as loading:
        until("more was bought", lambda: len(shop.json("saga", "list", "--run", "shop")["sagas"]) > before)
        watched = Watched()
        watched.add(descendants(loading.pid))
        loading.send_signal(signal.SIGINT)
        out, err = loading.communicate(timeout=60)

    assert loading.returncode == 130, err
    assert json.loads(out)["schema"] == "msalab/load@1"
    assert watched.alive_after(5) == []


def test_an_unknown_flow_is_refused_with_those_there_are(shop: Terminal) -> None:
    ended = shop("load", "--flow", "buy-on")

    assert ended.code == 3
    assert "did you mean 'buy-one'?" in ended.err
    assert shop("load", "--for", "soon").code == 2


def test_percentiles_are_by_nearest_rank() -> None:
    times = {10.0: 50, 20.0: 45, 300.0: 5}

    assert [percentile(times, share) for share in (50, 95, 99)] == [10.0, 20.0, 300.0]
    assert percentile({}, 95) == 0.0
