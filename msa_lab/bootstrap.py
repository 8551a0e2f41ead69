"""The composition root: the only module that names concrete classes."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import math
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import msa_lab
from msa_lab.chaos import FaultSpec, names_of, parse_fault_text
from msa_lab.errors import UserMistake
from msa_lab.runtime.authors import blaming
from msa_lab.runtime.process.needs import see_to_needs
from msa_lab.scenario.loading import load_scenario
from msa_lab.scenario.model import NO_CHAOS, Scenario
from msa_lab.sdk.discovery import discover
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.source import InvalidFile, Mistakes, meant, quoted
from msa_lab.telemetry.events import KINDS
from msa_lab.telemetry.log import EventLog
from msa_lab.topology.loading import load_topology, with_settings
from msa_lab.topology.model import Topology
from msa_lab.topology.servers import VARIABLES, check_url
from msa_lab.usecases.ports import Plan, Progress, World

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from msa_lab.persistence.shops import ShopFolder
    from msa_lab.persistence.spill import Spill
    from msa_lab.runtime.process.admin import Door
    from msa_lab.runtime.process.corewatch import CoreWatch
    from msa_lab.telemetry.events import LogEvent
    from msa_lab.telemetry.log import Level
    from msa_lab.usecases.calibration.demand import Usage
    from msa_lab.usecases.report import RunReport

_HERE = Path(msa_lab.__file__).parent


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder somebody works in: its own scenarios, topologies and services come before the shipped ones."""

    root: Path
    services: Path | None = None

    def search(self, kind: str) -> tuple[Path, ...]:
        """Give the folders to look in for `scenarios` or `topologies`, the workspace's first."""
        shipped = _HERE / "shipped" / kind
        if not shipped.is_dir():
            shipped = _HERE.parent / kind  # a source tree
        own = self.root / kind
        return tuple(dict.fromkeys(path.resolve() for path in (own, shipped) if path.is_dir()))

    def specs(self) -> tuple[ServiceSpec, ...]:
        """Find the services, with those of the workspace in place of the shipped ones of the same name."""
        own = self.services
        if own is None:
            candidate = self.root / "services"
            built_in = (_HERE.parent / "services").resolve()
            own = candidate.resolve() if candidate.is_dir() and candidate.resolve() != built_in else None
        return discover(own)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks of a run; None and empty leave it to the scenario.

    `faults` are lines such as `net.loss order -> payment for 5s`, `settings` such as `patterns.retry=off`,
    `without` ids of the profile's faults that are left out.
    """

    chaos: bool | None = None
    profile: str | None = None
    faults: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    topology: str | None = None
    settings: tuple[str, ...] = ()
    seed: int | None = None


def topology_for(
    workspace: Workspace, specs: Sequence[ServiceSpec], name: str, settings: Sequence[str] = ()
) -> Topology:
    """Load a topology and change it by `path=value` settings.

    Raises:
        UserMistake: with every mistake found.
    """
    topology = load_topology(name, workspace.search("topologies"), specs)
    topology = with_settings(topology, settings) if settings else topology
    said = {setting.partition("=")[0].strip() for setting in settings}
    urls = _servers_named([name for name in VARIABLES if f"servers.{name}" not in said])
    return dataclasses.replace(topology, servers=topology.servers.changed(urls)) if urls else topology


def _servers_named(names: Sequence[str]) -> dict[str, str]:
    """Give those of the servers that the environment names.

    Raises:
        UserMistake: when a variable holds no such URL.
    """
    urls = {}
    for name in names:
        if VARIABLES[name] in os.environ:
            try:
                urls[name] = check_url(name, os.environ[VARIABLES[name]])
            except ValueError as mistake:
                raise UserMistake(f"{VARIABLES[name]}: {mistake}") from mistake
    return urls


def scenario_for(
    workspace: Workspace, specs: Sequence[ServiceSpec], name: str, variables: Mapping[str, Any]
) -> Scenario:
    """Load a scenario.

    Raises:
        UserMistake: with every mistake found.
    """
    return load_scenario(name, workspace.search("scenarios"), specs, variables)


def plan_for(workspace: Workspace, specs: Sequence[ServiceSpec], scenario: Scenario, wishes: Wishes) -> Plan:
    """Put together all that a run depends on.

    Raises:
        UserMistake: when the profile is unknown, or the topology or a fault wrong.
    """
    topology = topology_for(workspace, specs, wishes.topology or scenario.topology, wishes.settings)
    profile = _profile(scenario, wishes)
    shaped = tuple(spec.under(topology.patterns) for spec in specs)
    return Plan(
        scenario=scenario,
        topology=topology,
        specs=shaped,
        seed=scenario.seed if wishes.seed is None else wishes.seed,
        profile=profile,
        faults=_faults(scenario, topology, shaped, profile, wishes),
    )


def _faults(
    scenario: Scenario, topology: Topology, specs: Sequence[ServiceSpec], profile: str, wishes: Wishes
) -> tuple[FaultSpec, ...]:
    """Join the profile's faults and those of the command line; a kind that comes again gets a number.

    A fault of the command line with the id of one that was left out stands in its place.
    """
    profiled = scenario.faults(profile)
    _leave_out([fault.id for fault in profiled], wishes.without, profile)
    faults = [fault for fault in profiled if fault.id not in wishes.without]
    replicas = {name: deployed.replicas for name, deployed in topology.deployments.items()}
    names = names_of(specs, flows=scenario.flows, replicas=replicas)
    mistakes = Mistakes()
    for line in wishes.faults:
        taken = [fault.id for fault in faults]
        number = 1
        try:
            fault = parse_fault_text(line, names)
            while fault.id in taken and number <= len(taken):
                number += 1
                fault = parse_fault_text(line, names, number=number)
        except InvalidFile as invalid:
            mistakes.take(invalid)
        else:
            if fault.id in taken:
                raise UserMistake(f"--fault: two faults have the id {quoted(fault.id)}")
            faults.append(fault)
    mistakes.raise_if_any()
    order = {fault.id: place for place, fault in enumerate(profiled)}
    return tuple(sorted(faults, key=lambda fault: order.get(fault.id, len(order))))


def _leave_out(known: Sequence[str], without: Sequence[str], profile: str) -> None:
    for name in without:
        if name not in known:
            guess = meant(name, known)
            raise UserMistake(f"--without: profile {quoted(profile)} has no fault {quoted(name)}{guess}")


def _profile(scenario: Scenario, wishes: Wishes) -> str:
    if wishes.profile is not None:
        if wishes.profile != NO_CHAOS and wishes.profile not in scenario.profiles:
            guess = meant(wishes.profile, scenario.profiles)
            known = ", ".join(sorted(scenario.profiles)) or "none"
            raise UserMistake(
                f"{scenario.id} has no chaos profile {quoted(wishes.profile)}{guess}\n  it has: {known}"
            )
        return wishes.profile
    if not wishes.chaos:
        return NO_CHAOS
    if scenario.chaos_default in ("", NO_CHAOS):
        known = ", ".join(scenario.profiles)
        way_out = f"name one of its profiles: {known}" if known else "add one to the file, or use --fault"
        raise UserMistake(f"{scenario.id} has no default chaos profile\n  {way_out}")
    return scenario.chaos_default


Mode = Literal["sim", "process"]

LONG_RUN = 50_000
"""From this many requests on, what was written long ago is kept on disk instead of in memory."""


def simulated_world(spill: Spill | None = None) -> World:
    """Make the simulated world; with a `spill`, its services keep old records there.

    Raises:
        UserMistake: when the environment asks for no patience that there is.
    """
    from msa_lab.runtime.patience import patience_of  # noqa: PLC0415 - as below
    from msa_lab.runtime.sim.world import SimWorld  # noqa: PLC0415 - SimPy is loaded when a run needs it

    return SimWorld(rows=None if spill is None else spill.rows, patience=patience_of(os.environ))


def process_world(door: Door | None = None) -> World:
    """Make the world of real processes; by a `door` hands can be laid on what is played.

    Raises:
        EnvironmentTrouble: when this machine or this installation cannot have it.
    """
    see_to_needs()
    from msa_lab.runtime.process.world import ProcessWorld  # noqa: PLC0415 - loaded when a run needs it

    return ProcessWorld(door)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running shop is to listen; `port` None: wherever it did last time, or any free port."""

    host: str = "127.0.0.1"
    port: int | None = None


def stand(
    plan: Plan,
    folder: ShopFolder,
    address: Address,
    *,
    level: Level = "all",
    progress: Callable[[Mapping[str, Any]], object],
    on_up: Callable[[Mapping[str, Any]], object],
) -> list[str]:
    """Run a shop in this process until it is asked to end, holding the lock of its folder.

    `on_up` is told where the shop is to be found. Gives the names of processes that had to be killed.

    Raises:
        EnvironmentTrouble: when it does not come up, or the machine fails it.
        ServiceFailed: when a service that somebody put in place of a shipped one fails at the start.
    """
    see_to_needs()
    from msa_lab.persistence.shopkeeper import ShopKeeper  # noqa: PLC0415 - loaded when a shop needs it
    from msa_lab.persistence.shoplog import ShopLog  # noqa: PLC0415 - as above
    from msa_lab.runtime.process.daemon import Standing, stand_by  # noqa: PLC0415 - as above
    from msa_lab.runtime.process.doors import doors  # noqa: PLC0415 - as above
    from msa_lab.runtime.process.hurting import SharedCounts  # noqa: PLC0415 - as above
    from msa_lab.runtime.process.launch import blueprint_of  # noqa: PLC0415 - as above
    from msa_lab.runtime.process.refusing import told_in_a_sentence  # noqa: PLC0415 - as above
    from msa_lab.telemetry.canonical import CanonicalWriter  # noqa: PLC0415 - as above

    kept = ShopLog(folder.events)
    if kept.trouble is not None:
        raise kept.trouble
    writer = CanonicalWriter(kept.append)
    log = EventLog(writer, level)
    log.seq = 0 if kept.last is None else kept.last.seq
    keeper = ShopKeeper(folder, kept, writer)
    ports = doors(plan.specs, plan.topology, address.host, address.port, keeper.ports)
    keeper.settle(ports, plan.topology.id)
    url = f"http://{address.host}:{next(iter(ports.values()))}"
    with (
        told_in_a_sentence(),
        tempfile.TemporaryDirectory(prefix="msalab-", ignore_cleanup_errors=True) as name,
    ):
        sockets = Path(name)
        blueprint = blueprint_of(
            plan, log, sockets, SharedCounts(plan.faults, sockets / "counts", spare=64),
            lasting=(folder.data, folder.logs), host=address.host, ports=ports,
        )  # fmt: skip
        token = secrets.token_urlsafe(32)
        folder.set_token(token)
        state = {
            "pid": os.getpid(), "url": url, "admin": str(sockets / "admin"), "sockets": name,
            "topology": plan.topology.id, "given": plan.scenario.id, "started": _today(),
        }  # fmt: skip
        folder.say(state)
        standing = Standing(
            plan=plan, log=log, blueprint=blueprint, keeper=keeper, token=token, start=keeper.start(),
            logged=-1 if kept.last is None else kept.last.t,
            url=url, admin=sockets / "admin",
        )  # fmt: skip
        try:
            with blaming(_HERE.parent / "services"):
                return stand_by(standing, progress, lambda: on_up(state))
        finally:
            kept.close()
            folder.clear()


def service_alone(service: str, workspace: Workspace, environment: Mapping[str, str]) -> object:
    """Make the ASGI application of one service, as the environment says.

    MSALAB_DATA is the folder of its database (`msalab-data`), MSALAB_TOPOLOGY names the patterns that hold
    (`textbook`), MSALAB_<SERVICE>_URL a neighbour; MSALAB_BROKER_URL and MSALAB_CACHE_URL are servers.

    Raises:
        UserMistake: when one of them is wrong, or a service's code cannot be loaded.
        EnvironmentTrouble: when this machine or this installation cannot serve it.
    """
    see_to_needs()
    specs = workspace.specs()
    names = [spec.name for spec in specs]
    if service not in names:
        guess = meant(service, names)
        raise UserMistake(f"unknown service {quoted(service)}{guess}\n  there are: {', '.join(names)}")
    topology = topology_for(workspace, specs, environment.get("MSALAB_TOPOLOGY", "textbook"))
    neighbours, mistakes = {}, []
    for name in names:
        variable = f"MSALAB_{name.upper()}_URL"
        if variable in environment:
            try:
                neighbours[name] = _place_of(environment[variable])
            except ValueError as mistake:
                mistakes.append(f"{variable}: {mistake}")
    if mistakes:
        raise UserMistake("\n".join(mistakes))
    from msa_lab.runtime.process.alone import Alone, AloneApp  # noqa: PLC0415 - loaded when it is served

    shaped = tuple(spec.under(topology.patterns) for spec in specs)
    folder = Path(environment.get("MSALAB_DATA", "msalab-data"))
    return AloneApp(Alone(service, shaped, topology, folder.absolute(), neighbours))


def _place_of(url: str) -> tuple[str, int]:
    """Give host and port of a neighbour.

    Raises:
        ValueError: when it is no such URL.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(f"{quoted(url)} is not a URL such as http://127.0.0.1:8001")
    return parts.hostname, parts.port or 80


def leave_servers(workspace: Workspace, folder: ShopFolder) -> None:
    """Remove what a shop that is down has in servers by URL, as far as its topology and the environment say.

    Raises:
        UserMistake: when its topology or scenario is not to be found.
    """
    past = folder.past
    if not (folder.data / "prefix").exists() or not past.get("given"):
        return
    from msa_lab.runtime.process.endpoints import clean_up  # noqa: PLC0415 - loaded when a shop needs it
    from msa_lab.runtime.process.hurting import SharedCounts  # noqa: PLC0415 - as above
    from msa_lab.runtime.process.launch import blueprint_of  # noqa: PLC0415 - as above

    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, str(past["given"]), {})
    plan = plan_for(workspace, specs, scenario, Wishes(topology=str(past["topology"]), chaos=False))
    counts = SharedCounts((), folder.data / "counts")
    lasting = (folder.data, folder.logs)
    clean_up(blueprint_of(plan, EventLog(), folder.data, counts, lasting=lasting))


def world_for(mode: Mode, spill: Spill | None = None, door: Door | None = None) -> World:
    """Make the world of a mode.

    Raises:
        EnvironmentTrouble: when this machine cannot have it.
    """
    return process_world(door) if mode == "process" else simulated_world(spill)


def _spill_for(plan: Plan) -> Spill | None:
    """Make a spill when more requests are expected than memory should hold the traces of."""
    if plan.scenario.requests < LONG_RUN:
        return None
    from msa_lab.persistence.spill import Spill  # noqa: PLC0415 - only long runs need it

    return Spill()


def _today() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251 - for people, outside the run


@dataclass(slots=True)
class WallClock:
    """Tells people how long a run took."""

    _begun: float = field(default_factory=time.perf_counter)
    _date: str = field(default_factory=_today)

    def started(self) -> str:
        """Tell when it began."""
        return self._date

    def elapsed(self) -> float:
        """Give the seconds since it began."""
        return time.perf_counter() - self._begun


def new_run_id() -> str:
    """Make the name of a run: six hexadecimal digits that no other run here should have."""
    return secrets.token_hex(3)


def play(
    plan: Plan,
    *,
    mode: Mode = "sim",
    run: str | None = None,
    write: Callable[[bytes], object] | None = None,
    door: Door | None = None,
    **options: Any,  # noqa: ANN401 - those of run_scenario
) -> RunReport:
    """Play a plan in the world of a mode and judge it; files are only kept by what `write` does.

    Raises:
        UserMistake: when that world cannot play one of the faults.
        EnvironmentTrouble: when this machine cannot have that world.
        ServiceFailed: when a service that somebody put in place of a shipped one fails in its own code.
    """
    from msa_lab.usecases.run_scenario import run_scenario  # noqa: PLC0415 - loaded when a run needs it

    if mode == "process":
        _refuse_what_processes_cannot(plan)
    spill = _spill_for(plan)
    if spill is not None:
        options.setdefault("entities", spill.mapping)
    try:
        with _seldom_collecting(), blaming(_HERE.parent / "services"):
            return run_scenario(
                plan,
                world=world_for(mode, spill, door),
                run=run or new_run_id(),
                tool=f"msa-lab {msa_lab.__version__}",
                stopwatch=WallClock(),
                write=write,
                **options,
            )
    finally:
        if spill is not None:
            spill.close()


@dataclass(frozen=True, slots=True)
class Side:
    """A world as `usecases.parity` compares it; `begin` is told of each run and gives who watches it."""

    name: Mode
    cannot: Callable[[FaultSpec], str]
    begin: Callable[[str, Plan], Progress]
    stop: Callable[[], bool]

    def play(self, plan: Plan) -> RunReport:
        """Play a plan and judge it."""
        return play(plan, mode=self.name, stop=self.stop, progress=self.begin(self.name, plan))


def both_sides(begin: Callable[[str, Plan], Progress], stop: Callable[[], bool]) -> tuple[Side, Side]:
    """Give the simulated world and that of real processes, side by side.

    Raises:
        EnvironmentTrouble: when this machine or this installation cannot have real processes.
    """
    process_world()  # a clear word before anything is played
    from msa_lab.runtime.process.ability import cannot  # noqa: PLC0415 - loaded when a run needs it

    return Side("sim", lambda _fault: "", begin, stop), Side("process", cannot, begin, stop)


@dataclass(frozen=True, slots=True)
class MeasuringStage:
    """Plays what a calibration measures; nothing is judged or kept. `begin` is told of each run."""

    begin: Callable[[str, str, Plan], Progress]
    stop: Callable[[], bool]

    def play(
        self,
        world: Mode,
        plan: Plan,
        listeners: Mapping[Callable[[LogEvent], object], tuple[str, ...]],
        what: str,
    ) -> Usage:
        """Play a plan and let `listeners` hear the kinds of events they name; give the CPU seconds it took.

        Of real processes the whole is that of this one and of all that it started and that has ended, in the
        simulated world that of the simulated ones.

        Raises:
            EnvironmentTrouble: when this machine cannot have that world.
        """
        from msa_lab.usecases.calibration.demand import Usage  # noqa: PLC0415 - loaded when it is needed

        log = EventLog()
        log.listen(tuple(KINDS), _unheard)  # a shop that is played logs everything, and that takes its time
        for listener, kinds in listeners.items():
            log.listen(kinds, listener)
        before = _cpu()
        with _seldom_collecting(), blaming(_HERE.parent / "services"):
            played = world_for(world).play(
                plan, log, steady=lambda: None, stop=self.stop, progress=self.begin(world, what, plan)
            )
        whole = _cpu() - before if world == "process" else math.fsum(played.cpu.values())
        return Usage(whole, played.cpu)


def _unheard(event: LogEvent) -> None:
    """Take an event and do nothing."""


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def watched_cores() -> AbstractContextManager[CoreWatch]:
    """Watch for cores of this machine that are kept back; nothing is seen where that is unknown."""
    from msa_lab.runtime.process.corewatch import watched_cores as watched  # noqa: PLC0415 - loaded when it is needed

    return watched()


def cores() -> int:
    """Give how many cores this process and its children may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable is not None else os.cpu_count() or 1


def _refuse_what_processes_cannot(plan: Plan) -> None:
    from msa_lab.runtime.process.ability import cannot  # noqa: PLC0415 - loaded when a run needs it

    reasons = [f"fault {fault.id}: {why}" for fault in plan.faults if (why := cannot(fault))]
    if reasons:
        raise UserMistake("\n".join([*reasons, "  play it with --mode sim"]))


@contextlib.contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Look for cyclic garbage seldom: a run makes little, and the search costs an eighth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


__all__ = [
    "Address",
    "MeasuringStage",
    "Plan",
    "Side",
    "WallClock",
    "Wishes",
    "Workspace",
    "both_sides",
    "cores",
    "new_run_id",
    "plan_for",
    "play",
    "process_world",
    "scenario_for",
    "service_alone",
    "simulated_world",
    "stand",
    "topology_for",
    "watched_cores",
    "world_for",
]
