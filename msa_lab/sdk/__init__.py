"""All that a service author imports. Domain modules import `msa_lab.sdk.values` and `failures` directly."""

from msa_lab.sdk.contract import EventType, Operation, Setting, Table, event, event_type
from msa_lab.sdk.distributions import Constant, Exponential, LogNormal, Normal, Pareto, Uniform
from msa_lab.sdk.failures import (
    CallFailure,
    Conflict,
    DomainError,
    Duplicate,
    Forbidden,
    NotFound,
    PortFailure,
    TooManyRequests,
    Unauthenticated,
)
from msa_lab.sdk.policy import Breaker, Bulkhead, CallPolicy, Cost, Retry
from msa_lab.sdk.ports import Caller, Context, Transaction
from msa_lab.sdk.saga import SAGAS, Orchestrator, Saga, SagaRecord, Step
from msa_lab.sdk.spec import Fixture, Job, Observable, ServiceSpec, Variant, on, serve
from msa_lab.sdk.values import Duration, Instant, Money, hours, minutes, ms, seconds

__all__ = [
    "SAGAS",
    "Breaker",
    "Bulkhead",
    "CallFailure",
    "CallPolicy",
    "Caller",
    "Conflict",
    "Constant",
    "Context",
    "Cost",
    "DomainError",
    "Duplicate",
    "Duration",
    "EventType",
    "Exponential",
    "Fixture",
    "Forbidden",
    "Instant",
    "Job",
    "LogNormal",
    "Money",
    "Normal",
    "NotFound",
    "Observable",
    "Operation",
    "Orchestrator",
    "Pareto",
    "PortFailure",
    "Retry",
    "Saga",
    "SagaRecord",
    "ServiceSpec",
    "Setting",
    "Step",
    "Table",
    "TooManyRequests",
    "Transaction",
    "Unauthenticated",
    "Uniform",
    "Variant",
    "event",
    "event_type",
    "hours",
    "minutes",
    "ms",
    "on",
    "seconds",
    "serve",
]
