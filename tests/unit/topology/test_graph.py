from __future__ import annotations

from collections.abc import Callable

from msa_lab.sdk import ServiceSpec
from msa_lab.topology import Topology, as_ascii, as_dot, as_mermaid, graph

Load = Callable[[str], Topology]


def test_the_graph_as_text(load: Load, specs: tuple[ServiceSpec, ...]) -> None:
    assert (
        as_ascii(graph(load("services: {till: {replicas: 2}}\n"), specs))
        == """\
bank  (outside)
diary
  --> shelf
  <~~ till: till.rang
shelf
till  (x2, edge)
  --> bank, shelf

--> calls   <~~ hears events of
"""
    )


def test_the_graph_as_mermaid(load: Load, specs: tuple[ServiceSpec, ...]) -> None:
    assert (
        as_mermaid(graph(load("services: {till: {replicas: 2}}\n"), specs))
        == """\
flowchart LR
  s_bank[/"bank"/]
  s_diary["diary"]
  s_shelf["shelf"]
  s_till(["till x2"])
  s_diary --> s_shelf
  s_till --> s_bank
  s_till --> s_shelf
  s_till -. "till.rang" .-> s_diary
"""
    )


def test_the_graph_for_graphviz(load: Load, specs: tuple[ServiceSpec, ...]) -> None:
    assert (
        as_dot(graph(load(""), specs))
        == """\
digraph "small" {
  rankdir=LR;
  node [shape=box];
  "bank" [label="bank", style=dashed];
  "diary" [label="diary"];
  "shelf" [label="shelf"];
  "till" [label="till", style=rounded];
  "diary" -> "shelf";
  "till" -> "bank";
  "till" -> "shelf";
  "till" -> "diary" [style=dashed, label="till.rang"];
}
"""
    )


def test_patterns_shape_the_graph(load: Load, specs: tuple[ServiceSpec, ...]) -> None:
    shown = graph(load("patterns: {checkout: choreographed}\n"), specs)
    assert [(edge.source, edge.target, edge.topic) for edge in shown.events] == [
        ("till", "diary", "till.events"),
        ("till", "shelf", "till.events"),
    ]


def test_calls_of_services_that_are_not_there_are_left_out(
    load: Load, specs: tuple[ServiceSpec, ...]
) -> None:
    few = tuple(spec for spec in specs if spec.name != "bank")
    assert [(edge.source, edge.target) for edge in graph(load(""), few).calls] == [
        ("diary", "shelf"),
        ("till", "shelf"),
    ]
