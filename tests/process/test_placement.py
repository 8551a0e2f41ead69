"""The same services placed and wired otherwise: in one process, in modules, replicated, with patterns off."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from msa_lab.bootstrap import WallClock, Wishes, Workspace, plan_for, scenario_for
from msa_lab.runtime.process.blueprint import placed
from msa_lab.runtime.process.world import ProcessWorld
from msa_lab.scenario.findings import Verdict
from msa_lab.sdk import seconds
from msa_lab.usecases.ports import Plan
from msa_lab.usecases.run_scenario import run_scenario

ROOT = Path(__file__).parents[2]
MODULAR = """\
schema: msalab/topology@1
id: modular
title: The shop in three processes
why: Fewer processes have fewer calls that can fail, and fail together.
extends: textbook
patterns: {placement: modular}
modules:
  front: [gateway, user, product, cart, search, review]
  money: [order, payment, promotion]
  goods: [inventory, shipping, notification]
"""

UNDONE = """
load:
  - {phase: some, flow: buy-one, rate: 3/s, for: 2s}
expect:
  - id: undone
    each: saga.checkout
    finally: state == "COMPENSATED"
  - id: enough
    evidence: saga.checkout.started >= 1
"""


def plan_on(place: Path, topology: str, *settings: str) -> Plan:
    """Give two seconds of the checkout on a topology."""
    (place / "topologies").mkdir()
    (place / "topologies" / "modular.yaml").write_text(MODULAR, encoding="utf-8")
    workspace = Workspace(place)
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    plan = plan_for(workspace, specs, scenario, Wishes(topology=topology, settings=settings))
    phase = dataclasses.replace(scenario.load[0], rate=3.0, duration=seconds(2))
    brief = dataclasses.replace(scenario, load=(phase,), duration=seconds(2), settle=seconds(25))
    return dataclasses.replace(plan, scenario=brief)


@pytest.mark.parametrize(
    ("topology", "settings", "processes"),
    [
        ("monolith", (), ["carrier", "monolith", "psp"]),
        ("modular", (), ["carrier", "front", "goods", "money", "psp"]),
    ],
    ids=["monolith", "modular"],
)
def test_services_that_are_placed_together_share_a_process(
    tmp_path: Path, topology: str, settings: tuple[str, ...], processes: list[str]
) -> None:
    plan = plan_on(tmp_path, topology, *settings)

    found = {place.process.removesuffix("-1") for place in placed(plan.topology, plan.specs)}

    assert sorted(found) == processes


def test_each_replica_has_a_process_and_there_are_twelve_beside_the_outside_parties(tmp_path: Path) -> None:
    plan = plan_on(tmp_path, "textbook")

    places = [place.process for place in placed(plan.topology, plan.specs)]

    assert len(places) == 18
    assert len({place.rpartition("-")[0] for place in places} - {"psp", "carrier"}) == 12
    assert {"gateway-2", "order-2", "payment-2", "inventory-2"} <= set(places)


@pytest.mark.parametrize(
    ("topology", "settings"),
    [
        ("modular", ()),
        ("textbook", ("services.search.replicas=3",)),
        ("choreographed", ()),
        ("no-outbox", ()),
        ("no-inbox", ()),
        ("shared-database", ()),
        ("textbook", ("patterns.isolation=none",)),
    ],
    ids=["modular", "replicas", "choreographed", "no-outbox", "no-inbox", "shared-database", "no-isolation"],
)
def test_customers_get_what_they_pay_for_however_it_is_wired(
    tmp_path: Path, topology: str, settings: tuple[str, ...]
) -> None:
    plan = plan_on(tmp_path, topology, *settings)

    report = run_scenario(plan, world=ProcessWorld(), run="test", tool="test", stopwatch=WallClock())

    judged = {finding.id: finding.verdict for finding in report.findings}
    assert report.played.settled
    assert {name: judged[name] for name in ("money", "captured-once", "stock-conserved", "nothing-lost")} == {
        "money": Verdict.HELD, "captured-once": Verdict.HELD, "stock-conserved": Verdict.HELD,
        "nothing-lost": Verdict.HELD,
    }  # fmt: skip
    assert report.sagas["completed"] >= 1
    assert report.sagas["open"] == 0


def checkout(place: Path) -> subprocess.CompletedProcess[str]:
    """Type three seconds of the checkout on real processes, where every order must end undone."""
    text = (ROOT / "scenarios" / "checkout.yaml").read_text(encoding="utf-8")
    brief = text.partition("\nload:")[0].replace("duration: 30s", "duration: 3s") + UNDONE
    (place / "scenarios").mkdir()
    (place / "scenarios" / "checkout.yaml").write_text(brief, encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MSALAB_")}
    return subprocess.run(  # noqa: S603 - this Python
        [sys.executable, "-m", "msa_lab", *("scenario", "checkout", "--mode", "process", "--ui", "plain")],
        cwd=place, env={**clean, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(place)}, text=True,
        capture_output=True, timeout=90, check=False,
    )  # fmt: skip


def test_a_students_own_payment_serves_real_customers(tmp_path: Path) -> None:
    own = tmp_path / "services" / "payment"
    shutil.copytree(ROOT / "services" / "payment", own)
    handlers = own / "handlers.py"
    text = handlers.read_text(encoding="utf-8")
    refusing = text.replace(
        "async def authorize(ctx: Context, request: AuthorizePayment) -> PaymentView:\n",
        "async def authorize(ctx: Context, request: AuthorizePayment) -> PaymentView:\n"
        '    raise CardDeclined("mine takes no cards")\n',
    )
    assert refusing != text
    handlers.write_text(refusing, encoding="utf-8")

    ended = checkout(tmp_path)

    assert (ended.returncode, "PASSED" in ended.stdout) == (0, True), ended.stdout + ended.stderr


def test_what_a_students_code_cannot_import_is_told_as_theirs(tmp_path: Path) -> None:
    own = tmp_path / "services" / "payment"
    shutil.copytree(ROOT / "services" / "payment", own)
    (own / "handlers.py").write_text("import nothing_of_that_name\n", encoding="utf-8")

    ended = checkout(tmp_path)

    assert ended.returncode == 3
    lacking = f"{own / 'handlers.py'}:1: ModuleNotFoundError"
    assert f"service payment: its code cannot be loaded: {lacking}" in ended.stderr
    assert "Traceback" not in ended.stderr
