"""What was learnt of a long log, kept beside it, so that it need not be read again to be looked at.

The index is never trusted more than the log: it counts only while the log is the one it was made of, and
while the rules by which it was made are those of today. Whatever is wrong with it, the log is read instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import zlib
from array import array
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from msa_lab.persistence import INDEX, replace_file
from msa_lab.telemetry import events, moment, sagas, series
from msa_lab.tui.feed import feed as feeding
from msa_lab.tui.feed import logfile
from msa_lab.tui.feed.feed import Feed, FeedRecord

LONG: Final = 16_000_000
"""A log of fewer bytes is read in a blink; it gets no index."""
_SLICE: Final = 0.2
_SAMPLED: Final = 4096
_SAMPLES: Final = 256
_BAD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)


class _Index(msgspec.Struct, frozen=True):
    """The file: of which log, by which rules, on which kind of machine, and the record with its checksum."""

    log: bytes
    rules: bytes
    check: int
    record: bytes


def opened(path: Path) -> Feed:
    """Open a log by its index if that is good, else as it is, with all still to be read.

    Raises:
        EnvironmentTrouble: when the log cannot be read.
    """
    record = _recalled(path)
    return Feed(path) if record is None else Feed.recalled(path, record)


def keep(feed: Feed, *, least: int | None = None) -> bool:
    """Write the index of a log that was read whole; tell whether it is there now.

    None is written for a short log, nor where the machine refuses: it is only a saving.
    """
    if feed.by_record:
        return True
    path = feed.log.path
    if not feed.whole or feed.log.size < (LONG if least is None else least):
        return False
    target = path.with_name(INDEX)
    with contextlib.suppress(OSError):
        record = msgspec.msgpack.encode(feed.record())
        index = _Index(_likeness(path), _rules(), zlib.crc32(record), record)
        replace_file(target, msgspec.msgpack.encode(index))
        return True
    return False


def keep_of(path: Path, *, least: int | None = None, stop: Callable[[], bool] = lambda: False) -> bool:
    """Read a log and write its index, if it is long; tell whether it is there now.

    `stop` is asked several times a second; when it says so, no index is written.

    Raises:
        EnvironmentTrouble: when the log cannot be read.
    """
    try:
        if path.stat().st_size < (LONG if least is None else least):
            return False
    except OSError:
        return False
    feed = Feed(path)
    try:
        while not (feed.ready and feed.counted >= 1):
            if stop():
                return False
            feed.advance(_SLICE)
        return keep(feed, least=least)
    finally:
        feed.log.close()


def _recalled(path: Path) -> FeedRecord | None:
    target = path.with_name(INDEX)
    try:
        if target.stat().st_mtime_ns < path.stat().st_mtime_ns:
            return None  # the log was touched since
        index = msgspec.msgpack.decode(target.read_bytes(), type=_Index)
        if index.rules != _rules() or zlib.crc32(index.record) != index.check:
            return None
        if index.log != _likeness(path):
            return None
        return msgspec.msgpack.decode(index.record, type=FeedRecord)
    except (OSError, *_BAD):
        return None


def _likeness(path: Path) -> bytes:
    """Give what tells a log from others: its length, its beginning, its end and places between."""
    size = path.stat().st_size
    told = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for place in range(_SAMPLES + 1):
            file.seek(max(0, size - _SAMPLED) * place // _SAMPLES)
            told.update(file.read(_SAMPLED))
    return told.digest()


@cache
def _rules() -> bytes:
    """Give what changes with the rules: the text of what reads, folds and keeps, and how numbers lie."""
    told = hashlib.sha256(f"{sys.byteorder} {array('Q').itemsize} {array('L').itemsize}".encode())
    for module in (events, moment, sagas, series, logfile, feeding, sys.modules[__name__]):
        if module.__file__ is not None:
            told.update(Path(module.__file__).read_bytes())
    return told.digest()
