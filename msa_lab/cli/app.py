"""The tree of commands. Importing it loads typer and nothing else that is large."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from msa_lab.cli import (
    comparing,
    differing,
    dlq,
    faults,
    loads,
    logs,
    machine,
    runs,
    sagas,
    scenarios,
    shop,
    topologies,
    validating,
    viewing,
)
from msa_lab.cli.groups import RootGroup
from msa_lab.cli.options import Talk

app = typer.Typer(
    cls=RootGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(scenarios.app, name="scenario")
app.add_typer(sagas.app, name="saga")
app.add_typer(dlq.app, name="dlq")
app.command()(loads.load)
app.command()(logs.events)
app.command()(logs.metrics)
app.command()(shop.up)
app.command()(shop.down)
app.command()(shop.status)
app.command()(shop.logs)
app.command()(shop.restart)
app.command()(shop.reset)
app.add_typer(runs.app, name="runs")
app.add_typer(topologies.app, name="topology")
app.add_typer(faults.app, name="chaos")
app.command()(viewing.tui)
app.command()(viewing.replay)
app.command()(viewing.serve)
app.command()(machine.schema)
app.command()(machine.doctor)
app.command()(validating.validate)
app.command()(differing.diff)
app.command()(differing.fork)
app.command()(comparing.parity)
app.command()(comparing.calibrate)
app.command()(machine.version)
app.add_typer(machine.completion, name="completion")


@app.callback(invoke_without_command=True)
def root(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    directory: Annotated[
        str | None, typer.Option("-C", metavar="DIR", help="Work in this directory.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only the result.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours.")] = False,
    version: Annotated[bool, typer.Option("--version", help="As the command version.")] = False,
) -> None:
    """A shop of twelve services that runs, breaks and heals before your eyes."""
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            raise typer.BadParameter(f"-C {directory}: {error.strerror or error}") from error
    context.obj = Talk(json=json, quiet=quiet, verbose=verbose, colour=not no_color)
    if version:
        machine.version(context)
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.BadParameter("which command? msalab --help lists them")
