"""Runs as folders: written while they happen, found and read again later."""

from msa_lab.persistence.eventfile import event_at, events, place_since
from msa_lab.persistence.lock import lock_text
from msa_lab.persistence.runfolder import EVENTS, INDEX, LOCK, RESULT, RunFolder, replace_file
from msa_lab.persistence.runs import RunStore, StoredRun
from msa_lab.persistence.shoplog import LiveRun, ShopLog

__all__ = [
    "EVENTS",
    "INDEX",
    "LOCK",
    "RESULT",
    "LiveRun",
    "RunFolder",
    "RunStore",
    "ShopLog",
    "StoredRun",
    "event_at",
    "events",
    "lock_text",
    "place_since",
    "replace_file",
]
