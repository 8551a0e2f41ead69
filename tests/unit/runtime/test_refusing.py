"""What the machine refuses is told in one sentence; other failures stay what they are."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process.refusing import told_in_a_sentence


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOSPC, errno.EACCES, errno.EAGAIN, errno.ENFILE])
def test_a_refusal_is_trouble_of_the_environment(number: int) -> None:
    with pytest.raises(EnvironmentTrouble, match=f"^/tmp/one: {os.strerror(number)}"), told_in_a_sentence():
        raise OSError(number, os.strerror(number), "/tmp/one")  # noqa: S108 - only named


def test_what_is_no_refusal_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), told_in_a_sentence():
        (tmp_path / "none").read_text()
