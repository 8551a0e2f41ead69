"""`msalab parity` and `msalab calibrate`: the two worlds side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from msa_lab.cli.options import (
    Chaos,
    Json,
    Profile,
    Quiet,
    Settings,
    Topology,
    Variables,
    Verbose,
    one_profile,
    talk_of,
)


def parity(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A scenario's name, or its file.")],
    chaos: Chaos = None,
    profile: Profile = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="FAULT", help="One more fault; may be repeated."),
    ] = None,
    topology: Topology = None,
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="SEEDS", help="Which seeds to play: 1..3 or 1,4,9.")
    ] = "1..3",
    setting: Settings = None,
    variable: Variables = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Play a scenario in both worlds and tell whether they agree; real processes take real time."""
    from msa_lab.cli import paritypage  # noqa: PLC0415 - heavy modules wait for their command
    from msa_lab.cli.wanted import Wanted, seeds_of  # noqa: PLC0415 - as above

    one_profile(chaos=chaos, profile=profile)
    try:
        numbers = seeds_of(seeds)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    wanted = Wanted(
        name=name,
        chaos=chaos,
        profile=profile,
        faults=tuple(fault or ()),
        topology=topology,
        settings=tuple(setting or ()),
        variables=tuple(variable or ()),
    )
    talk = talk_of(context, json=json, quiet=quiet, verbose=verbose)
    raise typer.Exit(paritypage.print_parity(wanted, numbers, talk))


def calibrate(  # noqa: PLR0917 - a command's options
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[NAME|FILE]", help="The scenario whose journey is measured.")
    ] = "checkout",
    topology: Topology = None,
    setting: Settings = None,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE", help="Where the topology goes. [topologies/NAME-here.yaml]"),
    ] = None,
    length: Annotated[
        float,
        typer.Option("--seconds", metavar="X", min=5, max=3600, help="How long each measurement takes."),
    ] = 20.0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the shop on this machine and write a topology that is as fast in the simulated world."""
    from msa_lab.cli import calibrationpage  # noqa: PLC0415 - heavy modules wait for their command
    from msa_lab.cli.wanted import Wanted  # noqa: PLC0415 - as above

    wanted = Wanted(name=name, topology=topology, settings=tuple(setting or ()))
    talk = talk_of(context, json=json, quiet=quiet)
    raise typer.Exit(calibrationpage.print_calibration(wanted, out, length, talk))
