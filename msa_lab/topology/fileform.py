"""The form of a topology file, and its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from msa_lab.sdk.policy import Jitter
from msa_lab.source import DistributionText, DurationText, Strict
from msa_lab.topology.patterns import ON_OFF, PATTERNS

SCHEMA = "msalab/topology@1"

Count = Annotated[int, Field(ge=1, le=1_000)]
Cores = Annotated[int, Field(ge=1, le=1_024)]
Room = Annotated[int, Field(ge=0, le=1_000_000)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]


class CostForm(Strict):
    """What one request costs."""

    cpu: DistributionText | None = None
    wait: DistributionText | None = None


class ServiceForm(Strict):
    """How a service runs; what is left out comes from its spec."""

    replicas: Annotated[int, Field(ge=1, le=100)] = 1
    concurrency: Count | None = None
    queue: Room | None = None
    discipline: Literal["fifo", "lifo"] = "fifo"
    machine: str | None = None
    cost: dict[str, CostForm] = Field(default_factory=dict)


class StallsForm(Strict):
    """How the cores of a machine stand still now and then."""

    apart: DistributionText
    length: DistributionText


class SlowdownsForm(Strict):
    """How all cores of a machine are slow at once now and then."""

    apart: DistributionText
    length: DistributionText
    pace: Annotated[float, Field(gt=0, lt=1)]


class MachineForm(Strict):
    """A machine whose cores services share."""

    cores: Cores
    stalls: StallsForm | None = None
    slowdowns: SlowdownsForm | None = None


def _machine_tag(written: object) -> str:
    return "mapping" if isinstance(written, dict | MachineForm) else "number"


Machine = Annotated[
    Annotated[Cores, Tag("number")] | Annotated[MachineForm, Tag("mapping")], Discriminator(_machine_tag)
]
"""A number alone is that of the cores; told apart by hand, so that mistakes are told of the form meant."""


class LinkForm(Strict):
    """The latency of one link, written `caller -> callee`."""

    link: str
    latency: DistributionText


class TimingForm(Strict):
    """How long the world's parts take."""

    commit: DistributionText | None = None
    read: DistributionText | None = None
    hop: DistributionText | None = None
    client_hop: DistributionText | None = None
    broker_hop: DistributionText | None = None
    cache: DistributionText | None = None
    commit_cpu: DistributionText | None = None
    reply_cpu: DistributionText | None = None


class RetryForm(Strict):
    """How often and how long apart to try."""

    attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    base: DurationText | None = None
    cap: DurationText | None = None
    jitter: Jitter | None = None
    budget: Annotated[float, Field(ge=0, le=10)] | None = None


class BreakerForm(Strict):
    """When a circuit breaker opens."""

    failures: Count | None = None
    window: Count | None = None
    open_for: DurationText | None = None
    probes: Count | None = None


class BulkheadForm(Strict):
    """How many calls may be under way."""

    limit: Count | None = None


class PolicyForm(Strict):
    """How one service calls another; the caller's spec fills what is left out, null takes a part away."""

    timeout: DurationText | None = None
    retry: RetryForm | None = None
    breaker: BreakerForm | None = None
    bulkhead: BulkheadForm | None = None


class BackoffForm(Strict):
    """The pauses between deliveries of one event."""

    base: DurationText | None = None
    cap: DurationText | None = None
    jitter: Jitter | None = None


class BrokerForm(Strict):
    """How the broker delivers."""

    visibility: DurationText | None = None
    attempts: Annotated[int, Field(ge=1, le=1_000)] | None = None
    backoff: BackoffForm = BackoffForm()


class ServersForm(Strict):
    """Servers that are there already, by URL."""

    broker: str | None = None
    cache: str | None = None
    database: str | None = None


class TopologyForm(Strict):
    """A whole file."""

    model_config = ConfigDict(title="MSA Lab topology")

    schema_: Literal["msalab/topology@1"] = Field(alias="schema")
    id: Word
    title: str
    why: str = ""
    extends: str | None = None
    patterns: dict[str, str | bool] = Field(default_factory=dict)
    services: dict[str, ServiceForm | None] = Field(default_factory=dict)
    machines: dict[Word, Machine] = Field(default_factory=dict)
    links: tuple[LinkForm, ...] = ()
    timing: TimingForm = TimingForm()
    broker: BrokerForm = BrokerForm()
    servers: ServersForm = ServersForm()
    resilience: dict[str, PolicyForm] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)
    modules: dict[Word, tuple[str, ...]] = Field(default_factory=dict)


def topology_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a topology file."""
    schema = TopologyForm.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$id"] = SCHEMA
    schema["properties"]["patterns"] = {
        "type": "object",
        "title": "Patterns",
        "additionalProperties": False,
        "properties": {
            pattern.name: {
                "enum": [*pattern.values, *((True, False) if pattern.values == ON_OFF else ())],
                "default": pattern.default,
                "description": pattern.teaches,
            }
            for pattern in PATTERNS.values()
        },
    }
    return schema
