"""Ends a shop, or what a killed supervisor has left of one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msa_lab import bootstrap
from msa_lab.cli.messages import put, say
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here, shops_folder
from msa_lab.cli.terminal import emit, terminal_of
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence.shops import ShopFolder, ShopStore
from msa_lab.runtime.process.asking import ask
from msa_lab.runtime.process.identity import started
from msa_lab.source import quoted

GONE_WITHIN = 10.0
"""How many seconds a supervisor that has said its last word has to be gone."""

_PAUSE = 0.02
_NOT_HEALED = 6
_NAMED = 4


def stop(name: str, talk: Talk, *, every: bool) -> int:
    """End one shop, or all; give the exit code."""
    store = ShopStore(shops_folder())
    folders = list(store.all()) if every else [store.known(name)]
    codes = [_stop(folder, talk) for folder in folders if not every or folder.runs or folder.now]
    if every and not codes:
        say("no shop was running")
    return max(codes, default=0)


def _stop(folder: ShopFolder, talk: Talk) -> int:
    if not folder.runs:
        left = clean_up(folder)
        what = f"; ended what was left: {', '.join(left)}" if left else ""
        emit(f"{folder.name} was not running{what}\n")
        return 0
    countdown = _countdown(talk)
    answer = ask_shop(folder, "down", progress=countdown)
    if terminal_of(sys.stderr).live:
        put("\r\x1b[K")
    _wait_gone(folder)
    killed = answer["killed"]
    emit(f"{folder.name} is down" + (f"; had to be killed: {', '.join(killed)}" if killed else "") + "\n")
    return _NOT_HEALED if killed else 0


def restart(name: str, who: str, talk: Talk) -> None:
    """Start a service or an instance anew."""
    folder = ShopStore(shops_folder()).standing(name)
    names = ask_shop(folder, "restart", name=who)
    if not talk.quiet:
        emit(f"started anew: {', '.join(names)}\n")


def reset(name: str, talk: Talk, *, yes: bool, force: bool) -> int:
    """Delete a shop's data; give the exit code.

    Raises:
        UserMistake: when it runs, or nobody says yes.
    """
    folder = ShopStore(shops_folder()).known(name)
    if folder.runs:
        if not force:
            way_out = "msalab down, or msalab reset --force"
            raise UserMistake(f"shop {quoted(name)} is running\n  end it first:  {way_out}")
        if not yes:
            _sure(folder)
        _stop(folder, talk)
    elif not yes:
        _sure(folder)
    lock = folder.claim()
    if lock is None:
        raise EnvironmentTrouble(f"shop {folder.name} is just starting; try again")
    try:
        clean_up(folder)
        bootstrap.leave_servers(bootstrap.Workspace(here()), folder)
        folder.reset()
    finally:
        os.close(lock)
    emit(f"{folder.name} is empty\n")
    return 0


def _sure(folder: ShopFolder) -> None:
    if not sys.stdin.isatty():
        raise UserMistake("reset deletes data and nobody is here to be asked\n  if you are sure:  --yes")
    put(f"delete all data of shop {folder.name} in {folder.path}? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UserMistake("nothing was deleted")


def waiting_line(progress: Mapping[str, Any]) -> str:
    """Say who has not ended yet and how long it still has."""
    names = progress["waiting"]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"waiting for {', '.join(names[:_NAMED])}{more}: {progress['left']:.0f} s, then they are killed"


def _countdown(talk: Talk) -> Callable[[Mapping[str, Any]], object]:
    """Name who blocks the end: on a line that is redrawn, else once a second."""
    live = terminal_of(sys.stderr).live
    said: dict[int, None] = {}

    def tell(progress: Mapping[str, Any]) -> None:
        if not progress.get("waiting") or talk.quiet:
            return
        line = waiting_line(progress)
        if live:
            put(f"\r\x1b[K{line}")
        elif progress["left"] < 2.5 and round(progress["left"]) not in said:  # noqa: PLR2004 - most end at once
            said[round(progress["left"])] = None
            say(line)

    return tell


def ask_shop(folder: ShopFolder, verb: str, **words: Any) -> Any:  # noqa: ANN401 - as the verb has it
    """Ask the control plane of a shop that runs.

    Raises:
        UserMistake: when the request was wrong.
        EnvironmentTrouble: when nobody answers.
    """
    now = folder.now
    if now is None:
        raise EnvironmentTrouble(f"shop {folder.name} is just starting or ending; try again")
    return ask(Path(now["admin"]), folder.token, verb, **words)


def _wait_gone(folder: ShopFolder) -> None:
    until = time.perf_counter() + GONE_WITHIN
    while folder.runs:
        if time.perf_counter() > until:
            pid = (folder.now or {}).get("pid", "?")
            raise EnvironmentTrouble(
                f"the supervisor (process {pid}) does not end\n  kill it:  kill -9 {pid}"
            )
        time.sleep(_PAUSE)


def clean_up(folder: ShopFolder) -> list[str]:
    """End what a killed supervisor has left, known by number and start; give the names. Nobody may run it.

    The fork server and the kernel end the processes of a killed supervisor; this is for where they could not.
    """
    left = []
    for process in folder.processes:
        pid = int(process["pid"])
        if process["started"] and started(pid) == process["started"]:
            left.append(str(process["name"]))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    now = folder.now
    if now is not None:
        sockets = Path(str(now["sockets"]))
        if sockets.parent == Path(tempfile.gettempdir()) and sockets.name.startswith("msalab-"):
            shutil.rmtree(sockets, ignore_errors=True)
    folder.clear()
    return left
