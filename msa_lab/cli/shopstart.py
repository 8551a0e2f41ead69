"""Starts a shop: here, or in a supervisor process of its own session that stays when this one has ended."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

from msa_lab import bootstrap
from msa_lab.cli.interrupted import Interrupted
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.messages import put, say
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here, shops_folder
from msa_lab.cli.shopstop import clean_up, waiting_line
from msa_lab.cli.terminal import emit, terminal_of
from msa_lab.errors import EnvironmentTrouble, MsaLabError, ServiceFailed, UserMistake
from msa_lab.persistence.shops import DEFAULT, ShopFolder, ShopStore
from msa_lab.runtime.process.refusing import told_in_a_sentence
from msa_lab.runtime.process.stamping import stamp_output
from msa_lab.source import quoted
from msa_lab.usecases.ports import Plan

_TOLD = {kind.__name__: kind for kind in (EnvironmentTrouble, ServiceFailed, UserMistake)}
Tell = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Wish:
    """What shop is asked for."""

    name: str
    topology: str | None
    settings: tuple[str, ...]
    given: str
    host: str
    port: int | None
    log: str


def start(wish: Wish, talk: Talk, *, foreground: bool) -> int:
    """Start a shop and say where it is; give the exit code.

    Raises:
        UserMistake: when the wish is wrong or the shop runs already.
        EnvironmentTrouble: when the machine refuses; nothing is left running.
    """
    began = time.perf_counter()
    folder = ShopStore(shops_folder()).named(wish.name)
    plan = _planned(wish)
    folder.make()
    lock = folder.claim()
    if lock is None:
        known = folder.now or {}
        other = "" if wish.name != DEFAULT else "\n  one more:  msalab up --name NAME"
        raise UserMistake(
            f"shop {quoted(wish.name)} is running already, at {known.get('url', '')}\n"
            f"  end it:  msalab down{_named(folder)}{other}"
        )
    try:
        clean_up(folder)
        _ready_for(folder, plan)
        speaker = _Speaker(talk, folder, began)
        if foreground:
            return _here(wish, plan, folder, speaker)
        return _apart(wish, plan, folder, speaker)
    finally:
        os.close(lock)


def _planned(wish: Wish) -> Plan:
    workspace = bootstrap.Workspace(here())
    specs = workspace.specs()
    scenario = bootstrap.scenario_for(workspace, specs, wish.given, {})
    wishes = bootstrap.Wishes(topology=wish.topology, settings=wish.settings, chaos=False)
    return bootstrap.plan_for(workspace, specs, scenario, wishes)


def _ready_for(folder: ShopFolder, plan: Plan) -> None:
    """See to it that the folder's data are those of the scenario, or none."""
    past = folder.past
    held = str(past.get("given", ""))
    if not held and folder.data.exists():  # a start that did not come to its end
        shutil.rmtree(folder.data)
        folder.make()
    if held and held != plan.scenario.id:
        raise UserMistake(
            f"shop {quoted(folder.name)} holds the data of scenario {quoted(held)}\n"
            f"  begin anew:  msalab reset{_named(folder)}\n"
            f"  or go on:    msalab up{_named(folder)} --given {held}"
        )


def _named(folder: ShopFolder) -> str:
    return "" if folder.name == DEFAULT else f" --name {folder.name}"


class _Speaker:
    """Tells how the start goes on."""

    def __init__(self, talk: Talk, folder: ShopFolder, began: float) -> None:
        self._talk = talk
        self._folder = folder
        self._began = began
        self._live = terminal_of(sys.stderr).live and not talk.quiet

    def progress(self, told: Mapping[str, Any]) -> None:
        """Show who is ready; who blocks an end."""
        if "waiting" in told:
            line = waiting_line(told)
        elif "seeding" in told:
            line = f"filling in the data of {told['seeding']}"
        else:
            line = f"starting: {told['ready']} of {told['of']} processes are ready"
        if self._live:
            put(f"\r\x1b[K{line}")

    def up(self, state: Mapping[str, Any], instances: int) -> None:
        """Say where the shop is, how to look and how to end it."""
        if self._live:
            put("\r\x1b[K")
        took = time.perf_counter() - self._began
        folder = self._folder
        if self._talk.json:
            content = {
                "schema": "msalab/up@1", "name": folder.name, "url": state["url"], "instances": instances,
                "took": round(took, 3), "pid": state["pid"], "folder": str(folder.path),
            }  # fmt: skip
            emit(json_text(content))
            return
        name = _named(folder)
        lines = [f"{folder.name} is up at {state['url']}: {instances} instances in {took:.1f} s"]
        if not self._talk.quiet:
            lines += [
                f"  look:  msalab status{name}    msalab saga list --run {folder.name}",
                f"  end:   msalab down{name}",
            ]
        emit("\n".join([*lines, ""]))


def _instances(plan: Plan) -> int:
    return sum(deployed.replicas for deployed in plan.topology.deployments.values())


def _stand(
    wish: Wish, plan: Plan, folder: ShopFolder, progress: Tell, on_up: Callable[[Mapping[str, Any]], object]
) -> list[str]:
    return bootstrap.stand(
        plan,
        folder,
        bootstrap.Address(wish.host, wish.port),
        level=cast("Literal['all', 'normal', 'key']", wish.log),
        progress=progress,
        on_up=on_up,
    )


def _here(wish: Wish, plan: Plan, folder: ShopFolder, speaker: _Speaker) -> int:
    killed = _stand(wish, plan, folder, speaker.progress, lambda state: speaker.up(state, _instances(plan)))
    say(f"{folder.name} is down" + (f"; had to be killed: {', '.join(killed)}" if killed else ""))
    return 6 if killed else 0


def _apart(wish: Wish, plan: Plan, folder: ShopFolder, speaker: _Speaker) -> int:
    """Fork a supervisor off, listen to it until the shop is up, and leave it alone."""
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        with told_in_a_sentence():
            pid = os.fork()
    except EnvironmentTrouble:
        os.close(read)
        os.close(write)
        raise
    if pid == 0:
        os.close(read)
        _supervise(wish, plan, folder, os.fdopen(write, "w", encoding="utf-8", buffering=1))
    os.close(write)
    try:
        with os.fdopen(read, encoding="utf-8") as told:
            return _listen(told, plan, folder, speaker)
    except (Interrupted, KeyboardInterrupt):
        say("\ninterrupted: ending what was started")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        raise


def _listen(told: IO[str], plan: Plan, folder: ShopFolder, speaker: _Speaker) -> int:
    for line in told:
        message = json.loads(line)
        if "up" in message:
            speaker.up(message["up"], _instances(plan))
            return 0
        if "error" in message:
            raise _TOLD.get(message["error"], UserMistake)(message["said"])
        speaker.progress(message)
    say(f"the supervisor failed; see {folder.logs / 'supervisor.out'}")
    return MsaLabError.exit_code


def _supervise(wish: Wish, plan: Plan, folder: ShopFolder, tell: IO[str]) -> None:
    """Be the supervisor: a session of its own, no terminal, a file to print to."""
    code = MsaLabError.exit_code

    def telling(message: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError, ValueError):  # whoever started us may have gone
            tell.write(json.dumps(message) + "\n")

    def on_up(state: Mapping[str, Any]) -> None:
        telling({"up": dict(state)})
        tell.close()

    try:
        os.setsid()
        _redirect(folder.logs / "supervisor.out")
        stamp_output()
        killed = _stand(wish, plan, folder, telling, on_up)
        code = 6 if killed else 0
    except MsaLabError as trouble:
        say(f"error: {trouble}")
        telling({"error": type(trouble).__name__, "said": str(trouble)})
        code = trouble.exit_code
    except BaseException:  # noqa: BLE001 - the last frame of this process
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _redirect(out: Path) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, target in ((0, null), (1, file), (2, file)):
        os.dup2(target, number)
