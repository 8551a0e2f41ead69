"""All cases of the validation, and how to run them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msa_lab.errors import UserMistake
from msa_lab.scenario.findings import Outcome, Verdict
from msa_lab.source import meant, quoted
from msa_lab.usecases.ports import World
from msa_lab.usecases.validation.balancing import balancing_cases, tail_cases
from msa_lab.usecases.validation.metastable import metastable_cases
from msa_lab.usecases.validation.model import Case, Result
from msa_lab.usecases.validation.queues import queue_cases
from msa_lab.usecases.validation.retries import retry_cases


def cases() -> tuple[Case, ...]:
    """Give all cases, family by family."""
    return (*queue_cases(), *balancing_cases(), *tail_cases(), *retry_cases(), *metastable_cases())


def chosen(words: Sequence[str]) -> tuple[Case, ...]:
    """Give the cases that have one of the words as their id or family; all for no words.

    Raises:
        UserMistake: when a word names neither.
    """
    known = cases()
    names = dict.fromkeys(name for case in known for name in (case.family, case.id))
    for word in words:
        if word not in names:
            guess = meant(word, names)
            raise UserMistake(
                f"no case or family is called {quoted(word)}{guess}\n  it has: {', '.join(names)}"
            )
    return tuple(case for case in known if not words or case.id in words or case.family in words)


def run(case: Case, seed: int, world: World, effort: float = 1.0) -> tuple[Result, ...]:
    """Play one case and compare its values with the exact ones; `effort` 4 halves the intervals."""
    return case.measure(world, seed, effort)


def validate(
    world: World, seed: int, *, words: Sequence[str] = (), effort: float = 1.0
) -> Iterator[tuple[Case, tuple[Result, ...]]]:
    """Run the chosen cases one by one, giving each with its results as soon as they are there.

    Raises:
        UserMistake: when a word names neither a case nor a family.
    """
    for case in chosen(words):
        yield case, run(case, seed, world, effort)


def outcome(results: Sequence[Result]) -> Outcome:
    """Sum up: one broken value fails all; nine of ten must be proven (one of twenty is by chance not)."""
    verdicts = [result.verdict for result in results]
    if Verdict.BROKEN in verdicts:
        return Outcome.FAILED
    unproven = verdicts.count(Verdict.UNPROVEN)
    return Outcome.INCONCLUSIVE if not verdicts or 10 * unproven > len(verdicts) else Outcome.PASSED
