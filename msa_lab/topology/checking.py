"""Turns a filled file into a topology; every name in it must exist and every value fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msa_lab.sdk.contract import Setting
from msa_lab.sdk.distributions import Constant, Distribution, Exponential, LogNormal, Normal, Pareto, Uniform
from msa_lab.sdk.policy import Breaker, Bulkhead, CallPolicy, Cost
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.sdk.values import Money
from msa_lab.source import (
    Document,
    MissingUnit,
    Mistakes,
    Path,
    Strict,
    did_you_mean,
    listed,
    parse_distribution,
    parse_duration,
    parse_money,
    quoted,
)
from msa_lab.source import mistakes as codes
from msa_lab.topology.fileform import MachineForm, PolicyForm, ServersForm, ServiceForm, TopologyForm
from msa_lab.topology.model import (
    ANY,
    BrokerSettings,
    Deployment,
    LinkTiming,
    MachineSettings,
    Slowdowns,
    Stalls,
    Timing,
    Topology,
)
from msa_lab.topology.patterns import LATER, ON_OFF, PATTERNS, defaults
from msa_lab.topology.servers import VARIABLES, Servers, check_url, password

Part = TypeVar("Part")
_DISTRIBUTIONS = (Constant, Exponential, LogNormal, Normal, Pareto, Uniform)


class WrongType(ValueError):
    """A configured value is of another type than the setting's default."""


class Checker:
    """Builds one topology, noting mistakes as it goes; what it gives after a mistake is not for use."""

    def __init__(self, document: Document, specs: Sequence[ServiceSpec], mistakes: Mistakes) -> None:
        self.document = document
        self.mistakes = mistakes
        self.specs = tuple(specs)
        self.by_name = {spec.name: spec for spec in specs}

    def topology(self, form: TopologyForm, sha256: str) -> Topology:
        """Give the topology of a filled form."""
        patterns = self.patterns(form.patterns)
        for name in form.services:
            self.known("service", name, self.by_name, ("services", name), key=True)
        return Topology(
            id=form.id,
            title=form.title,
            why=form.why,
            patterns=patterns,
            deployments={
                name: self.deployment(spec.under(patterns), form.services.get(name), form.machines)
                for name, spec in self.by_name.items()
            },
            machines={name: self.machine(name, written) for name, written in form.machines.items()},
            links=tuple(self.links(form)),
            timing=changed(Timing(), form.timing),
            broker=dataclasses.replace(
                changed(BrokerSettings(), form.broker, skip=("backoff",)),
                backoff=changed(BrokerSettings().backoff, form.broker.backoff),
            ),
            servers=self.servers(form.servers),
            policies=self.policies(form.resilience),
            config=self.config(form.config),
            modules=self.modules(form, patterns["placement"]),
            file=self.document.file,
            sha256=sha256,
            document=self.document,
            specs=self.specs,
        )

    def known(
        self, kind: str, name: str, names: Iterable[str], path: Path, *, key: bool = False, whose: str = ""
    ) -> bool:
        """Note a name that does not exist; tell whether it does."""
        choice = sorted(names)
        if name in choice:
            return True
        there = f"there are: {', '.join(choice)}" if choice else f"there is no {kind} at all"
        message = f"unknown {kind} {quoted(name)}{whose}"
        place = self.document.place(path, key=key)
        self.mistakes.add(codes.UNKNOWN_NAME, message, place, did_you_mean(name, choice), there)
        return False

    def patterns(self, written: Mapping[str, str | bool]) -> dict[str, str]:
        """Fill all switches."""
        chosen = defaults()
        for name, value in written.items():
            path = ("patterns", name)
            if name in LATER and name not in PATTERNS:
                message = f"pattern {quoted(name)} is not in this version"
                hint = f"in this version: {', '.join(PATTERNS)}"
                place = self.document.place(path, key=True)
                self.mistakes.add(codes.UNSUPPORTED, message, place, hint=hint)
            elif self.known("pattern", name, PATTERNS, path, key=True):
                chosen[name] = self.pattern_value(name, value)
        return chosen

    def pattern_value(self, name: str, value: str | bool) -> str:  # noqa: FBT001 - true and false are values here
        """Check one switch; true and false mean on and off."""
        pattern = PATTERNS[name]
        place = self.document.place(("patterns", name))
        if isinstance(value, bool) and pattern.values == ON_OFF:
            return "on" if value else "off"
        text = str(value).lower() if isinstance(value, bool) else value
        if text in LATER.get(name, ()):
            message = f"{name}: {text} is not in this version"
            hint = f"in this version: {', '.join(pattern.values)}"
            self.mistakes.add(codes.UNSUPPORTED, message, place, hint=hint)
        elif text not in pattern.values:
            message = f"{quoted(name)} must be {listed(pattern.values)}, not {quoted(text)}"
            self.mistakes.add(codes.BAD_VALUE, message, place, did_you_mean(text, pattern.values))
        return text

    def deployment(
        self, spec: ServiceSpec, form: ServiceForm | None, machines: Mapping[str, int | MachineForm]
    ) -> Deployment:
        """Fill what the file leaves out from the spec."""
        form = form or ServiceForm()
        path: Path = ("services", spec.name)
        if form.machine is not None:
            self.known("machine", form.machine, machines, (*path, "machine"))
        costs = {serve.operation.name: serve.cost for serve in spec.operations}
        costs.update({heard.type.name: heard.cost for heard in spec.subscriptions})
        changes: dict[str, Cost] = {}
        for name, cost in form.cost.items():
            where = (*path, "cost", name)
            if self.known("operation", name, costs, where, key=True, whose=f" of {spec.name}"):
                changes[name] = changed(costs[name], cost, clearable=("wait",))
        return Deployment(
            spec.name,
            form.replicas,
            spec.concurrency if form.concurrency is None else form.concurrency,
            spec.queue if form.queue is None else form.queue,
            form.machine,
            changes,
            form.discipline,
        )

    def machine(self, name: str, written: int | MachineForm) -> MachineSettings:
        """Give a machine; a number alone is that of its cores."""
        if isinstance(written, int):
            return MachineSettings(written)
        standing, slow = written.stalls, written.slowdowns
        stalls = None if standing is None else Stalls(standing.apart, standing.length)
        if stalls is not None and stalls.apart.mean < 1:
            place = self.document.place(("machines", name, "stalls", "apart"))
            self.mistakes.add(codes.BAD_VALUE, "without time between stalls nothing is ever done", place)
        slowdowns = None if slow is None else Slowdowns(slow.apart, slow.length, slow.pace)
        return MachineSettings(written.cores, stalls, slowdowns)

    def links(self, form: TopologyForm) -> Iterable[LinkTiming]:
        """Read `caller -> callee` of every link."""
        for index, link in enumerate(form.links):
            pair = self.pair(link.link, ("links", index, "link"), key=False)
            if pair is not None:
                yield LinkTiming(*pair, link.latency)

    def pair(self, text: str, path: Path, *, key: bool) -> tuple[str, str] | None:
        """Read `caller -> callee`; either may be `*`."""
        source, arrow, target = (part.strip() for part in text.partition("->"))
        if not (source and arrow and target):
            place = self.document.place(path, key=key)
            message = f"{quoted(text)} is not a link such as caller -> callee"
            self.mistakes.add(codes.BAD_VALUE, message, place)
            return None
        names = (ANY, *self.by_name)
        checked = [self.known("service", name, names, path, key=key) for name in (source, target)]
        return (source, target) if all(checked) else None

    def policies(self, written: Mapping[str, PolicyForm]) -> dict[tuple[str, str], CallPolicy]:
        """Give the policies that differ from the specs'; a link named exactly counts over one with `*`."""
        found: dict[tuple[str, str], CallPolicy] = {}
        for text in sorted(written, key=lambda text: (-text.count(ANY), text)):
            path = ("resilience", text)
            pair = self.pair(text, path, key=True)
            if pair is None:
                continue
            declared = [
                (caller.name, callee)
                for caller in self.specs
                for callee in caller.depends_on
                if pair[0] in (ANY, caller.name) and pair[1] in (ANY, callee)
            ]
            if not declared:
                callees = ", ".join(self.by_name[pair[0]].depends_on) if pair[0] != ANY else ""
                hint = f"{pair[0]} calls: {callees}" if callees else None
                message = f"no service declares calls {pair[0]} -> {pair[1]}"
                place = self.document.place(path, key=True)
                self.mistakes.add(codes.UNKNOWN_NAME, message, place, hint=hint)
            for caller, callee in declared:
                base = found.get((caller, callee)) or self.by_name[caller].depends_on[callee]
                found[caller, callee] = policy_changed(base, written[text])
        return found

    def servers(self, form: ServersForm) -> Servers:
        """Check the URLs of servers. A password would be kept with every run, so none may stand here."""
        urls: dict[str, str] = {}
        for name, variable in VARIABLES.items():
            written = getattr(form, name) or ""
            place = self.document.place(("servers", name))
            secret = password(written)
            if secret:
                self._mask(secret)
                message = f"a password in {quoted(f'servers.{name}')} would be kept with every run"
                hint = f"take it out here and name the server by the environment: {variable}=URL"
                self.mistakes.add(codes.BAD_VALUE, message, place, hint=hint)
            try:
                urls[name] = check_url(name, written)
            except ValueError as mistake:
                self.mistakes.add(codes.BAD_VALUE, f"{quoted(f'servers.{name}')}: {mistake}", place)
        return Servers(**urls)

    def _mask(self, secret: str) -> None:
        """Take a password out of the lines that are shown with mistakes."""
        for file, text in list(self.mistakes.sources.items()):
            self.mistakes.know(file, text.replace(secret, "*" * len(secret)))

    def config(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """Check configured values against their settings' defaults."""
        settings = {setting.name: setting for spec in self.specs for setting in spec.settings}
        values: dict[str, Any] = {}
        for name, value in written.items():
            path = ("config", name)
            if not self.known("setting", name, settings, path, key=True):
                continue
            try:
                values[name] = setting_value(settings[name], value)
            except MissingUnit as mistake:
                self.mistakes.add(codes.MISSING_UNIT, str(mistake), self.document.place(path))
            except WrongType as mistake:
                self.mistakes.add(codes.WRONG_TYPE, str(mistake), self.document.place(path))
            except ValueError as mistake:
                self.mistakes.add(codes.BAD_VALUE, str(mistake), self.document.place(path))
        return values

    def modules(self, form: TopologyForm, placement: str) -> dict[str, tuple[str, ...]]:
        """Check the groups that share a process: each service in one at most, and only when placed so."""
        if (placement == "modular") != bool(form.modules):
            path: Path = ("modules",) if form.modules else ("patterns", "placement")
            message = "placement: modular and modules: belong together; one is missing"
            self.mistakes.add(codes.CONTRADICTION, message, self.document.place(path, key=True))
        home: dict[str, str] = {}
        ours = [spec.name for spec in self.specs if not spec.outside]
        for module, members in form.modules.items():
            for index, name in enumerate(members):
                path = ("modules", module, index)
                known = self.known("service", name, ours, path)
                if known and name in home:
                    message = f"{quoted(name)} is in module {quoted(home[name])} already"
                    self.mistakes.add(codes.CONTRADICTION, message, self.document.place(path))
                home.setdefault(name, module)
        return dict(form.modules)


def changed(part: Part, form: Strict, *, clearable: Sequence[str] = (), skip: Sequence[str] = ()) -> Part:
    """Give a frozen value with the fields that the form sets; null counts only for clearable ones."""
    fields = {
        name: getattr(form, name)
        for name in sorted(form.model_fields_set)
        if name not in skip and (getattr(form, name) is not None or name in clearable)
    }
    return dataclasses.replace(part, **fields)  # type: ignore[type-var] # Part is always a dataclass here


def policy_changed(base: CallPolicy, form: PolicyForm) -> CallPolicy:
    """Give a policy with what the form sets; `breaker: null` and `bulkhead: null` take them away."""
    policy = changed(base, form, skip=("retry", "breaker", "bulkhead"))
    if form.retry is not None:
        policy = dataclasses.replace(policy, retry=changed(policy.retry, form.retry, clearable=("budget",)))
    if "breaker" in form.model_fields_set:
        breaker = None if form.breaker is None else changed(base.breaker or Breaker(), form.breaker)
        policy = dataclasses.replace(policy, breaker=breaker)
    if "bulkhead" in form.model_fields_set:
        bulkhead = None if form.bulkhead is None else changed(base.bulkhead or Bulkhead(), form.bulkhead)
        policy = dataclasses.replace(policy, bulkhead=bulkhead)
    return policy


def setting_value(setting: Setting[Any], value: Any) -> Any:  # noqa: ANN401 - as the setting says
    """Give a configured value in the type of the setting's default.

    Raises:
        WrongType: when it is of another type.
        MissingUnit: when it lacks its unit.
        ValueError: when it cannot be read as what it must be.
    """
    default = setting.default
    written = f"{value}" if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    if setting.unit == "duration":
        return parse_duration(_required(written, setting, "a duration such as 250ms"))
    if isinstance(default, Money):
        return parse_money(_required(written, setting, "an amount such as 12.50 EUR"))
    if isinstance(default, _DISTRIBUTIONS):
        drawn: Distribution = parse_distribution(
            _required(written, setting, "a distribution such as exp(2ms)")
        )
        return drawn
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if type(value) is not type(default):
        names = {
            bool: "true or false",
            int: "a whole number",
            float: "a number",
            str: "text",
            tuple: "a list",
        }
        wanted = names.get(type(default), type(default).__name__)
        raise WrongType(f"{quoted(setting.name)} must be {wanted}, not {quoted(value)}")
    return value


def _required(written: str | None, setting: Setting[Any], wanted: str) -> str:
    if written is None:
        raise WrongType(f"{quoted(setting.name)} must be {wanted}")
    return written
