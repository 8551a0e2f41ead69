"""Whose mistake it is when the code of a service fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from msa_lab.errors import ServiceFailed
from msa_lab.runtime.blame import Place, kind_of, places_of, words_of
from msa_lab.sdk.values import CurrencyMismatch


@contextlib.contextmanager
def blaming(shipped: Path) -> Iterator[None]:
    """Report what fails in the code of a service that does not lie in the folder `shipped` as its author's.

    So with money of two currencies, wherever it meets: the shipped services know but one.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        place = _own_code(
            places_of(error), shipped.resolve(), mixed=kind_of(error) == CurrencyMismatch.__name__
        )
        if place is None:
            raise
        raise ServiceFailed(f"{place}: {words_of(error)}") from error


def _own_code(places: Sequence[Place], shipped: Path, *, mixed: bool) -> str | None:
    """Find where the code of a service that is not a shipped one failed; with `mixed`, of any service."""
    for place in places:
        file = Path(place.file).resolve()
        if place.module.startswith("services.") and (mixed or not file.is_relative_to(shipped)):
            return f"service {place.module.split('.')[1]}: {file}:{place.line}, in {place.function}"
    return None
