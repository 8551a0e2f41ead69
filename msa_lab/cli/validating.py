"""`msalab validate`: the simulated world against queueing theory."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.options import Json, talk_of


def validate(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[CASE|FAMILY]...", help="Which to run. [all]")
    ] = None,
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="N|random", help="The same seed gives the same values.")
    ] = None,
    effort: Annotated[
        float, typer.Option("--effort", metavar="X", min=0.1, max=100, help="4 halves the intervals.")
    ] = 1.0,
    json: Json = False,
) -> None:
    """Compare the simulated world with exact results of queueing theory; takes a minute or two."""
    from msa_lab.cli import validationpage  # noqa: PLC0415 - heavy modules wait for their command
    from msa_lab.cli.wanted import seed_of  # noqa: PLC0415 - as above

    try:
        number = seed_of(seed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    talk = talk_of(context, json=json)
    raise typer.Exit(validationpage.print_validation(tuple(words or ()), number, effort, talk))
