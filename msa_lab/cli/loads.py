"""`msalab load`: many shoppers in a running shop."""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from msa_lab.cli.options import Json, talk_of
from msa_lab.cli.shop import SHOP, Name

_TIME: Final = re.compile(r"(\d{1,6})(s|m|h)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def load(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    name: Name = SHOP,
    users: Annotated[int, typer.Option("--users", metavar="N", min=1, help="How many at once.")] = 10,
    spawn_rate: Annotated[
        float, typer.Option("--spawn-rate", metavar="N", min=0.01, help="How many more come each second.")
    ] = 10.0,
    span: Annotated[str, typer.Option("--for", metavar="TIME", help="For how long: 30s, 5m.")] = "30s",
    flow: Annotated[
        str | None,
        typer.Option("--flow", metavar="NAME", help="Only this flow of the scenario. [as its load has them]"),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=0, max=64, help="Processes besides the master.")
    ] = 0,
    web: Annotated[bool, typer.Option("--web", help="With Locust's page, until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Send shoppers into the running shop, by Locust, on the flows of its scenario."""
    found = _TIME.fullmatch(span)
    if found is None or not int(found[1]):
        raise typer.BadParameter(f"--for {span!r}: such as 30s, 5m or 1h")
    from msa_lab.cli import loadpages  # noqa: PLC0415 - heavy modules wait for their command
    from msa_lab.runtime.process.locusts import Crowd  # noqa: PLC0415 - as above

    seconds = float(int(found[1]) * _SECONDS[found[2]])
    crowd = Crowd(users, spawn_rate, seconds, workers, web)
    raise typer.Exit(loadpages.load(name, flow, crowd, talk_of(context, json=json)))
