"""What a frame of the live view costs while a run goes on: CPU time on each screen, 500 events a frame.

That is what 5,000 events a second bring at ten frames a second. CPU time of the process, so that
neighbours on the machine count little.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from itertools import islice
from pathlib import Path

from logs import Growing, write_log

import msa_lab.tui.app as view_app
from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.feed import Feed

FRAMES = 30
A_FRAME = 500
SCREENS = {"1": "Live", "2": "Map", "3": "Sagas", "4": "Events", "5": "Metrics"}


async def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        whole, path = Path(folder) / "events.jsonl", Path(folder) / "growing.jsonl"
        write_log(whole, FRAMES * A_FRAME * (len(SCREENS) + 1))
        with whole.open("rb") as file:
            lines = list(islice(file, FRAMES * A_FRAME * (len(SCREENS) + 1)))
        path.write_bytes(b"".join(lines[: FRAMES * A_FRAME]))
        vars(view_app)["_FRAME"] = 3600.0  # frames are drawn here, not by the clock
        session = Growing(path)
        app = LabApp(Feed(path), session.summary, session=session)
        at = FRAMES * A_FRAME
        with path.open("ab", buffering=0) as log:
            async with app.run_test(size=(120, 40)) as pilot:
                for key, name in SCREENS.items():
                    await pilot.press(key)
                    await pilot.pause()
                    begun = time.process_time()
                    for _ in range(FRAMES):
                        log.write(b"".join(lines[at : at + A_FRAME]))
                        at += A_FRAME
                        app._next()  # noqa: SLF001 - what the timer calls
                        await pilot.pause()
                    took = (time.process_time() - begun) / FRAMES
                    print(f"{name:8} {took * 1e3:5.1f} ms of CPU a frame")
        app.feed.log.close()


if __name__ == "__main__":
    asyncio.run(main())
