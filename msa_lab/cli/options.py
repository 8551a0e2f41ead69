"""Options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only the result.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Print the events, one JSON object a line.")]
OfRun = Annotated[
    str | None,
    typer.Option(
        "--run",
        "-r",
        metavar="RUN",
        help="A run's id or its beginning, or a shop's name. [the latest run]",
    ),
]
RunArgument = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="A run's id or its beginning, or a shop's name. [the latest run]"),
]
Out = Annotated[
    str | None,
    typer.Option("--out", metavar="DIR", help="Where runs are kept. [$MSALAB_RUNS or ./runs]"),
]
Chaos = Annotated[
    bool | None, typer.Option("--chaos/--no-chaos", help="Play the file's default chaos profile.")
]
Profile = Annotated[
    str | None, typer.Option("--chaos-profile", metavar="NAME", help="Play another profile of the file.")
]
Topology = Annotated[
    str | None, typer.Option("--topology", "-t", metavar="NAME|FILE", help="How the shop is built.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change the topology: patterns.retry=off"),
]
Variables = Annotated[
    list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="Set a variable of the scenario.")
]


def one_profile(*, chaos: bool | None, profile: str | None) -> None:
    """Refuse a command line that wants no chaos and names some."""
    if chaos is False and profile is not None:
        raise typer.BadParameter("--no-chaos and --chaos-profile contradict each other")


@dataclass(frozen=True, slots=True)
class Talk:
    """How to talk to the user."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    colour: bool = True


def talk_of(
    context: typer.Context, *, json: bool = False, quiet: bool = False, verbose: bool = False
) -> Talk:
    """Join the options given before the command with those given after it."""
    outer = context.find_object(Talk) or Talk()
    return replace(
        outer, json=outer.json or json, quiet=outer.quiet or quiet, verbose=outer.verbose or verbose
    )
