"""What the machine may refuse while real processes are started or looked after: told in one sentence."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from msa_lab.errors import EnvironmentTrouble

_ADVICE = {
    errno.EMFILE: "  let it open more files: ulimit -n 4096",
    errno.ENFILE: "",
    errno.ENOSPC: "  set TMPDIR to a folder with room",
    errno.EDQUOT: "  set TMPDIR to a folder with room",
    errno.EROFS: "  set TMPDIR to a folder that can be written",
    errno.EACCES: "  set TMPDIR to a folder that can be written",
    errno.EAGAIN: "  let it have more processes: ulimit -u 4096",
    errno.ENOMEM: "",
}


@contextlib.contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Let what the machine refuses be trouble of the environment, not a bug of ours.

    Raises:
        EnvironmentTrouble: instead of an `OSError` that says so.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _ADVICE:
            raise
        where = f"{error.filename}: " if error.filename else ""
        words = f"{where}{error.strerror}\n{_ADVICE[error.errno]}".rstrip()
        raise EnvironmentTrouble(words) from error
