import json
import os
from pathlib import Path

import pytest

from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence import RunStore

RESULT = {
    "run": "", "scenario": {"id": "checkout"}, "topology": "textbook", "seed": 1, "chaos": "none",
    "started": "2026-01-01T00:00:00+00:00", "verdict": "PASSED", "exit": 0, "expectations": [],
}  # fmt: skip


def keep(root: Path, name: str, *, age: int = 0, result: str | None = None) -> None:
    folder = root / name
    folder.mkdir()
    (folder / "events.jsonl").write_text('{"seq":1,"t":0,"kind":"note"}\n')
    path = folder / "run.json"
    path.write_text(json.dumps(RESULT | {"run": name}) if result is None else result)
    os.utime(path, ns=(0, 10**18 - age))


def test_the_newest_run_comes_first_and_is_the_default(tmp_path: Path) -> None:
    keep(tmp_path, "old111", age=2)
    keep(tmp_path, "new111", age=1)
    store = RunStore(tmp_path)

    assert store.ids() == ("new111", "old111")
    assert store.resolve(None).id == "new111"
    assert [event.kind for event in store.resolve(None).events()] == ["note"]


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    keep(tmp_path, "abc123")
    keep(tmp_path, "abd456")
    store = RunStore(tmp_path)

    assert store.resolve("abc").id == "abc123"
    with pytest.raises(UserMistake, match="several runs begin with 'ab': abc123, abd456"):
        store.resolve("ab")


def test_a_whole_id_is_meant_even_when_another_begins_so(tmp_path: Path) -> None:
    keep(tmp_path, "abcd")
    keep(tmp_path, "abcdef")

    assert RunStore(tmp_path).resolve("abcd").id == "abcd"


def test_an_unknown_run_is_told_with_the_nearest(tmp_path: Path) -> None:
    keep(tmp_path, "abc123")

    with pytest.raises(UserMistake, match=r"there is no run 'abx123' in .*; did you mean 'abc123'\?"):
        RunStore(tmp_path).resolve("abx123")


def test_without_runs_the_way_to_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="play one:  msalab scenario checkout --chaos"):
        RunStore(tmp_path / "none").resolve(None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": "x"}', "\ufffd"])
def test_a_damaged_result_is_passed_over_by_default_and_told_when_asked_for(
    tmp_path: Path, text: str
) -> None:
    keep(tmp_path, "good11", age=2)
    keep(tmp_path, "bad111", age=1, result=text)
    store = RunStore(tmp_path)

    assert store.resolve(None).id == "good11"
    with pytest.raises(EnvironmentTrouble, match="is damaged"):
        store.resolve("bad111")


def test_when_all_are_damaged_that_is_told(tmp_path: Path) -> None:
    keep(tmp_path, "bad111", result="{")

    with pytest.raises(EnvironmentTrouble, match="is damaged"):
        RunStore(tmp_path).resolve(None)


def test_unfinished_runs_and_other_folders_are_no_runs(tmp_path: Path) -> None:
    keep(tmp_path, "whole1")
    keep(tmp_path, "half11")
    (tmp_path / "half11" / "run.json").unlink()
    (tmp_path / "Notes.txt").write_text("mine")
    (tmp_path / "empty1").mkdir()
    store = RunStore(tmp_path)

    assert store.ids() == ("whole1",)
    assert store.halves() == ("half11",)


def test_a_removed_run_is_gone(tmp_path: Path) -> None:
    keep(tmp_path, "abc123")
    store = RunStore(tmp_path)

    store.remove("abc123")

    assert store.ids() == ()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(EnvironmentTrouble, match="cannot be deleted"):
        store.remove("abc123")


@pytest.mark.parametrize("name", ["../outside", "/", "..", "", "a/b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    keep(tmp_path, "abc123")

    with pytest.raises(UserMistake):
        RunStore(tmp_path).resolve(name)
