"""How long a key of the live view takes while another process writes 5,000 events a second into the log.

A key is put where the terminal's driver puts it, at moments that have nothing to do with the view's frames.
Its time ends when no part of the view has anything to handle any more and all that had changed has been
drawn: frames that fall between count, the pace of 60 pictures a second does not. The testing Pilot's own ways
are not used: its `press` sleeps at least 40 ms a key, and until the process has been idle for 20 ms, which
under load it is not; its `pause` sends every widget a callback and looks at its signature, which takes 10 to
20 ms a key. The first argument is how many rounds of keys, 26 each.

A virtual machine has slow moments of its own (see `pace`). Keys that fall into them count in all figures;
what the others took is told besides, and the CPU time of the view, which neighbours lengthen less.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import islice
from multiprocessing import Event, Process
from pathlib import Path

from logs import A_SECOND, Growing, write_log, write_on
from pace import Pace
from textual import events

from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.feed import Feed

SECONDS = 40
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 4
TURNS = 4
"""What was taken from a queue is handled in the next turn, or waits for one that has something to handle."""
KEYS = (
    "1", "tab", "j", "k", "2", "right", "3", "j", "j", "v", "4", "k", "j", "slash", "escape", "m",
    "left_square_bracket", "right_square_bracket", "L", "5", "7", "space", "space", "full_stop", "L", "1",
)  # fmt: skip


Press = tuple[str, float, float, float]
"""A key, when it was pressed and when all had been drawn in seconds of `time.perf_counter`, its CPU time."""


def measure(long: Path, path: Path) -> None:
    """Press keys while lines of one log are written into another; print how long they take."""
    with long.open("rb") as file:
        lines = list(islice(file, A_SECOND * SECONDS))
    path.write_bytes(b"")
    stop = Event()
    writer = Process(target=write_on, args=(lines, path, stop))
    pace = Pace()
    writer.start()
    try:
        pressed, busy, came = asyncio.run(_pressed(path))
    finally:
        stop.set()
        writer.join()
        pace.end()
    even = [press for press in pressed if not pace.slow(*press[1:3])]
    print(f"while {came:,.0f} events/s come and the view uses {busy:.0%} of a core")
    print(f"a key takes {_told(map(_took, pressed))}")
    print(f"CPU time in a key: {_told(press[3] * 1e3 for press in pressed)}")
    print(
        f"the machine is slow {pace.share:.1%} of the time, in {len(pressed) - len(even)} keys; "
        f"the others take {_told(map(_took, even))}"
    )
    for key in dict.fromkeys(KEYS):
        own, others = ([_took(it) for it in some if it[0] == key] for some in (pressed, even))
        beside = "" if max(own) == max(others, default=0.0) else f", else {max(others, default=0.0):4.0f} ms"
        print(f"  {key:24} worst of {len(own):2} {max(own):4.0f} ms{beside}")


def _took(press: Press) -> float:
    """Give how many milliseconds a key took."""
    return (press[2] - press[1]) * 1e3


def _told(some: Iterable[float]) -> str:
    every = sorted(some)
    return (
        f"{every[len(every) // 2]:.0f} ms in the middle, p95 {every[int(len(every) * 0.95)]:.0f} ms, "
        f"worst of {len(every)} {every[-1]:.0f} ms"
    )


async def _pressed(path: Path) -> tuple[list[Press], float, float]:
    session = Growing(path)
    app = LabApp(Feed(path), session.summary, session=session)
    pressed: list[Press] = []
    dice = random.Random(7)
    async with app.run_test(size=(120, 40)):
        await asyncio.sleep(2)
        begun, worked, before = time.perf_counter(), time.process_time(), len(app.feed.log)
        for key in KEYS * ROUNDS:
            await asyncio.sleep(dice.uniform(0.05, 0.25))
            used = time.thread_time()
            took = await _until_drawn(app, key)
            now = time.perf_counter()
            pressed.append((key, now - took, now, time.thread_time() - used))
        lasted = time.perf_counter() - begun
        busy = (time.process_time() - worked) / lasted
        came = (len(app.feed.log) - before) / lasted
    app.feed.log.close()
    return pressed, busy, came


async def _until_drawn(app: LabApp, key: str) -> float:
    pressed = events.Key(key, key if len(key) == 1 else None)
    pressed.set_sender(app)
    begun = time.perf_counter()
    app.post_message(pressed)
    while True:
        await _handled(app)
        screen = app.screen
        undrawn = any(
            (
                screen._layout_required,
                screen._scroll_required,
                screen._repaint_required,
                screen._recompose_required,
                screen._dirty_widgets,
                screen._callbacks,
            )
        )
        screen._on_timer_update()
        if not undrawn:
            return time.perf_counter() - begun


async def _handled(app: LabApp) -> None:
    """Wait until nothing is left to handle in the view, for `TURNS` turns of the loop one after the other."""
    idle = 0
    parts = (app, *app.screen.walk_children(with_self=True))  # what is new has a layout coming
    while idle < TURNS:
        await asyncio.sleep(0)
        idle = 0 if any(part.message_queue_size or part._next_callbacks for part in parts) else idle + 1


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "events.jsonl"
        writer = Process(target=write_log, args=(whole, A_SECOND * SECONDS))  # its memory is not the view's
        writer.start()
        writer.join()
        measure(whole, Path(folder) / "growing.jsonl")


if __name__ == "__main__":
    main()
