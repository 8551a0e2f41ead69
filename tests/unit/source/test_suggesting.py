from __future__ import annotations

import pytest

from msa_lab.source import did_you_mean, listed, quoted
from msa_lab.source import meant as asked_back


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("replica", "replicas"),
        ("Replicas", "replicas"),
        ("time_out", "time-out"),
        ("xyzzy", None),
        ("", None),
        ("r" * 100, None),
    ],
)
def test_the_nearest_word_is_suggested(word: str, meant: str | None) -> None:
    assert did_you_mean(word, ["time-out", "replicas", "queue"]) == meant


def test_words_are_listed_as_in_a_sentence() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a or b", "a, b or c"]


def test_what_was_written_is_quoted_and_cut() -> None:
    assert quoted("a") == "'a'"
    assert quoted("a" * 61) == "'" + "a" * 60 + "...'"


def test_a_sentence_asks_back_only_when_a_word_is_near() -> None:
    assert asked_back("chekout", ["checkout", "cart"]) == "; did you mean 'checkout'?"
    assert asked_back("zzz", ["checkout", "cart"]) == ""
