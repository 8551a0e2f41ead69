"""`msalab runs`: list, show, rm, prune."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.groups import HelpfulGroup
from msa_lab.cli.options import Json, Out, RunArgument, talk_of

app = typer.Typer(cls=HelpfulGroup, rich_markup_mode=None)


@app.callback()
def runs() -> None:
    """The runs that were kept."""


@app.command("list")
def list_runs(context: typer.Context, out: Out = None, json: Json = False) -> None:
    """List the runs, the newest first."""
    from msa_lab.cli import runpages  # noqa: PLC0415 - heavy modules wait for their command

    runpages.print_runs(out, talk_of(context, json=json))


@app.command()
def show(context: typer.Context, run: RunArgument = None, out: Out = None, json: Json = False) -> None:
    """Show what a run amounted to."""
    from msa_lab.cli import runpages  # noqa: PLC0415 - as above

    runpages.print_run(run, out, talk_of(context, json=json))


@app.command()
def rm(
    run: Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids, or the beginnings of them.")],
    out: Out = None,
) -> None:
    """Delete runs."""
    from msa_lab.cli import runpages  # noqa: PLC0415 - as above

    runpages.remove(run, out)


@app.command()
def prune(
    keep: Annotated[int, typer.Option("--keep", metavar="N", min=0, help="Keep the newest N.")] = 20,
    out: Out = None,
) -> None:
    """Delete all runs but the newest."""
    from msa_lab.cli import runpages  # noqa: PLC0415 - as above

    runpages.prune(keep, out)
