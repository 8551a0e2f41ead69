import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from msa_lab.errors import EnvironmentTrouble
from msa_lab.persistence import RunFolder

LINE = b'{"seq":1,"t":0,"kind":"note"}\n'


def named(*names: str) -> Iterator[str]:
    yield from names


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 1000 bytes, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_name_that_is_taken_is_left_to_its_owner(tmp_path: Path) -> None:
    first = RunFolder.create(tmp_path, named("aaaa").__next__)
    second = RunFolder.create(tmp_path, named("aaaa", "aaaa", "bbbb").__next__)

    assert (first.run, second.run) == ("aaaa", "bbbb")


def test_the_folder_of_runs_is_made_with_those_above_it(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "a" / "b", named("aaaa").__next__)

    assert folder.path.is_dir()


def test_a_folder_that_cannot_be_made_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(EnvironmentTrouble, match=r"file/runs cannot be written: Not a directory"):
        RunFolder.create(tmp_path / "file" / "runs", named("aaaa").__next__)


def test_a_whole_run_has_its_log_its_files_and_its_result(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, named("aaaa").__next__)
    folder.append(LINE)
    found = folder.find(1)

    written = folder.finish({"run": "aaaa"}, {"scenario.lock.yaml": "a: 1\n"})

    assert found is not None
    assert found.kind == "note"
    assert [Path(path).name for path in written] == ["events.jsonl", "scenario.lock.yaml", "run.json"]
    assert tuple(written) == folder.planned(["scenario.lock.yaml"])
    assert (folder.path / "events.jsonl").read_bytes() == LINE
    assert json.loads((folder.path / "run.json").read_text()) == {"run": "aaaa"}
    assert sorted(path.name for path in folder.path.iterdir()) == [
        "events.jsonl", "run.json", "scenario.lock.yaml",
    ]  # fmt: skip


def test_a_run_without_events_has_an_empty_log(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, named("aaaa").__next__)

    folder.finish({}, {})

    assert folder.events.read_bytes() == b""


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_stops_the_writing_and_never_the_run(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, named("aaaa").__next__)

    folder.append(LINE)
    folder.append(LINE * 100)
    folder.append(LINE)

    assert str(folder.trouble) == f"{folder.events} cannot be written: File too large"
    assert folder.events.read_bytes() == LINE
    with pytest.raises(EnvironmentTrouble, match="File too large"):
        folder.finish({"run": "aaaa"}, {})
    assert not (folder.path / "run.json").exists()


@pytest.mark.usefixtures("small_disk")
def test_a_file_that_does_not_fit_leaves_no_half_of_it_and_no_result(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, named("aaaa").__next__)

    with pytest.raises(EnvironmentTrouble, match=r"scenario\.lock\.yaml cannot be written: File too large"):
        folder.finish({"run": "aaaa"}, {"scenario.lock.yaml": "x" * 2000})

    assert [path.name for path in folder.path.iterdir()] == ["events.jsonl"]
