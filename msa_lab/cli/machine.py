"""`msalab schema`, `doctor`, `version` and `completion`."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.groups import HelpfulGroup
from msa_lab.cli.options import Json, Out, talk_of

_SCHEMAS = ("scenario", "topology", "run", "event", "metrics")
_SHELLS = ("bash", "zsh", "fish")
completion = typer.Typer(cls=HelpfulGroup, rich_markup_mode=None)
Shell = Annotated[str | None, typer.Argument(metavar="[bash|zsh|fish]", help="[the one in $SHELL]")]


def schema(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="scenario|topology|run|event|metrics", help="Which format.")],
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", metavar="NAME|FILE", help="metrics: those of this scenario's shop."),
    ] = None,
) -> None:
    """Print the JSON Schema of a file format, or the names of all metrics."""
    if what not in _SCHEMAS:
        raise typer.BadParameter(f"{what!r}: one of {', '.join(_SCHEMAS)}")
    from msa_lab.cli import schemas  # noqa: PLC0415 - heavy modules wait for their command

    schemas.print_schema(what, scenario, talk_of(context))


def doctor(context: typer.Context, out: Out = None, json: Json = False) -> None:
    """Check this machine: what works, and what to do about the rest."""
    from msa_lab.cli import checkup  # noqa: PLC0415 - as above

    raise typer.Exit(checkup.examine(out, talk_of(context, json=json)))


def version(context: typer.Context, json: Json = False) -> None:
    """Print the version."""
    import platform  # noqa: PLC0415 - as above

    import msa_lab  # noqa: PLC0415 - as above
    from msa_lab.cli.terminal import emit  # noqa: PLC0415 - as above

    python = platform.python_version()
    if talk_of(context, json=json).json:
        emit(f'{{"schema": "msalab/version@1", "version": "{msa_lab.__version__}", "python": "{python}"}}\n')
    else:
        emit(f"msalab {msa_lab.__version__}  (Python {python})\n")


@completion.callback()
def root() -> None:
    """Completion of commands, options and names by the TAB key."""


def _shell(name: str | None) -> str:
    import os  # noqa: PLC0415 - as above

    chosen = name or os.environ.get("SHELL", "").rpartition("/")[2]
    if chosen not in _SHELLS:
        raise typer.BadParameter(f"{chosen or 'no shell'!r}: one of {', '.join(_SHELLS)}")
    return chosen


@completion.command()
def show(shell: Shell = None) -> None:
    """Print the script."""
    from msa_lab.cli.completion import script  # noqa: PLC0415 - as above
    from msa_lab.cli.terminal import emit  # noqa: PLC0415 - as above

    emit(script(_shell(shell)))


@completion.command()
def install(shell: Shell = None) -> None:
    """Write the script to where the shell looks for it."""
    from msa_lab.cli.completion import install_script  # noqa: PLC0415 - as above
    from msa_lab.cli.terminal import emit  # noqa: PLC0415 - as above

    emit(install_script(_shell(shell)))
