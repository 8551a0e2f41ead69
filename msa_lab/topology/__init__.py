"""Which services run, how many, how linked and protected, and by which patterns."""

from msa_lab.topology.fileform import topology_schema
from msa_lab.topology.graph import Graph, as_ascii, as_dot, as_mermaid, graph
from msa_lab.topology.loading import list_topologies, load_topology, read_topology, with_settings
from msa_lab.topology.model import (
    BrokerSettings,
    Deployment,
    LinkTiming,
    MachineSettings,
    Slowdowns,
    Stalls,
    Timing,
    Topology,
)
from msa_lab.topology.patterns import PATTERNS, Pattern
from msa_lab.topology.servers import Servers

__all__ = [
    "PATTERNS",
    "BrokerSettings",
    "Deployment",
    "Graph",
    "LinkTiming",
    "MachineSettings",
    "Pattern",
    "Servers",
    "Slowdowns",
    "Stalls",
    "Timing",
    "Topology",
    "as_ascii",
    "as_dot",
    "as_mermaid",
    "graph",
    "list_topologies",
    "load_topology",
    "read_topology",
    "topology_schema",
    "with_settings",
]
