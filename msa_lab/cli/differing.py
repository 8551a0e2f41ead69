"""`msalab diff` and `msalab fork`: two runs side by side, and one that goes another way from a moment on."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.options import Json, Out, Settings, talk_of

_ID = "A run's id, or the beginning of it."


def diff(
    context: typer.Context,
    one: Annotated[str, typer.Argument(metavar="RUN", help=_ID)],
    other: Annotated[str, typer.Argument(metavar="RUN", help=_ID)],
    out: Out = None,
    json: Json = False,
) -> None:
    """Compare two kept runs: the first event that differs, sagas of another fate, other verdicts."""
    from msa_lab.cli import differencepage  # noqa: PLC0415 - heavy modules wait for their command

    differencepage.print_difference((one, other), out, talk_of(context, json=json))


def fork(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help=_ID)],
    at: Annotated[
        str,
        typer.Option("--at", metavar="T|#EVENT", help="From when on: 7.012, or an event."),
    ],
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="FAULT", help="What happens from then on; may be repeated."),
    ] = None,
    setting: Settings = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Play a simulated run again with the same past, and with faults from a moment on; compare both."""
    from msa_lab.cli import differencepage  # noqa: PLC0415 - as above

    talk = talk_of(context, json=json)
    raise typer.Exit(
        differencepage.fork(run, at, tuple(fault or ()), tuple(setting or ()), out=out, talk=talk)
    )
