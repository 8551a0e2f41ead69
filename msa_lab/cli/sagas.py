"""`msalab saga`: list, show, why."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.groups import HelpfulGroup
from msa_lab.cli.options import Json, OfRun, talk_of

app = typer.Typer(cls=HelpfulGroup, rich_markup_mode=None)
_WAYS = ("seq", "time", "state", "json", "mermaid")
Saga = Annotated[str, typer.Argument(metavar="ID", help="The saga's id: the order's, for a checkout.")]


@app.callback()
def saga() -> None:
    """Purchases and what else goes through several services, of one run."""


@app.command("list")
def list_sagas(
    context: typer.Context,
    run: OfRun = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="EXPR",
            help='Only these: state == "COMPENSATED" and retries > 0. Fields: id, name, state, failure, '
            "took, started_at, retries.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the sagas of a run with their states."""
    from msa_lab.cli import sagapages  # noqa: PLC0415 - heavy modules wait for their command

    sagapages.print_list(run, where, talk_of(context, json=json))


@app.command()
def show(
    context: typer.Context,
    name: Saga,
    run: OfRun = None,
    way: Annotated[
        str, typer.Option("--as", metavar="seq|time|state|json|mermaid", help="How to draw it.")
    ] = "seq",
    json: Json = False,
) -> None:
    """Show a saga: messages between services, steps in time, or states."""
    if way not in _WAYS:
        raise typer.BadParameter(f"--as {way!r}: one of {', '.join(_WAYS)}")
    from msa_lab.cli import sagapages  # noqa: PLC0415 - as above

    talk = talk_of(context, json=json)
    sagapages.print_saga(name, run, "json" if talk.json else way, talk)


@app.command()
def why(context: typer.Context, name: Saga, run: OfRun = None, json: Json = False) -> None:
    """Tell why a saga ended as it did: from the fault, step by step."""
    from msa_lab.cli import sagapages  # noqa: PLC0415 - as above

    sagapages.print_why(name, run, talk_of(context, json=json))
