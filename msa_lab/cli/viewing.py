"""`msalab tui` and `msalab replay`: the live view of a running shop or a kept run."""

from __future__ import annotations

import os
import re
import sys
from typing import Annotated, Final

import typer

from msa_lab.cli.options import Out, RunArgument, talk_of

_INSTANT: Final = re.compile(r"(?:T\+)?(\d{1,9}(?:\.\d{1,6})?)s?")
Mouse = Annotated[
    bool, typer.Option("--mouse/--no-mouse", help="no-mouse: the terminal keeps the mouse, to select text.")
]
Ascii = Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only.")]


def tui(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="A running shop's name, a run's id or its beginning. "
            "[the running shop, else the latest run]",
        ),
    ] = None,
    ascii_only: Ascii = False,
    mouse: Mouse = True,
    out: Out = None,
) -> None:
    """Look at the running shop in the live view, or at a kept run: its end first.

    Quitting leaves the shop running.
    """
    _attach(context, run, out, ascii_only=ascii_only, mouse=mouse)
    _open(context, run, out, at=None, play=False, ascii_only=ascii_only, mouse=mouse)


def replay(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    run: RunArgument = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="T", help="Stand still at this second of the run: 7.012.")
    ] = None,
    ascii_only: Ascii = False,
    mouse: Mouse = True,
    out: Out = None,
) -> None:
    """Play a kept run again in the live view, or stand still at a moment of it. Nothing is started."""
    instant = 0 if at is None else _instant(at)
    _open(context, run, out, at=instant, play=at is None, ascii_only=ascii_only, mouse=mouse)


def serve(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    run: RunArgument = None,
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="Who can reach it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 8760,
    write: Annotated[
        bool, typer.Option("--write", help="Let the browser play runs and write files, too.")
    ] = False,
    out: Out = None,
) -> None:
    """Show a kept run in a browser: the live view, read-only unless asked. Ctrl-C ends it."""
    from msa_lab.cli import browsing  # noqa: PLC0415 - heavy modules wait for their command

    browsing.serve(run, talk_of(context), host=host, port=port, write=write, out=out)


def _instant(text: str) -> int:
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"--at {text!r}: seconds since the start, such as 7.012")
    return round(float(found[1]) * 1_000_000)


def _attach(
    context: typer.Context, name: str | None, out: str | None, *, ascii_only: bool, mouse: bool
) -> None:
    """Open the view on a running shop, if that is what is meant."""
    from msa_lab.cli.places import runs_folder  # noqa: PLC0415 - heavy modules wait for their command
    from msa_lab.cli.terminal import WINDOW  # noqa: PLC0415 - as above
    from msa_lab.errors import EnvironmentTrouble  # noqa: PLC0415 - as above
    from msa_lab.persistence import RunStore  # noqa: PLC0415 - as above

    if not hasattr(os, "fork") or WINDOW in os.environ:
        return
    if name is not None and name in RunStore(runs_folder(out)).ids():
        return
    from msa_lab.cli import attaching  # noqa: PLC0415 - as above

    shop = attaching.running(name)
    if shop is None:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise EnvironmentTrouble(
            f"the live view needs a terminal\n  in a pipe:  msalab events {shop.name} -f"
        )
    raise typer.Exit(attaching.attach(shop, talk_of(context), ascii_only=ascii_only, mouse=mouse))


def _open(
    context: typer.Context,
    name: str | None,
    out: str | None,
    *,
    at: int | None,
    play: bool,
    ascii_only: bool,
    mouse: bool,
) -> None:
    from msa_lab.cli.kept import stored  # noqa: PLC0415 - heavy modules wait for their command
    from msa_lab.cli.terminal import WINDOW  # noqa: PLC0415 - as above
    from msa_lab.errors import EnvironmentTrouble  # noqa: PLC0415 - as above

    run = stored(name, out)
    if WINDOW in os.environ:
        from msa_lab.cli import browsing  # noqa: PLC0415 - as above

        raise typer.Exit(browsing.window(run, talk_of(context), out))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise EnvironmentTrouble(f"the live view needs a terminal\n  in a pipe:  msalab runs show {run.id}")
    from msa_lab.cli import watching  # noqa: PLC0415 - as above

    talk = talk_of(context)
    raise typer.Exit(watching.look(run, talk, out=out, at=at, play=play, ascii_only=ascii_only, mouse=mouse))
