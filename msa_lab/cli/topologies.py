"""`msalab topology`: list, show, lint, graph."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.groups import HelpfulGroup
from msa_lab.cli.options import Json, talk_of

app = typer.Typer(cls=HelpfulGroup, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="NAME|FILE", help="A topology's name, or its file.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change it: patterns.retry=off")
]


@app.callback()
def topology() -> None:
    """How the shop is built: services, replicas, links, patterns."""


@app.command("list")
def list_topologies(context: typer.Context, json: Json = False) -> None:
    """List the topologies and how each differs from the textbook."""
    from msa_lab.cli import catalogpages  # noqa: PLC0415 - heavy modules wait for their command

    catalogpages.print_topologies(talk_of(context, json=json))


@app.command()
def show(context: typer.Context, name: Name, settings: Settings = None, json: Json = False) -> None:
    """Show a topology: patterns, services, timing."""
    from msa_lab.cli import catalogpages  # noqa: PLC0415 - as above

    catalogpages.print_topology(name, settings or [], talk_of(context, json=json))


@app.command()
def lint(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME|FILE]...", help="What to check. [all]")
    ] = None,
) -> None:
    """Check topology files; every mistake is told with its place."""
    from msa_lab.cli import linting  # noqa: PLC0415 - as above

    raise typer.Exit(linting.lint_topologies(names or [], talk_of(context)))


@app.command()
def graph(
    name: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A topology's name, or its file.")
    ] = "textbook",
    way: Annotated[str, typer.Option("--as", metavar="ascii|mermaid|dot", help="How to draw it.")] = "ascii",
    settings: Settings = None,
) -> None:
    """Draw who calls whom and who hears whose events."""
    if way not in ("ascii", "mermaid", "dot"):
        raise typer.BadParameter(f"--as {way!r}: one of ascii, mermaid, dot")
    from msa_lab.cli import catalogpages  # noqa: PLC0415 - as above

    catalogpages.print_graph(name, settings or [], way)
