import io

import pytest

from msa_lab.cli.terminal import Terminal, clip, emit, printable, table, terminal_of
from msa_lab.errors import EnvironmentTrouble


class Screen(io.TextIOWrapper):
    def __init__(self, encoding: str = "utf-8", *, tty: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "CI", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_has_colours_and_a_moving_line() -> None:
    assert terminal_of(Screen()) == Terminal(width=80, colour=True, unicode=True, live=True, cut=True)


def test_a_pipe_has_neither_and_loses_nothing() -> None:
    assert terminal_of(Screen(tty=False)) == Terminal(width=80, colour=False, live=False, cut=False)


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [("NO_COLOR", "1", (False, True)), ("TERM", "dumb", (False, False)), ("CI", "true", (True, False))],
)
def test_the_environment_is_heard(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    seen: tuple[bool, bool],
) -> None:
    monkeypatch.setenv(name, value)

    terminal = terminal_of(Screen())
    assert (terminal.colour, terminal.live) == seen


def test_signs_are_ascii_where_the_encoding_knows_no_other() -> None:
    assert terminal_of(Screen("ascii")).glyph("good") == "+"
    assert terminal_of(Screen("utf-8")).glyph("good") == "✓"


def test_the_width_is_that_of_the_terminal_up_to_what_reads_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert terminal_of(Screen()).width == 100
    monkeypatch.setenv("COLUMNS", "300")
    assert terminal_of(Screen()).width == 110


def test_only_a_terminal_cuts_lines() -> None:
    assert Terminal(width=8, cut=True).fit("0123456789") == "01234..."
    assert Terminal(width=8).fit("0123456789") == "0123456789"
    assert clip("abc", 3) == "abc"


def test_wrapped_lines_hang_under_the_first() -> None:
    assert Terminal(width=40).wrap("one two three four five six seven eight", "  why: ") == [
        "  why: one two three four five six seven",
        "       eight",
    ]


def test_columns_line_up() -> None:
    assert table([("a", "1"), ("bcd", "22")], indent="  ", right=(1,)) == ["  a     1", "  bcd  22"]
    assert table([]) == []


def test_nothing_printed_moves_the_cursor() -> None:
    assert printable("a\x1b[2J\tb\nc\u202e") == "a?[2J b c?"


def test_a_full_disk_behind_stdout_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        monkeypatch.setattr("sys.stdout", full)
        with pytest.raises(EnvironmentTrouble, match="the output cannot be written: No space left on device"):
            emit("x")
