"""`msalab chaos`: list, show; inject, active and heal against a running shop."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.groups import HelpfulGroup
from msa_lab.cli.options import Json, talk_of
from msa_lab.cli.shop import SHOP, Name

app = typer.Typer(cls=HelpfulGroup, rich_markup_mode=None)


@app.callback()
def chaos() -> None:
    """The kinds of faults; play one with: msalab scenario NAME --fault "KIND TARGET ... for T".

    inject, active and heal are for a shop that runs (msalab up).
    """


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


@app.command()
def inject(
    context: typer.Context,
    fault: Annotated[str, typer.Argument(metavar="FAULT", help='"net.loss order -> payment for 10s"')],
    name: Name = SHOP,
    json: Json = False,
) -> None:
    """Put a fault in force in a running shop; `at 2s` means in two seconds."""
    from msa_lab.cli import hurting  # noqa: PLC0415 - as above

    hurting.inject(fault, name, talk_of(context, json=json))


@app.command()
def active(context: typer.Context, name: Name = SHOP, json: Json = False) -> None:
    """List the faults in force in a running shop."""
    from msa_lab.cli import hurting  # noqa: PLC0415 - as above

    hurting.print_active(name, talk_of(context, json=json))


@app.command()
def heal(
    context: typer.Context,
    fault: Annotated[str | None, typer.Argument(metavar="[ID]", help="Which fault.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    name: Name = SHOP,
) -> None:
    """End faults in a running shop before their time."""
    if (fault is None) != every:
        raise typer.BadParameter("the ID of one fault, or --all")
    from msa_lab.cli import hurting  # noqa: PLC0415 - as above

    hurting.heal(fault, name, talk_of(context))
