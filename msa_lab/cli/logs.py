"""`msalab events` and `msalab metrics`."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.options import Json, Jsonl, RunArgument, talk_of


def events(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    run: RunArgument = None,
    expression: Annotated[
        str | None,
        typer.Option("--filter", metavar="EXPR", help='Only these: service == "payment" and t > 2s'),
    ] = None,
    jsonl: Jsonl = False,
    otlp: Annotated[
        bool, typer.Option("--otlp", help="As OpenTelemetry traces: requests of OTLP in JSON, one a line.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Of a running shop: go on as events come.")
    ] = False,
) -> None:
    """Print the event log of a run, or of a shop by its name."""
    from msa_lab.cli import logpages  # noqa: PLC0415 - heavy modules wait for their command

    talk = talk_of(context)
    if otlp:
        if expression is not None or jsonl or follow:
            raise typer.BadParameter("goes with no other option: traces are whole", param_hint="--otlp")
        logpages.print_traces(run)
        return
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
