"""The graph of services: who calls whom, who hears whose events; as text, Mermaid or Graphviz."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from msa_lab.sdk.contract import event_type
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Node:
    """A service."""

    name: str
    replicas: int
    outside: bool
    edge: bool


@dataclass(frozen=True, slots=True)
class CallEdge:
    """Calls from one service to another."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class EventEdge:
    """Events that one service publishes and another hears, of one topic; names sorted."""

    source: str
    target: str
    topic: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges, sorted by name."""

    title: str
    nodes: tuple[Node, ...]
    calls: tuple[CallEdge, ...]
    events: tuple[EventEdge, ...]


def graph(topology: Topology, specs: Sequence[ServiceSpec]) -> Graph:
    """Give the graph of the services as the topology's patterns shape them.

    A call to a service that is not there is left out.
    """
    shaped = sorted((spec.under(topology.patterns) for spec in specs), key=lambda spec: spec.name)
    names = [spec.name for spec in shaped]
    return Graph(
        topology.id,
        tuple(
            Node(spec.name, topology.deployments[spec.name].replicas, spec.outside, spec.edge)
            for spec in shaped
        ),
        tuple(
            CallEdge(spec.name, callee)
            for spec in shaped
            for callee in sorted(spec.depends_on)
            if callee in names
        ),
        tuple(edge for source in shaped for target in shaped for edge in _heard(source, target)),
    )


def _heard(source: ServiceSpec, target: ServiceSpec) -> tuple[EventEdge, ...]:
    published = [event_type(event).name for event in source.publishes]
    topics: dict[str, list[str]] = {}
    for heard in target.subscriptions:
        if heard.type.name in published:
            topics.setdefault(heard.type.topic, []).append(heard.type.name)
    return tuple(
        EventEdge(source.name, target.name, topic, tuple(sorted(names)))
        for topic, names in sorted(topics.items())
    )


def as_ascii(graph: Graph) -> str:
    """Give one paragraph a service: what it calls and whose events it hears."""
    lines: list[str] = []
    for node in graph.nodes:
        marks = (
            [f"x{node.replicas}"] * (node.replicas > 1) + ["edge"] * node.edge + ["outside"] * node.outside
        )
        lines.append(f"{node.name}  ({', '.join(marks)})" if marks else node.name)
        calls = [edge.target for edge in graph.calls if edge.source == node.name]
        if calls:
            lines.append(f"  --> {', '.join(calls)}")
        lines += [
            f"  <~~ {edge.source}: {', '.join(edge.events)}"
            for edge in graph.events
            if edge.target == node.name
        ]
    return "\n".join([*lines, "", "--> calls   <~~ hears events of", ""])


def as_mermaid(graph: Graph) -> str:
    """Give a Mermaid flowchart: full arrows are calls, dotted ones events."""
    lines = ["flowchart LR"]
    for node in graph.nodes:
        left, right = ("[/", "/]") if node.outside else ("([", "])") if node.edge else ("[", "]")
        lines.append(f'  {_word(node.name)}{left}"{_label(node)}"{right}')
    lines += [f"  {_word(edge.source)} --> {_word(edge.target)}" for edge in graph.calls]
    lines += [
        f'  {_word(edge.source)} -. "{_BREAK.join(edge.events)}" .-> {_word(edge.target)}'
        for edge in graph.events
    ]
    return "\n".join([*lines, ""])


def as_dot(graph: Graph) -> str:
    """Give a Graphviz digraph: full arrows are calls, dashed ones events."""
    lines = [f'digraph "{graph.title}" {{', "  rankdir=LR;", "  node [shape=box];"]
    for node in graph.nodes:
        shape = ", style=dashed" if node.outside else ", style=rounded" if node.edge else ""
        lines.append(f'  "{node.name}" [label="{_label(node)}"{shape}];')
    lines += [f'  "{edge.source}" -> "{edge.target}";' for edge in graph.calls]
    lines += [
        f'  "{edge.source}" -> "{edge.target}" [style=dashed, label="{_LINE.join(edge.events)}"];'
        for edge in graph.events
    ]
    return "\n".join([*lines, "}", ""])


_BREAK = "<br/>"  # a line break in a Mermaid label
_LINE = "\\n"  # a line break in a Graphviz label


def _label(node: Node) -> str:
    return f"{node.name} x{node.replicas}" if node.replicas > 1 else node.name


def _word(name: str) -> str:
    """Give a Mermaid id; a prefix keeps names such as `end` from being keywords."""
    return "s_" + re.sub(r"\W", "_", name)
