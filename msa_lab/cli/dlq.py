"""`msalab dlq`: the dead letters of a running shop."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.groups import HelpfulGroup
from msa_lab.cli.options import Json, talk_of
from msa_lab.cli.shop import SHOP, Name

app = typer.Typer(cls=HelpfulGroup, rich_markup_mode=None)
Letter = Annotated[str, typer.Argument(metavar="ID", help="The letter's id, from dlq list.")]
Some = Annotated[str | None, typer.Argument(metavar="[ID]", help="Which letter.")]
Every = Annotated[bool, typer.Option("--all", help="All of them, or all of --group.")]
Group = Annotated[str | None, typer.Option("--group", metavar="SERVICE", help="Only those of this consumer.")]


@app.callback()
def dlq() -> None:
    """Events of a running shop that a consumer has given up: look, mend, hand out again."""


@app.command("list")
def list_letters(context: typer.Context, group: Group = None, name: Name = SHOP, json: Json = False) -> None:
    """List the dead letters, the oldest first."""
    from msa_lab.cli import letterpages  # noqa: PLC0415 - heavy modules wait for their command

    letterpages.print_list(name, group, talk_of(context, json=json))


@app.command()
def show(
    context: typer.Context, letter: Letter, group: Group = None, name: Name = SHOP, json: Json = False
) -> None:
    """Show a dead letter: why it was given up, and what it says."""
    from msa_lab.cli import letterpages  # noqa: PLC0415 - as above

    letterpages.print_letter(name, letter, group, talk_of(context, json=json))


@app.command()
def edit(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    letter: Letter,
    data: Annotated[
        str | None, typer.Option("--data", metavar="JSON", help="The whole new content; -: from stdin.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change one field; may be repeated."),
    ] = None,
    group: Group = None,
    name: Name = SHOP,
) -> None:
    """Change what a dead letter says, before it is handed out again."""
    if (data is None) == (setting is None):
        raise typer.BadParameter("--set FIELD=VALUE, or the whole content with --data JSON")
    from msa_lab.cli import letterpages  # noqa: PLC0415 - as above

    letterpages.edit(name, letter, group, talk_of(context), data=data, settings=tuple(setting or ()))


@app.command()
def replay(
    context: typer.Context,
    letter: Some = None,
    every: Every = False,
    group: Group = None,
    name: Name = SHOP,
) -> None:
    """Hand a dead letter out again, to the consumer that gave it up and to no other."""
    _both("replay", context, letter, every=every, group=group, name=name)


@app.command()
def drop(
    context: typer.Context,
    letter: Some = None,
    every: Every = False,
    group: Group = None,
    name: Name = SHOP,
) -> None:
    """Forget a dead letter for good."""
    _both("drop", context, letter, every=every, group=group, name=name)


def _both(
    verb: str, context: typer.Context, letter: str | None, *, every: bool, group: str | None, name: str
) -> None:
    if (letter is None) != every:
        raise typer.BadParameter("the ID of one letter, or --all")
    from msa_lab.cli import letterpages  # noqa: PLC0415 - as above

    letterpages.send(verb, name, letter, group, talk_of(context))
