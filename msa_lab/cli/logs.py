"""`msalab events` and `msalab metrics`."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.options import Json, Jsonl, RunArgument, talk_of


def events(
    context: typer.Context,
    run: RunArgument = None,
    expression: Annotated[
        str | None,
        typer.Option("--filter", metavar="EXPR", help='Only these: service == "payment" and t > 2s'),
    ] = None,
    jsonl: Jsonl = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Of a running shop: go on as events come.")
    ] = False,
) -> None:
    """Print the event log of a run, or of a shop by its name."""
    from msa_lab.cli import logpages  # noqa: PLC0415 - heavy modules wait for their command

    talk = talk_of(context)
    logpages.print_events(run, expression, talk, jsonl=jsonl or talk.json, follow=follow)


def metrics(
    context: typer.Context,
    run: RunArgument = None,
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
    json: Json = False,
) -> None:
    """Print the figures of a run, or of a shop by its name."""
    from msa_lab.cli import logpages  # noqa: PLC0415 - as above

    logpages.print_metrics(run, talk_of(context, json=json), csv=csv)
