"""`msalab up`, `down`, `status`, `logs`, `restart`, `reset`: a shop that runs until it is told to end."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.options import Json, Settings, Topology, talk_of

Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Which shop, where several run.")]
SHOP = "shop"


def up(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    name: Name = SHOP,
    topology: Topology = None,
    setting: Settings = None,
    given: Annotated[
        str, typer.Option("--given", metavar="SCENARIO", help="Whose users, products and stock it has.")
    ] = "checkout",
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where the gateway listens.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="N", min=1, max=65535, help="The gateway's port. [any free one]"),
    ] = None,
    log: Annotated[
        str, typer.Option("--log", metavar="all|normal|key", help="Which events are written.")
    ] = "all",
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay here; Ctrl-C ends the shop.")
    ] = False,
    json: Json = False,
) -> None:
    """Start the shop as real processes and leave it running."""
    if log not in ("all", "normal", "key"):
        raise typer.BadParameter(f"--log {log!r}: all, normal or key")
    from msa_lab.cli import shopstart  # noqa: PLC0415 - heavy modules wait for their command

    wish = shopstart.Wish(
        name=name,
        topology=topology,
        settings=tuple(setting or ()),
        given=given,
        host=host,
        port=port,
        log=log,
    )
    raise typer.Exit(shopstart.start(wish, talk_of(context, json=json), foreground=foreground))


def down(
    context: typer.Context,
    name: Name = SHOP,
    every: Annotated[bool, typer.Option("--all", help="Every shop of yours that runs.")] = False,
) -> None:
    """End the shop; its data stays. Cleans up after one whose supervisor was killed."""
    from msa_lab.cli import shopstop  # noqa: PLC0415 - as above

    raise typer.Exit(shopstop.stop(name, talk_of(context), every=every))


def status(context: typer.Context, name: Name = SHOP, json: Json = False) -> None:
    """Show who runs: instances, ports, restarts, memory, faults."""
    from msa_lab.cli import shoppages  # noqa: PLC0415 - as above

    shoppages.print_status(name, talk_of(context, json=json))


def logs(
    context: typer.Context,
    who: Annotated[
        str | None, typer.Argument(metavar="[SERVICE]", help="A service, an instance, broker, supervisor.")
    ] = None,
    name: Name = SHOP,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Not older than this: 30s, 5m, 2h.")
    ] = None,
) -> None:
    """Print what the processes of the shop have printed."""
    from msa_lab.cli import outputs  # noqa: PLC0415 - as above

    outputs.print_logs(name, who, talk_of(context), since=since, follow=follow)


def restart(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="SERVICE|INSTANCE", help="Whom to start anew.")],
    name: Name = SHOP,
) -> None:
    """End a service or an instance in good order and start it anew."""
    from msa_lab.cli import shopstop  # noqa: PLC0415 - as above

    shopstop.restart(name, who, talk_of(context))


def reset(
    context: typer.Context,
    name: Name = SHOP,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="End the shop first if it runs.")] = False,
) -> None:
    """Delete the shop's data: databases, messages, logs."""
    from msa_lab.cli import shopstop  # noqa: PLC0415 - as above

    raise typer.Exit(shopstop.reset(name, talk_of(context), yes=yes, force=force))
