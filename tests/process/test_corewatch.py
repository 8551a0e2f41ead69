"""Whether the cores of this machine are there."""

import os
import select
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from msa_lab.runtime.process import corewatch
from msa_lab.runtime.process.coreprobe import NO_RIGHT
from msa_lab.runtime.process.cores import read_core_times
from msa_lab.runtime.process.corewatch import PROBE, CoreWatch, watched_cores
from msa_lab.usecases.calibration.stalling import SlowPhase

STEALING = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(60))
print("here", flush=True)
for _ in range(20):
    time.sleep(0.02)
    until = time.monotonic() + 0.02
    while time.monotonic() < until:
        pass
"""
"""Takes a core away as a host would: for 20 ms, every 20 ms, twenty times."""


def may() -> bool:
    """Whether this user may have such a priority, which is asked of a process that then ends."""
    asked = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    done = subprocess.run([sys.executable, "-S", "-c", asked], capture_output=True, check=False)  # noqa: S603 - our own words
    return done.returncode == 0


privileged = pytest.mark.skipif(not may(), reason="this user may not have a real-time priority")


@privileged
def test_a_core_that_somebody_takes_away_is_seen_to_stand_still() -> None:
    core = min(os.sched_getaffinity(0))
    with watched_cores() as watch:
        thief = subprocess.Popen([sys.executable, "-S", "-c", STEALING, str(core)], stdout=subprocess.PIPE)  # noqa: S603 - our own words
        with thief:
            assert thief.wait(30) == 0
        seen = watch.seen()

    long = [length for length in seen.lengths if length > 10_000]
    assert 18 <= len(long) <= 30  # a host may take its own besides
    assert sorted(long)[len(long) // 2] == pytest.approx(20_000, rel=0.25)
    assert seen.time > 2 * 0.8 * 1_000_000 * 0.5
    assert 0 <= watch.stolen() <= 1


TELLING = """
import sys
print("watching", flush=True)
for number in range(20_000):
    print(f"{2_000 * number} 5000 3000", flush=True)
"""
"""Tells, as fast as it can, of a core that is late at each look and slow without an end."""


def test_what_a_probe_says_while_it_is_read_is_read_whole() -> None:
    with tempfile.TemporaryFile("a+b") as told:
        watch = CoreWatch(0, read_core_times(), (told,))
        with subprocess.Popen([sys.executable, "-S", "-c", TELLING], stdout=told) as probe:  # noqa: S603 - our own words
            looks = []
            while probe.poll() is None:
                looks.append(watch.seen())
        looks.append(watch.seen())

    assert len(looks[-1].lengths) == 20_000
    for seen in looks:
        assert set(seen.lengths) <= {5_000}
        assert [phase.length for phase in seen.slow] == [2_000 * len(seen.lengths)][: len(seen.slow)]


@privileged
def test_nothing_is_left_running() -> None:
    with watched_cores() as watch:
        assert len(watch.told) == len(os.sched_getaffinity(0))
        assert probes()

    assert not probes()


@privileged
def test_a_probe_ends_with_who_started_it() -> None:
    starting = (
        "import subprocess, sys; child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE);"
        "child.stdout.readline(); print(child.pid)"
    )
    probe = [sys.executable, "-I", "-S", str(PROBE), str(min(os.sched_getaffinity(0)))]
    told = subprocess.run([sys.executable, "-c", starting, *probe], capture_output=True, check=True)  # noqa: S603 - our own words
    pid = int(told.stdout)

    with suppress(ProcessLookupError), os.fdopen(os.pidfd_open(pid)) as ending:
        ended, _, _ = select.select([ending], [], [], 10)
        assert ended


def test_what_a_probe_tells_of_a_core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    probe = tmp_path / "probe.py"
    looks = [
        *((tick, 0, 4_000) for tick in range(2_000, 42_000, 2_000)),
        (80_000, 5_000, 900),
        (90_000, 20, 9_000),
    ]
    told = "watching\n" + "".join(f"{due} {late} {took}\n" for due, late, took in looks) + "92000 4"
    probe.write_text(f"import time\nprint({told!r}, end='', flush=True)\ntime.sleep(60)\n")
    monkeypatch.setattr(corewatch, "PROBE", probe)
    with watched_cores() as watch:
        seen = watch.seen()

    cores = len(os.sched_getaffinity(0))
    assert list(seen.lengths) == [5_000] * cores
    assert list(seen.slow) == [SlowPhase(40_000, 0.25)] * cores  # one slow look alone is no phase


def test_who_may_not_watch_sees_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refused = tmp_path / "refused.py"
    refused.write_text(f"raise SystemExit({NO_RIGHT})\n")
    monkeypatch.setattr(corewatch, "PROBE", refused)
    with watched_cores() as watch:
        seen = watch.seen()

    assert (watch.told, seen.time, list(seen.lengths)) == ((), 0, [])


def probes() -> list[int]:
    """The probes of this process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            line = entry.read_text()
            mine = line.rpartition(")")[2].split()[1] == str(os.getpid())
            if mine and b"coreprobe" in (entry.parent / "cmdline").read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found
