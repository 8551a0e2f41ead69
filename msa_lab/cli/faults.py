"""`msalab chaos`: list, show."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.groups import HelpfulGroup
from msa_lab.cli.options import Json, talk_of

app = typer.Typer(cls=HelpfulGroup, rich_markup_mode=None)


@app.callback()
def chaos() -> None:
    """The kinds of faults; play one with: msalab scenario NAME --fault "KIND TARGET ... for T"."""


@app.command("list")
def list_kinds(context: typer.Context, json: Json = False) -> None:
    """List the kinds of faults."""
    from msa_lab.cli import catalogpages  # noqa: PLC0415 - heavy modules wait for their command

    catalogpages.print_kinds(talk_of(context, json=json))


@app.command()
def show(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Such as net.loss.")],
    json: Json = False,
) -> None:
    """Show a kind of fault: targets, parameters, what it does, an example to play."""
    from msa_lab.cli import catalogpages  # noqa: PLC0415 - as above

    catalogpages.print_kind(kind, talk_of(context, json=json))
