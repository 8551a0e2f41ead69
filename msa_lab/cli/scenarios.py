"""`msalab scenario`: play, list, show, lint."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from msa_lab.cli.groups import ScenarioGroup
from msa_lab.cli.messages import loading
from msa_lab.cli.options import (
    Chaos,
    Json,
    Jsonl,
    Out,
    Profile,
    Quiet,
    RunArgument,
    Settings,
    Topology,
    Variables,
    Verbose,
    one_profile,
    talk_of,
)
from msa_lab.cli.terminal import printable

app = typer.Typer(cls=ScenarioGroup, rich_markup_mode=None)


@app.callback()
def scenario() -> None:
    """Play a scenario, or list, show and check them.

    msalab scenario NAME|FILE is short for msalab scenario run NAME|FILE.
    """


@app.command()
def run(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME|FILE|-", help="A scenario's name, or its file; -: from stdin.")
    ],
    chaos: Chaos = None,
    profile: Profile = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="FAULT",
            help='One more fault, such as "net.loss order -> payment at 2s for 5s"; may be repeated.',
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="ID", help="Leave a fault of the profile out; may be repeated."),
    ] = None,
    topology: Topology = None,
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="N|random", help="The same seed gives the same run.")
    ] = None,
    setting: Settings = None,
    variable: Variables = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Print load, faults and checks; start nothing.")
    ] = False,
    json: Json = False,
    jsonl: Jsonl = False,
    log: Annotated[
        str, typer.Option("--log", metavar="all|normal|key", help="Which events are written.")
    ] = "all",
    out: Out = None,
    mode: Annotated[str, typer.Option("--mode", metavar="sim|process", help="The world to play in.")] = "sim",
    ui: Annotated[
        str,
        typer.Option(
            "--ui",
            metavar="auto|tui|plain",
            help="tui: the live view (auto: on a terminal); plain: lines.",
        ),
    ] = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Play a scenario and judge it."""
    _one_of("--mode", mode, ("sim", "process"))
    _one_of("--log", log, ("all", "normal", "key"))
    _one_of("--ui", ui, ("auto", "tui", "plain"))
    one_profile(chaos=chaos, profile=profile)
    if json and jsonl:
        raise typer.BadParameter("--json and --jsonl contradict each other")
    talk = talk_of(context, json=json, quiet=quiet, verbose=verbose)
    if ui == "tui" and (talk.json or jsonl or dry_run):
        raise typer.BadParameter("--ui tui contradicts --json, --jsonl and --dry-run")
    silent = talk.quiet or dry_run or ui == "plain"
    with contextlib.nullcontext() if silent else loading(printable(name)):
        from msa_lab.cli.wanted import Wanted, seed_of  # noqa: PLC0415 - heavy modules wait for their command
    if name == "-":
        from msa_lab.cli.piped import kept_input  # noqa: PLC0415 - as above
        from msa_lab.cli.places import runs_folder  # noqa: PLC0415 - as above

        name = kept_input(runs_folder(out))
    try:
        number = seed_of(seed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    wanted = Wanted(
        name=name,
        chaos=chaos,
        profile=profile,
        faults=tuple(fault or ()),
        without=tuple(without or ()),
        topology=topology,
        seed=number,
        settings=tuple(setting or ()),
        variables=tuple(variable or ()),
        log=log,
        mode=mode,
    )
    if not (talk.json or talk.quiet or jsonl or dry_run):
        from msa_lab.cli import watching  # noqa: PLC0415 - as above

        if watching.opens(ui):
            raise typer.Exit(watching.watch(wanted, talk, out=out))
    with contextlib.nullcontext() if silent else loading(printable(name)):
        from msa_lab.cli import playing  # noqa: PLC0415 - as above
    if dry_run:
        playing.show_plan(wanted, talk)
        return
    raise typer.Exit(playing.play(wanted, talk, out=out, jsonl=jsonl, animate=ui == "auto"))


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        *first, last = choices
        raise typer.BadParameter(f"{option} {value!r}: {', '.join(first)} or {last}")


@app.command()
def record(
    context: typer.Context,
    run: RunArgument = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="Where it is written. [scenarios/]")
    ] = None,
    out: Out = None,
) -> None:
    """Write a kept run as a scenario that plays it again, with the faults put in by hand."""
    from msa_lab.cli import shoprecord  # noqa: PLC0415 - heavy modules wait for their command

    shoprecord.print_record(run, file, out, talk_of(context))


@app.command("list")
def list_scenarios(context: typer.Context, json: Json = False) -> None:
    """List the scenarios."""
    from msa_lab.cli import catalogpages  # noqa: PLC0415 - heavy modules wait for their command

    catalogpages.print_scenarios(talk_of(context, json=json))


@app.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A scenario's name, or its file.")],
    json: Json = False,
) -> None:
    """Show a scenario: what is played, its chaos profiles, what is expected."""
    from msa_lab.cli import catalogpages  # noqa: PLC0415 - as above

    catalogpages.print_scenario(name, talk_of(context, json=json))


@app.command()
def lint(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME|FILE]...", help="What to check. [all]")
    ] = None,
) -> None:
    """Check scenario files; every mistake is told with its place."""
    from msa_lab.cli import linting  # noqa: PLC0415 - as above

    raise typer.Exit(linting.lint_scenarios(names or [], talk_of(context)))
