"""With `--ascii` every cell of every screen, dialog and toast is ASCII."""

from textual.pilot import Pilot

from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.lines import in_ascii
from msa_lab.tui.widgets.keysline import KeysLine
from tests.tui.staging import every_size, lab, play_on, press, seen
from tests.tui.test_playing import Start, start

__all__ = ["start"]
OPENED = (
    *((key,) for key in "1234567"), ("3", "enter"), ("3", "enter", "v"), ("3", "enter", "v", "v"),
    ("3", "enter", "w"), ("3", "enter", "d"), ("4", "w"), ("2", "enter"), ("2", "a"), ("7", "a"), ("5", "b"),
    ("5", "plus"), ("4", "slash"), ("3", "slash"), ("4", "slash", "s", "full_stop", "enter"), ("g",),
    ("question_mark",), ("question_mark", "slash", "e"), ("f1",), ("colon",), ("colon", "s"), ("ctrl+o",),
    ("x",), ("f",), ("f", "tab"), ("vertical_line",), ("1", "M"),
)  # fmt: skip
"""The keys that lead to each screen and each dialog."""
TOASTS = (
    ("n", "n", "n", "n"),
    ("6",),
    ("m",),
    ("h",),
    ("4", "y"),
    ("ctrl+c",),
    ("W",),
    ("exclamation_mark",),
)


def strange(app: LabApp) -> str:
    """Give the lines of the window that are not ASCII."""
    return "\n".join(row for row in seen(app).splitlines() if not row.isascii())


@every_size
def test_every_cell_of_every_screen_and_dialog_is_ascii(start: Start, size: tuple[int, int]) -> None:
    app, engine = start(unicode=False)
    engine.finish()

    async def story(pilot: Pilot[None]) -> None:
        for keys in OPENED:
            await press(pilot, *keys)
            assert not strange(app), keys
            if keys == ("1", "M"):
                await press(pilot, "M")
            while len(app.screen_stack) > 1:
                await press(pilot, "escape")
            await press(pilot, "escape", "escape", "escape")

    play_on(app, story, size)


@every_size
def test_toasts_are_ascii_too(start: Start, size: tuple[int, int]) -> None:
    app, engine = start(unicode=False)
    engine.finish()

    async def story(pilot: Pilot[None]) -> None:
        for keys in TOASTS:
            await press(pilot, *keys)
            assert not strange(app), keys

    play_on(app, story, size, notifications=True)


def test_keys_are_written_in_words(start: Start) -> None:
    app, _ = start(unicode=False)

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "2")
        written = {key.written for key in lab(pilot).query_one(KeysLine).shown()}
        assert {"arrows", "Enter"} <= written

    play_on(app, story, (120, 40))


def test_the_page_of_keys_names_them(start: Start) -> None:
    app, _ = start(unicode=False)

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "2", "question_mark")
        assert "arrows" in seen(app)

    play_on(app, story, (120, 40))


def test_a_sign_keeps_its_place() -> None:
    assert in_ascii("╭─ ▶ ┃█…→ é │") == "+- > |#~> ? |"
