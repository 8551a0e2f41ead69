"""What a kind of fault is: its parameters, where it acts, what it takes as target, what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.chaos.model import Form
from msa_lab.chaos.params import Params

Place = Literal["request", "reply", "packet", "webhook", "publish", "delivery", "commit", "store", "state"]
"""Where a fault acts.

`request` and `reply` legs of calls, `packet` both legs whoever calls, `webhook` calls that an outside party
makes to us, `publish` towards the broker, `delivery` from the broker to a consumer, `commit` of a
transaction, `store` reads and commits, `state` something that is so while the fault lasts.
"""

Needs = Literal["for", "for-or-count", "nothing"]
"""What ends it: `for` must be given, `for` or `count`, or it is over at once by itself."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One row of the catalogue.

    The example's words in braces are filled from the services there are; see `naming.Cast`.
    `lease` names the parameter that says how long the fault lasts when `for` is not given.
    `default` is the target when none is given. `outside` kinds hurt outside parties only.
    `side` says which end of a call a service or instance as target must be.
    `unsafe_only` kinds leave safe operations (those that change nothing) alone.
    """

    name: str
    title: str
    params: type[Params]
    places: tuple[Place, ...]
    forms: tuple[Form, ...]
    sim: str
    process: str
    example: str
    needs: Needs = "for-or-count"
    lease: str = ""
    default: str = ""
    directed: bool = False
    side: Literal["either", "callee", "caller"] = "either"
    outside: bool = False
    unsafe_only: bool = False

    @property
    def domain(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]

    @property
    def counted(self) -> bool:
        """Whether it acts on single occasions, so that `probability` and `count` have a meaning."""
        return "state" not in self.places
