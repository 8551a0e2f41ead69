"""What `msalab load` does and prints."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msa_lab import bootstrap
from msa_lab.cli.interrupted import Interrupted
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.messages import say
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here, shops_folder
from msa_lab.cli.shopstop import ask_shop
from msa_lab.cli.terminal import emit, table, terminal_of
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence.runfolder import EVENTS, refusal
from msa_lab.persistence.shops import ShopFolder, ShopStore
from msa_lab.runtime.process.journeys import Journeys, weighted
from msa_lab.runtime.process.locusts import Crowd, Locusts
from msa_lab.source import meant, quoted


def load(name: str, flow: str | None, crowd: Crowd, talk: Talk) -> int:
    """Send shoppers into a running shop, say what they met, keep it; give the exit code.

    Raises:
        UserMistake: when there is no such shop or flow.
        EnvironmentTrouble: when Locust is missing or fails.
    """
    folder = ShopStore(shops_folder()).standing(name)
    status = ask_shop(folder, "status")
    if importlib.util.find_spec("locust") is None:
        raise EnvironmentTrouble("msalab load needs Locust\n  pip install 'msa-lab[load]'")
    journeys = _journeys(folder, status, flow)
    begun = datetime.now(UTC)  # noqa: TID251 - for people
    place = _place(folder, begun)
    locusts = Locusts(journeys, crowd, place)
    if not talk.quiet:
        page = f"  page: {locusts.page}  Ctrl-C ends it" if crowd.web else ""
        say(f"{crowd.users} shoppers for {crowd.seconds:g} s: {', '.join(journeys.flows)}{page}")
    code = 0
    try:
        figures = locusts.wait()
    except Interrupted as interrupted:
        code = interrupted.exit_code
        locusts.stop()
        try:
            figures = locusts.wait()
        except (Interrupted, EnvironmentTrouble):
            locusts.kill()
            raise interrupted from None
    finally:
        locusts.kill()
    result = {
        "schema": "msalab/load@1", "shop": folder.name, "started": begun.isoformat(timespec="seconds"),
        "users": crowd.users, "seconds": crowd.seconds, "workers": crowd.workers,
        "flows": list(journeys.flows), "figures": figures,
    }  # fmt: skip
    _keep(place / "load.json", result)
    _print(result, place, talk)
    return code


def _journeys(folder: ShopFolder, status: Mapping[str, Any], flow: str | None) -> Journeys:
    now = folder.now or {}
    workspace = bootstrap.Workspace(here())
    specs = workspace.specs()
    scenario = bootstrap.scenario_for(workspace, specs, str(now.get("given", "checkout")), {})
    weights = weighted(scenario)
    if flow is not None:
        if flow not in scenario.flows:
            guess = meant(flow, scenario.flows)
            known = ", ".join(scenario.flows)
            raise UserMistake(f"{scenario.id} has no flow {quoted(flow)}{guess}\n  it has: {known}")
        weights = {flow: 1}
    edge = next(spec for spec in specs if spec.edge)
    host = str(status["url"]).rpartition(":")[0]
    urls = [
        f"{host}:{one['port']}" for one in status["instances"] if one["service"] == edge.name and one["port"]
    ]
    if not urls:
        raise EnvironmentTrouble("no gateway is up\n  see:  msalab status")
    return Journeys(
        urls=tuple(urls),
        door=edge.operations[0].operation,
        flows={name: (weight, scenario.flows[name]) for name, weight in weights.items()},
        variables=scenario.variables,
        seed=scenario.seed,
        log=folder.events / EVENTS,
        began=int(status["age"] * 10),
    )


def _place(folder: ShopFolder, begun: datetime) -> Path:
    place = folder.path / "loads" / begun.strftime("%Y%m%d-%H%M%S-%f")[:-3]
    try:
        place.mkdir(parents=True)
    except OSError as error:
        raise refusal(place, error) from error
    return place


def _keep(path: Path, result: Mapping[str, Any]) -> None:
    try:
        path.write_text(json_text(result), encoding="utf-8")
    except OSError as error:
        raise refusal(path, error) from error


def _print(result: Mapping[str, Any], place: Path, talk: Talk) -> None:
    if talk.json:
        emit(json_text(result))
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    figures: Sequence[Mapping[str, Any]] = result["figures"]
    lines: list[str] = []
    for journey, title in ((False, "operation"), (True, "journey")):
        chosen = [one for one in figures if one["journey"] is journey]
        rows = [(title, "count", "failed", "per s", "p50", "p95", "p99", "max")]
        rows += [
            (
                one["name"], str(one["count"]), str(one["failures"] or ""), f"{one['rate']:.1f}",
                *(f"{one[column]:.0f} ms" for column in ("p50", "p95", "p99", "max")),
            )
            for one in chosen
        ]  # fmt: skip
        if chosen:
            head, *rest = table(rows, right=range(1, 8))
            lines += [terminal.paint(head, "dim"), *rest, ""]
    if not lines:
        lines = ["nobody got as far as a request", ""]
    emit("\n".join([*lines, terminal.paint(f"kept: {place / 'load.json'}", "dim"), ""]))
