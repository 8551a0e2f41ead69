"""The command line as the command palette offers it: what each verb says of the run at hand."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

LATER: Final = "?"
"""Stands in a verb's arguments for what is asked for before it is shown."""
_SCHEMAS: Final = ("scenario", "topology", "run", "event", "metrics")


@dataclass(frozen=True, slots=True)
class Verb:
    """A command: its arguments, what it does, whether its page is shown inside, its key's name.

    `asks` says what is to be typed for the argument `?`; '' when all is known.
    """

    arguments: tuple[str, ...]
    does: str
    inside: bool = True
    key: str = ""
    asks: str = ""

    @property
    def line(self) -> str:
        """The command line."""
        return " ".join(("msalab", *(self.asks.upper() if it == LATER else it for it in self._quoted())))

    def _quoted(self) -> Iterator[str]:
        return (it if it in (LATER, "...") or it.isupper() else shlex.quote(it) for it in self.arguments)

    @property
    def name(self) -> str:
        """What is searched: the line without the program and the run."""
        words = list(self._quoted())
        if "--run" in words:
            del words[words.index("--run") :]
        return " ".join(self.asks.upper() if it == LATER else it for it in words)


@dataclass(frozen=True, slots=True)
class Focus:
    """What the verbs are about: the run's summary, a moment in seconds, a saga, a service, a filter."""

    summary: Mapping[str, Any]
    t: float = 0.0
    saga: str = ""
    service: str = ""
    filter: str = ""

    @property
    def run(self) -> str:
        """The run's id, or the shop's name; '' before it is known."""
        return str(self.summary.get("run") or "")

    @property
    def shop(self) -> bool:
        """Whether it is a running shop and no run."""
        return "shop" in self.summary


def verbs(focus: Focus) -> list[Verb]:
    """Give every verb that makes sense here, those about the run at hand first."""
    about = [*_log(focus)] if focus.run else []
    mine = [*_shop(focus)] if focus.shop else [*_run(focus)] if focus.run else []
    return [*about, *mine, *_catalogue(focus), *_elsewhere(focus)]


def _log(focus: Focus) -> Iterator[Verb]:
    run = ("--run", focus.run)
    yield Verb(("saga", "list", *run), "the sagas with their states", key="sagas")
    if focus.saga:
        yield Verb(("saga", "why", focus.saga, *run), "why it ended as it did")
        yield Verb(("saga", "show", focus.saga, *run), "its messages")
        yield Verb(("saga", "show", focus.saga, "--as", "time", *run), "its steps in time")
        yield Verb(("saga", "show", focus.saga, "--as", "state", *run), "its states")
        yield Verb(("saga", "show", focus.saga, "--as", "mermaid", *run), "for a document", key="copy")
    if focus.filter:
        yield Verb(("events", focus.run, f"--filter={focus.filter}"), "the events listed now")
    yield Verb(("events", focus.run, "--filter", LATER), "what it fits", key="filter", asks="expression")
    yield Verb(("metrics", focus.run), "the figures", key="metrics")


def _run(focus: Focus) -> Iterator[Verb]:
    run = focus.run
    mode = focus.summary.get("mode")
    yield Verb(("runs", "show", run), "what it amounted to", key="verdict")
    yield Verb(("diff", run, LATER), "compares it to another run", asks="run")
    again = next(iter(focus.summary.get("repeat") or ()), "")
    if again.startswith("msalab "):
        yield Verb(tuple(shlex.split(again))[1:], "plays it again", inside=False)
    if mode == "sim":
        yield Verb(
            ("fork", run, "--at", f"{focus.t:.3f}", "--fault", "FAULT"), "the same past, then a fault",
            inside=False, key="fork",
        )  # fmt: skip
    yield Verb(("scenario", "record", run), "writes it as a scenario", inside=False, key="save")
    yield Verb(("replay", run, "--at", f"{focus.t:.3f}"), "opens this moment", inside=False)
    yield Verb(("tui", run), "opens it at its end", inside=False)
    yield Verb(("serve", run), "shows it in a browser", inside=False)
    yield Verb(("runs", "rm", run), "deletes it", inside=False)


def _shop(focus: Focus) -> Iterator[Verb]:
    name = ("--name", focus.run)
    service = focus.service if focus.service and "->" not in focus.service else "SERVICE"
    yield Verb(("status", *name), "who runs, where, with how much memory")
    yield Verb(("chaos", "active", *name), "the faults in force")
    yield Verb(("dlq", "list", *name), "events given up")
    yield Verb(("dlq", "show", LATER, *name), "one of them", asks="id")
    yield Verb(("chaos", "inject", "FAULT", *name), "puts a fault in force", inside=False, key="inject")
    yield Verb(("chaos", "heal", "--all", *name), "ends all faults", inside=False, key="heal")
    yield Verb(("scenario", "record", focus.run), "writes it as a scenario", inside=False, key="save")
    yield Verb(("tui", focus.run), "opens it once more", inside=False)
    yield Verb(("logs", service, *name), "what its processes print", inside=False)
    yield Verb(("restart", service, *name), "starts it anew", inside=False)
    yield Verb(("load", *name), "many shoppers at once", inside=False)
    for word, does in (("edit", "changes"), ("replay", "delivers"), ("drop", "forgets")):
        yield Verb(("dlq", word, "ID", *name), f"{does} an event given up", inside=False)
    yield Verb(("down", *name), "ends the shop; its data stay", inside=False)
    yield Verb(("reset", *name), "deletes the shop's data", inside=False)


def _catalogue(focus: Focus) -> Iterator[Verb]:
    topology = str(focus.summary.get("topology") or "textbook")
    scenario = _scenario(focus)
    yield Verb(("topology", "graph", topology), "who calls whom, who hears whom", key="map")
    yield Verb(("topology", "show", topology), "patterns, services, timing")
    yield Verb(("topology", "lint", topology), "checks its file")
    yield Verb(("topology", "list"), "the topologies there are")
    yield Verb(("chaos", "list"), "the kinds of faults")
    for kind in dict.fromkeys(str(fault["kind"]) for fault in focus.summary.get("faults") or ()):
        yield Verb(("chaos", "show", kind), "what this fault does")
    yield Verb(("chaos", "show", LATER), "what a kind of fault does", asks="kind")
    yield Verb(("scenario", "list"), "the scenarios there are")
    if scenario:
        yield Verb(("scenario", "show", scenario), "what it plays and expects")
        yield Verb(("scenario", "lint", scenario), "checks its file")
    yield Verb(("runs", "list"), "the runs that are kept")
    for schema in _SCHEMAS:
        yield Verb(("schema", schema), "JSON Schema" if schema != "metrics" else "the names of all metrics")
    yield Verb(("doctor",), "checks this machine")
    yield Verb(("version",), "which version this is")


def _elsewhere(focus: Focus) -> Iterator[Verb]:
    scenario = _scenario(focus) or "checkout"
    topology = str(focus.summary.get("topology") or "textbook")
    for arguments, does in (
        (("scenario", scenario, "--chaos"), "plays it with its chaos"),
        (("parity", scenario, "--topology", topology), "plays it in both worlds"),
        (("up", "--topology", topology), "starts a shop that stays"),
        (("calibrate", "--topology", topology), "measures the real shop"),
        (("validate",), "the simulated world against theory"),
        (("runs", "prune"), "deletes all runs but the newest"),
        (("completion", "install"), "completes words in the shell"),
    ):
        yield Verb(arguments, does, inside=False)


def _scenario(focus: Focus) -> str:
    told = focus.summary.get("scenario")
    return str(told.get("id") or "") if isinstance(told, Mapping) else ""
