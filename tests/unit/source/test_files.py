from __future__ import annotations

import hashlib
import pathlib

import pytest

from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.source import InvalidFile, digest, find, names, read_file


def test_an_earlier_folder_hides_a_later_one(tmp_path: pathlib.Path) -> None:
    for folder, name in (("own", "b"), ("own", "c"), ("shipped", "a"), ("shipped", "b")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.yaml").write_text("x: 1\n")
    search = [tmp_path / "own", tmp_path / "missing", tmp_path / "shipped"]
    assert [(name, path.parent.name) for name, path in names(search).items()] == [
        ("a", "shipped"),
        ("b", "own"),
        ("c", "own"),
    ]
    assert find("topology", "b", search) == tmp_path / "own" / "b.yaml"


def test_an_unknown_name_gets_a_suggestion(tmp_path: pathlib.Path) -> None:
    (tmp_path / "textbook.yaml").write_text("x: 1\n")
    with pytest.raises(UserMistake, match="unknown topology 'textbok'; did you mean 'textbook'"):
        find("topology", "textbok", [tmp_path])
    with pytest.raises(UserMistake, match=r"there is no topology file 'no/such\.yaml'"):
        find("topology", "no/such.yaml", [tmp_path])
    with pytest.raises(UserMistake, match="there is no topology file"):
        find("topology", "a\0/b", [tmp_path])


def test_a_folder_is_told_from_a_file_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UserMistake, match=r"' is a folder, not a scenario file$"):
        find("scenario", f"{tmp_path}/", [])


def test_bytes_that_are_no_text_have_their_place(tmp_path: pathlib.Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(InvalidFile) as raised:
        read_file(tmp_path / "f.yaml", "f.yaml")
    (mistake,) = raised.value.mistakes
    assert (mistake.code, str(mistake.place)) == ("MSA-L007", "f.yaml:2:4")
    assert "nothing was started" in raised.value.render()


def test_a_huge_file_is_refused_without_reading_it_whole(tmp_path: pathlib.Path) -> None:
    with (tmp_path / "f.yaml").open("wb") as stream:
        stream.truncate(1024**4)
    with pytest.raises(InvalidFile, match="larger than 1 MiB"):
        read_file(tmp_path / "f.yaml")


def test_what_the_machine_refuses_is_not_the_users_mistake(tmp_path: pathlib.Path) -> None:
    with pytest.raises(EnvironmentTrouble, match="f cannot be read"):
        read_file(tmp_path / "missing.yaml", "f")


def test_a_file_is_known_by_its_text(tmp_path: pathlib.Path) -> None:
    (tmp_path / "f.yaml").write_text("a: 1\n")
    assert digest(read_file(tmp_path / "f.yaml")) == hashlib.sha256(b"a: 1\n").hexdigest()


def test_a_file_below_the_current_folder_is_shown_by_its_short_path(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "f.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path)
    assert read_file(tmp_path / "in" / "f.yaml").file == str(pathlib.Path("in", "f.yaml"))
    monkeypatch.chdir(tmp_path / "in")
    assert read_file(pathlib.Path("f.yaml")).file == "f.yaml"
