"""What the catalogue says of itself: on the terminal, and as the reference page."""

from __future__ import annotations

from collections.abc import Mapping

from msa_lab.chaos.catalogue import CATALOGUE
from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.parameters import Parameter, parameters, write_parameter
from msa_lab.chaos.targets import SAID
from msa_lab.errors import UserMistake
from msa_lab.source import listed, meant, quoted

_DOMAINS = {
    "process": "Processes",
    "clock": "Clocks",
    "net": "Network",
    "http": "HTTP",
    "broker": "Broker",
    "msg": "Messages",
    "consumer": "Consumers",
    "db": "Databases",
    "cache": "Caches",
    "pay": "Outside parties",
    "load": "Load",
}


def find_kind(name: str) -> FaultKind:
    """Give the kind of that name.

    Raises:
        UserMistake: when there is none, with the name probably meant.
    """
    kind = CATALOGUE.get(name)
    if kind is None:
        guess = meant(name, CATALOGUE)
        raise UserMistake(f"unknown fault {quoted(name)}{guess}\n  list them:  msalab chaos list")
    return kind


def example(kind: FaultKind, players: Mapping[str, str]) -> str:
    """Give a line that can be played with these services; `players` come from `naming.cast`."""
    return kind.example.format_map(players)


def list_page() -> str:
    """Give one line for each kind."""
    width = max(len(name) for name in CATALOGUE)
    return "\n".join(f"{kind.name:<{width}}  {kind.title}" for kind in CATALOGUE.values()) + "\n"


def show_page(kind: FaultKind, players: Mapping[str, str]) -> str:
    """Give all that there is to know about one kind, as plain text."""
    lines = [f"{kind.name}: {kind.title}", "", f"  target     {targets(kind)}", f"  ends       {ends(kind)}"]
    if kind.counted:
        lines.append("  also       probability=0..1, count=N" + _direction(kind))
    own = parameters(kind.params)
    if own:
        width = max(len(parameter.name) for parameter in own)
        lines += ["", "  parameters"]
        lines += [f"    {p.name:<{width}}  {p.shape}; {p.param.purpose}{_default(p)}" for p in own]
    lines += ["", f"  simulated  {kind.sim}", f"  real       {kind.process}", ""]
    lines += ["  try it", f'    --fault "{example(kind, players)}"', ""]
    return "\n".join(lines)


def targets(kind: FaultKind) -> str:
    """Say what the kind takes as its target."""
    if kind.outside:
        forms = "an outside party or one of its operations"
        return forms if "operation" in kind.forms else "an outside party"
    said = listed(SAID[form] for form in kind.forms)
    return f"{said}; {kind.default} unless given" if kind.default else said


def ends(kind: FaultKind) -> str:
    """Say what ends the kind."""
    if kind.lease:
        return f"after {kind.lease}, or after for"
    return {
        "for": "after for",
        "for-or-count": "after for, or when count is used up",
        "nothing": "at once",
    }[kind.needs]


def _direction(kind: FaultKind) -> str:
    return ", direction=both | request | reply" if kind.directed else ""


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return " (required)"
    return f" ({write_parameter(parameter, parameter.default).partition('=')[2]} unless given)"


def catalogue_page(players: Mapping[str, str]) -> str:
    """Give the reference page in Markdown; `docs/reference/faults.md` is this text."""
    parts = [_INTRODUCTION.format_map(players)]
    domain = ""
    for kind in CATALOGUE.values():
        if kind.domain != domain:
            domain = kind.domain
            parts.append(f"## {_DOMAINS[domain]}\n")
        parts.append(_section(kind, players))
    return "\n".join(parts)


def _section(kind: FaultKind, players: Mapping[str, str]) -> str:
    lines = [f"### {kind.name}", "", f"{kind.title}.", ""]
    lines += [f"- Target: {targets(kind).replace('*', '`*`')}.", f"- Ends: {ends(kind)}."]
    if kind.counted:
        lines.append("- Takes `probability` and `count`" + (", and `direction`." if kind.directed else "."))
    lines += [f"- Simulated: {kind.sim}", f"- Real processes: {kind.process}", ""]
    own = parameters(kind.params)
    if own:
        lines += ["| parameter | value | meaning |", "|---|---|---|"]
        lines += [
            f"| `{p.name}` | {p.shape.replace('|', 'or')} | {p.param.purpose}{_default(p)} |" for p in own
        ]
        lines.append("")
    return "\n".join([*lines, "```text", f'--fault "{example(kind, players)}"', "```", ""])


_INTRODUCTION = """\
# Faults

A fault is a lease: it has a start and always an end, and it heals by itself. In a scenario it is written so:

```yaml
- id: lost-replies            # its name in this run; the kind unless given
  kind: net.loss
  target: {caller} -> {callee}
  with: {{}}                    # the parameters of the kind
  at: 2s                      # or after: {{event: {event}, nth: 5}}; 0s unless given
  for: 8s
  probability: 0.5            # each message that matches is struck with this chance
  count: 10                   # and at most so many are
  direction: reply            # both, request or reply
```

On the command line the same is one line:

```text
--fault "net.loss {caller} -> {callee} probability=0.5 count=10 direction=reply at 2s for 8s"
--fault "net.loss {caller} -> {callee} after {event}#5 for 3s"
```

A target is a service (`{caller}`), one instance (`{caller}-1`), a link (`{caller} -> {callee}`, either side
may be `*`), an operation (`{operation}`), a topic (`{topic}`), an event (`{event}`), `broker`, or `*`:
all of the shop's services and what passes between them. Outside parties are never part of `*`.

Several faults may strike one message: their delays add up, and the first that does more than delay decides.
A fault that would change nothing any more does not count as having touched it. With `count` but no `for`, a
fault ends when its count is used up, at the latest when the run ends.
"""
