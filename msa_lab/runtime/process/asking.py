"""Asks the control plane of a running shop. It imports little: every command against a shop waits for it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msa_lab.errors import EnvironmentTrouble, MsaLabError, UserMistake

ANSWER_WITHIN = 60.0
"""How many seconds the control plane has between two lines of an answer."""


class _Rendered(UserMistake):
    """A mistake that was put into words, with its place, by the control plane."""

    def render(self) -> str:
        """Give the words."""
        return str(self)


def ask(
    place: Path,
    token: str,
    verb: str,
    *,
    progress: Callable[[Mapping[str, Any]], object] = lambda _: None,
    **words: Any,  # noqa: ANN401 - those of the verb
) -> Any:  # noqa: ANN401 - its answer
    """Send a request and give the answer.

    Raises:
        UserMistake: when the request was wrong.
        EnvironmentTrouble: when nobody answers.
    """
    request = json.dumps({"token": token, "verb": verb, **words}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(ANSWER_WITHIN)
            line.connect(str(place))
            line.sendall(request)
            with line.makefile("rb") as answers:
                for text in answers:
                    answer = json.loads(text)
                    if "progress" in answer:
                        progress(answer["progress"])
                    elif "done" in answer:
                        return answer["done"]
                    else:
                        raise _mistake(answer)
    except (OSError, ValueError) as error:
        raise EnvironmentTrouble(
            f"the shop is just starting or ending: its control plane does not answer ({error})"
        ) from error
    raise EnvironmentTrouble("the shop ended meanwhile")


def _mistake(answer: Mapping[str, Any]) -> MsaLabError:
    text = str(answer.get("error", ""))
    if answer.get("exit") == UserMistake.exit_code:
        return _Rendered(text) if answer.get("rendered") else UserMistake(text)
    if answer.get("exit") == EnvironmentTrouble.exit_code:
        return EnvironmentTrouble(text)
    return MsaLabError(text)
