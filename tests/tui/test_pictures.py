"""The pictures in docs/ are what the view shows now, byte for byte, and ask for nothing from outside."""

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NAMES = sorted(path.stem for path in (DOCS / "pictures").glob("*.svg"))
STALE = "it is drawn otherwise now: look at it, then run  python docs/draw_pictures.py"


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_pictures", DOCS / "draw_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script(drawing: ModuleType) -> Iterator[Any]:
    with drawing.played() as made:
        yield made


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_there_is_a_picture_of_every_screen(drawing: ModuleType) -> None:
    assert sorted(shot.name for shot in drawing.SHOTS) == NAMES
    assert {"live", "map", "sagas", "events", "metrics", "verdict", "chaos"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_is_what_is_drawn(drawing: ModuleType, script: Any, name: str) -> None:  # noqa: ANN401 - of draw_pictures
    shot = next(shot for shot in drawing.SHOTS if shot.name == name)

    assert drawing.picture(script, shot) == (DOCS / "pictures" / f"{name}.svg").read_text("utf-8"), STALE


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_asks_for_nothing_from_outside(name: str) -> None:
    text = (DOCS / "pictures" / f"{name}.svg").read_text("utf-8")

    assert not re.search(r"url\((?!#)|@import|href=\"(?!#)", text)


def test_the_cast_plays(drawing: ModuleType, script: Any) -> None:  # noqa: ANN401 - of draw_pictures
    text = (DOCS / "pictures" / "first-look.cast").read_text("utf-8")
    head, *events = (json.loads(line) for line in text.splitlines())

    assert drawing.cast(script) == text, STALE
    assert (head["version"], head["width"], head["height"]) == (2, 112, 34)
    times = [time for time, _, _ in events]
    assert times == sorted(times)
    assert {kind for _, kind, _ in events} == {"o"}
