import re

import pytest

from msa_lab.cli.runline import RunLine
from msa_lab.cli.terminal import Terminal
from msa_lab.sdk.values import Instant, seconds

NOW, END = Instant(seconds(2)), Instant(seconds(30))


def played(line: RunLine, capsys: pytest.CaptureFixture[str]) -> str:
    line.end()  # nothing was begun
    progress = line.begin("seed 1  sim", lambda end: f"at most {end / 1e6:.0f} s")
    progress(NOW, END)
    line.end("  PASSED")
    line.end()
    return re.sub(r"\(\d+\.\d s\)", "(took)", capsys.readouterr().err)


def test_where_nobody_looks_only_the_end_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert played(RunLine(Terminal(), quiet=False), capsys) == "seed 1  sim  PASSED  (took)\n"


def test_on_a_terminal_the_line_moves_and_is_replaced_by_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert played(RunLine(Terminal(live=True), quiet=False), capsys) == (
        "\rseed 1  sim  T+02.0 of at most 30 s\x1b[K\r\x1b[Kseed 1  sim  PASSED  (took)\n"
    )


def test_quiet_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert played(RunLine(Terminal(live=True), quiet=True), capsys) == ""
