"""Draws the pictures of the live view: `python docs/draw_pictures.py`. A test holds them current.

All are drawn from one run that is played anew with a fixed seed, at fixed moments; nothing in them depends on
the machine. The cast of the main job (asciinema's format, version 2) is made of the same frames.
"""  # noqa: INP001

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from textual.pilot import Pilot

from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.cli.changing import script_of
from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.feed import Feed

HERE: Final = Path(__file__).parent / "pictures"
CAST: Final = HERE / "first-look.cast"
TOPOLOGY: Final = "no-idempotency"
WIDE, SMALL, TINY = (112, 34), (80, 24), (60, 16)
_FACES: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONTS: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_FIT: Final = 3.0


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its name, the moment in seconds (None: the end), the keys pressed, the window."""

    name: str
    at: float | None
    keys: tuple[str, ...]
    size: tuple[int, int] = WIDE


SHOTS: Final = (
    Shot("live", 6.6, ()),
    Shot("map", 6.6, ("2",)),
    Shot("sagas", None, ("3", "enter")),
    Shot("saga-in-time", None, ("3", "enter", "v")),
    Shot("saga-states", None, ("3", "enter", "v", "v")),
    Shot("events", 3.96, ("4",)),
    Shot("metrics", None, ("5",)),
    Shot("verdict", None, ("7", "enter")),
    Shot("chaos", 6.6, ("x", *"loss payment".replace(" ", "_"))),
    Shot("keys", 6.6, ("3", "question_mark")),
    Shot("live-80x24", 6.6, (), SMALL),
    Shot("sagas-80x24", None, ("3", "enter"), SMALL),
    Shot("live-60x16", 6.6, (), TINY),
)
SCENES: Final = (
    *((at / 2, ()) for at in range(2, 18)),
    (3.96, ("3",)), (None, ("enter",)), (None, ("L",)), (None, ("7",)),
)  # fmt: skip
"""The cast: moments in seconds (None: as before), and keys pressed there."""


class Script:
    """Stands for who plays the run: the pictures only show what could be asked."""

    live = False
    why_not = told = ""
    hands = None
    stays = False

    def __init__(self, log: Path, summary: dict[str, Any], plan: Any) -> None:  # noqa: ANN401 - of bootstrap
        self.log, self.summary = log, summary
        script = script_of(plan)
        self.names, self.faults, self.patterns = script.names, script.faults, script.patterns

    def poll(self) -> str:
        return ""

    def stop(self) -> None: ...

    def line(self, add: Any, drop: Any) -> str:  # noqa: ANN401, ARG002 - see Session
        faults = " ".join(f"--fault '{line}'" for line in add)
        return f"msalab scenario checkout --chaos {faults} --topology {TOPOLOGY} --seed 42"

    def other_line(self, options: str) -> str:  # noqa: ARG002 - see Session
        return ""

    def again(self, options: str) -> None: ...

    def branch(self, add: Any, drop: Any) -> None: ...  # noqa: ANN401 - see Session

    def save(self) -> str:
        return ""


@contextmanager
def played() -> Iterator[Script]:
    """Play the run that all pictures are of."""
    workspace = Workspace(Path(__file__).parents[1])
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    plan = plan_for(workspace, specs, scenario, Wishes(chaos=True, topology=TOPOLOGY, seed=42))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.jsonl"
        with log.open("wb") as file:
            report = play(plan, run="c0ffee", write=file.write)
        again = f"msalab scenario checkout --chaos --topology {TOPOLOGY} --seed 42"
        summary = json.loads(json.dumps(report.summary([again])))
        root = f"{workspace.root}/"
        for finding in summary["expectations"]:
            finding["file"] = str(finding["file"]).removeprefix(root)
        yield Script(log, summary, plan)


def picture(script: Script, shot: Shot) -> str:
    """Draw one picture as SVG."""

    async def drawn(pilot: Pilot[None]) -> str:
        await press(pilot, shot.keys)
        svg = pilot.app.export_screenshot(title="", simplify=True)
        return _FACES.sub("", svg).replace("Fira Code", _FONTS).replace("monospace, monospace", "monospace")

    return asyncio.run(staged(script, shot.at, shot.size, drawn))


async def staged(script: Script, at: float | None, size: tuple[int, int], act: Any) -> Any:  # noqa: ANN401 - what act gives
    """Open the view at a moment and let somebody act on it."""
    feed = Feed(script.log)
    feed.advance(60)
    where = None if at is None else round(at * 1_000_000)
    app = LabApp(feed, script.summary, session=script, at=where, colour=True)
    try:
        async with app.run_test(size=size) as pilot:
            app.theme = "msalab-dark"
            await pilot.pause()
            return await act(pilot)
    finally:
        feed.log.close()


async def press(pilot: Pilot[None], keys: tuple[str, ...]) -> None:
    """Press keys, a `_` for a blank."""
    for key in keys:
        await pilot.press("space" if key == "_" else key)
        await pilot.pause()
    await pilot.pause()


def cast(script: Script) -> str:
    """Make the cast: of each scene the lines that changed."""
    width, height = WIDE
    console = Console(width=width, color_system="truecolor", force_terminal=True, legacy_windows=False)
    head = {"version": 2, "width": width, "height": height, "title": "msalab scenario checkout --chaos"}

    async def filmed(pilot: Pilot[None]) -> list[str]:
        app = pilot.app
        assert isinstance(app, LabApp)  # noqa: S101 - for the type checker
        before: list[str] = []
        lines = [json.dumps(head)]
        clock = 0.0
        for at, keys in SCENES:
            if at is not None:
                app.playback.seek(round(at * 1_000_000))
            app.redraw()
            await press(pilot, keys)
            await pilot.pause()
            strips = app.screen._compositor.render_strips()  # noqa: SLF001 - the only way to all that is drawn
            now = [strip.render(console) for strip in strips]
            drawn = "".join(
                f"\x1b[{row + 1};1H{text}"
                for row, text in enumerate(now)
                if row >= len(before) or before[row] != text
            )
            lines.append(json.dumps([round(clock, 2), "o", drawn], ensure_ascii=False))
            before = now
            clock += _FIT if keys else 0.5
        return lines

    made: list[str] = asyncio.run(staged(script, 0.0, WIDE, filmed))
    return "\n".join([*made, ""])


def main() -> None:
    """Draw all pictures."""
    HERE.mkdir(exist_ok=True)
    with played() as script:
        for shot in SHOTS:
            (HERE / f"{shot.name}.svg").write_text(picture(script, shot), encoding="utf-8")
        CAST.write_text(cast(script), encoding="utf-8")
    sys.stdout.write(f"{len(SHOTS)} pictures and a cast in {HERE}\n")


if __name__ == "__main__":
    main()
