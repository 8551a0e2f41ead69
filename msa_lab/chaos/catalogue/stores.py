"""Faults of databases and caches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msa_lab.chaos.effects import Delay, LostReply, Unreachable
from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.params import Param, Params
from msa_lab.sdk.distributions import Distribution, Stream
from msa_lab.sdk.values import Duration


@dataclass(frozen=True, slots=True)
class DbSlow(Params):
    """Parameters of db.slow."""

    delays: ClassVar[bool] = True
    latency: Annotated[Distribution, Param("added to each read and commit: a duration or a distribution")]

    def effect(self, draw: Stream) -> Delay:
        """Draw the latency."""
        return Delay(Duration(self.latency.sample(draw)))


@dataclass(frozen=True, slots=True)
class DbDown(Params):
    """Parameters of db.down."""

    def effect(self, draw: Stream) -> Unreachable:  # noqa: ARG002 - part of the protocol
        """Refuse."""
        return Unreachable()


@dataclass(frozen=True, slots=True)
class CommitUnknown(Params):
    """Parameters of db.commit_unknown."""

    committed: Annotated[bool, Param("whether the commit did happen")] = True

    def effect(self, draw: Stream) -> LostReply:  # noqa: ARG002 - part of the protocol
        """Lose the reply."""
        return LostReply(self.committed)


@dataclass(frozen=True, slots=True)
class CacheFlush(Params):
    """Parameters of cache.flush."""


KINDS: Final = (
    FaultKind(
        name="db.slow",
        title="A database answers slowly",
        params=DbSlow,
        places=("store",),
        forms=("service", "instance", "everything"),
        sim="Each read and each commit takes longer.",
        process="The store adapter waits before each read and each commit.",
        example="db.slow {callee} latency=exp(40ms) at 2s for 8s",
    ),
    FaultKind(
        name="db.down",
        title="A database is gone",
        params=DbDown,
        places=("store",),
        forms=("service", "instance", "everything"),
        sim="Reads and commits fail at once; nothing is committed.",
        process="The store adapter refuses reads and commits.",
        example="db.down {callee} at 2s for 3s",
    ),
    FaultKind(
        name="db.commit_unknown",
        title="The reply to a commit is lost",
        params=CommitUnknown,
        places=("commit",),
        forms=("service", "instance", "everything"),
        sim="The service sees an indefinite failure of a commit that did (or did not) happen.",
        process="The store adapter commits (or rolls back), then reports the failure.",
        example="db.commit_unknown {caller} probability=0.1 at 1s for 8s",
    ),
    FaultKind(
        name="cache.flush",
        title="A cache loses everything",
        params=CacheFlush,
        places=("state",),
        forms=("service", "everything"),
        sim="All of the service's cached values are forgotten at once.",
        process="The service's keys are deleted from the cache server.",
        example="cache.flush {caller} at 5s",
        needs="nothing",
        default="*",
    ),
)
