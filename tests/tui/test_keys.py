"""Keys of the user's own."""

from pathlib import Path

import pytest
from textual.binding import Binding
from textual.pilot import Pilot

from msa_lab.cli.settings import own_keys
from msa_lab.errors import UserMistake
from msa_lab.tui.app import of_screens
from msa_lab.tui.keys import KEYS, keymap
from tests.tui.staging import Stage, page, press

ARROWS = ("left", "right", "up,k", "down,j", "enter")
SCREEN = [Binding("w", "why", "why")]


def test_keys_are_chosen_by_the_names_of_what_they_do() -> None:
    assert keymap({"heal": "H", "save": "^s S", "mark": "="}, ()) == {
        "heal": "H", "save": "ctrl+s,S", "mark": "equals_sign",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"heel": "H"}, "did you mean heal?"),
        ({"heal": "x"}, "heal: x is taken by inject"),
        ({"inject": "!"}, "heal: exclamation_mark is taken by inject"),
        ({"play": "w"}, "play: w is taken by 'why' on its screen"),
        ({"play": "Tab".lower()}, "play: tab is taken by moving about"),
    ],
)
def test_a_clash_is_an_error_before_anything_opens(wanted: dict[str, str], told: str) -> None:
    with pytest.raises(UserMistake, match=told.replace("?", r"\?")):
        keymap(wanted, [SCREEN])


def test_keys_can_be_swapped() -> None:
    assert keymap({"inject": "f", "fork": "x"}, [SCREEN]) == {"inject": "f", "fork": "x"}


def test_keys_of_single_screens_have_names_and_two_screens_may_share_one() -> None:
    screens = of_screens()
    assert all(binding.id for keys in screens for binding in keys if binding.key not in ARROWS)
    assert keymap({"partition": "P", "why": "P"}, screens) == {"partition": "P", "why": "P"}
    with pytest.raises(UserMistake, match="'view: sequence"):
        keymap({"why": "v"}, screens)


def test_the_view_takes_the_keys_of_a_screen(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "5", "Z")
        assert "2x" in str(page(app, "charts").border_title)

    stage(story, keys={"zoom-in": "Z"})


def test_every_key_has_a_name_of_its_own() -> None:
    names = [binding.id for binding in KEYS]

    assert None not in names
    assert len(set(names)) == len({(binding.id, binding.key) for binding in KEYS})


def test_the_view_takes_the_keys(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "K")
        assert app.playback.at == 33
        await press(pilot, "comma")
        assert app.playback.at == 33

    stage(story, keys={"step-back": "K"})


def test_they_are_read_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert own_keys() == {}
    file = tmp_path / "msalab" / "config.toml"
    file.parent.mkdir()
    file.write_text('[keys]\nheal = "H"\n')
    assert own_keys() == {"heal": "H"}
    for wrong in ("keys = 1", "[keys]\nheal = 1", "[colours]", "heal = ["):
        file.write_text(wrong)
        with pytest.raises(UserMistake, match=r"config\.toml"):
            own_keys()
