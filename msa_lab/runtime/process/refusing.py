"""What the machine may refuse while real processes are started or looked after: told in one sentence."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from msa_lab.errors import EnvironmentTrouble

_ROOM = "  set TMPDIR to a folder with room"
_RIGHT = "  set TMPDIR to a folder that can be written"
_MORE_PROCESSES = "  let it have more processes: ulimit -u 4096"
_ADVICE = {
    errno.EMFILE: "  let it open more files: ulimit -n 4096",
    errno.ENFILE: "",
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: _RIGHT,
    errno.EACCES: _RIGHT,
    errno.EAGAIN: _MORE_PROCESSES,
    errno.ENOMEM: "",
}
_NO_FOLDER = "No usable temporary directory"
_NO_THREAD = "can't start new thread"


def refused(error: BaseException) -> str:
    """Say what the machine has refused and what to do about it; '' when the error is none of that."""
    if isinstance(error, EnvironmentTrouble):
        return str(error)
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return f"no thread more can be started\n{_MORE_PROCESSES}"
    if not isinstance(error, OSError):
        return ""
    if _NO_FOLDER in str(error.strerror):  # Python has looked at several
        return f"there is no folder for what a run needs while it lasts\n{_RIGHT}"
    if error.errno not in _ADVICE:
        return ""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}\n{_ADVICE[error.errno]}".rstrip()


@contextlib.contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Let what the machine refuses be trouble of the environment, not a bug of ours.

    Raises:
        EnvironmentTrouble: instead of an `OSError` that says so.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        words = refused(error)
        if not words:
            raise
        raise EnvironmentTrouble(words) from error
