import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Msalab = Callable[..., Any]


def type_in(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_a_scenario_from_standard_input_is_played_kept_and_can_be_repeated(
    msalab: Msalab, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (workspace / "scenarios" / "tiny.yaml").read_bytes()
    type_in(text, monkeypatch)

    ended = msalab("scenario", "-")

    (kept,) = (workspace / "runs").glob("stdin-*.yaml")
    assert ended.code == 0
    assert kept.read_bytes() == text
    assert f"again    msalab scenario runs/{kept.name} --seed 7" in ended.out
    assert msalab("scenario", f"runs/{kept.name}", "--seed", "7", "-q").code == 0
    assert "stdin" not in msalab("runs", "list").out


def test_its_mistakes_are_told_with_the_place_in_the_file_kept(
    msalab: Msalab, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in((workspace / "scenarios" / "wrong.yaml").read_bytes(), monkeypatch)

    ended = msalab("scenario", "-")

    (kept,) = (workspace / "runs").glob("stdin-*.yaml")
    assert ended.code == 3
    assert f"runs/{kept.name}:" in ended.err
    assert "did you mean 'saga.checkout.started'?" in ended.err


def test_nothing_on_standard_input_is_a_mistake(msalab: Msalab, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(b"\n", monkeypatch)

    ended = msalab("scenario", "-")

    assert (ended.code, ended.out) == (3, "")
    assert "scenario -: nothing came on standard input" in ended.err


def test_more_than_a_scenario_may_have_is_refused(msalab: Msalab, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(b"#" * (1024 * 1024 + 10), monkeypatch)

    assert msalab("scenario", "-").code == 3
