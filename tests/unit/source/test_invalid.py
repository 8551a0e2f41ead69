from __future__ import annotations

import pytest

from msa_lab.source import InvalidFile, Mistake, Mistakes, Place


def test_mistakes_are_kept_once_and_in_reading_order() -> None:
    mistakes = Mistakes()
    mistakes.add("MSA-L001", "later", Place("f", 2, 1))
    mistakes.add("MSA-L001", "first", Place("f", 1, 5))
    mistakes.add("MSA-L001", "later", Place("f", 2, 1))
    assert [found.message for found in mistakes.found] == ["first", "later"]


def test_nothing_is_raised_when_nothing_was_found() -> None:
    mistakes = Mistakes()
    mistakes.raise_if_any()
    assert mistakes.found == ()


def test_those_of_another_file_can_be_taken_over() -> None:
    mistakes = Mistakes()
    mistakes.take(InvalidFile([Mistake("MSA-L001", "wrong", Place("g", 1, 1))], {"g": "text"}))
    with pytest.raises(InvalidFile) as raised:
        mistakes.raise_if_any()
    assert "| text" in raised.value.render()
