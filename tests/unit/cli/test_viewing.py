from collections.abc import Callable
from typing import Any

import pytest

Msalab = Callable[..., Any]


@pytest.mark.parametrize("command", ["tui", "replay"])
def test_without_a_terminal_the_view_says_what_does_without(msalab: Msalab, command: str) -> None:
    msalab("scenario", "tiny", "-q")

    ended = msalab(command)

    assert ended.code == 4
    assert "the live view needs a terminal" in ended.err
    assert "msalab runs show" in ended.err


def test_a_run_that_is_not_there_is_told_before_anything_opens(msalab: Msalab) -> None:
    msalab("scenario", "tiny", "-q")

    assert msalab("tui", "zzzz").code == 3


@pytest.mark.parametrize("at", ["soon", "-1", "7.0.1", ""])
def test_a_moment_is_given_in_seconds(msalab: Msalab, at: str) -> None:
    ended = msalab("replay", "--at", at)

    assert ended.code == 2
    assert "seconds since the start" in ended.err
