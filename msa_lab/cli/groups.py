"""Command groups with manners of their own."""

from __future__ import annotations

import typer
from typer.core import TyperGroup

from msa_lab.cli.welcome import WELCOME

_HELP = ("--help", "-h")


class HelpfulGroup(TyperGroup):
    """Alone it says what there is; no mistake, so the exit code is 0 in every version of Typer."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override,unused-ignore] # a narrower context
        return super().parse_args(ctx, args or ["--help"])


class RootGroup(HelpfulGroup):
    """Its help is the welcome page."""

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override,unused-ignore] # noqa: ARG002 - typer's signature
        return WELCOME.rstrip()


class ScenarioGroup(HelpfulGroup):
    """`scenario NAME` means `scenario run NAME`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override,unused-ignore] # a narrower context
        if args and args[0] not in self.commands and args[0] not in _HELP:
            args = ["run", *args]
        return super().parse_args(ctx, args)
