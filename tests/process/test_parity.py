"""One scenario in both worlds, on real processes."""

import json
from pathlib import Path

import pytest

from msa_lab.cli.program import run
from tests.unit.cli.conftest import TINY


def test_a_small_scenario_comes_to_the_same_verdict_in_both_worlds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    monkeypatch.chdir(tmp_path)
    faults = (
        "broker.loss lose_unflushed=true at 1s for 500ms",
        "net.delay order -> cart latency=5ms at 0s for 3s",
    )
    code = run(
        ["parity", "tiny.yaml", "--seeds", "7", "--json", *(w for it in faults for w in ("--fault", it))]
    )
    told = json.loads(capsys.readouterr().out)

    assert code == 0
    assert told["worlds"] == ["sim", "process"]
    assert [(one["verdicts"], one["agreement"]) for one in told["runs"]] == [(["PASSED", "PASSED"], "agree")]
    assert told["sagas"]["started"][0] == told["sagas"]["started"][1] >= 1
    assert told["sagas"]["open"] == [0, 0]
    assert [(it["fault"], it["world"]) for it in told["skipped"]] == [("broker.loss", "process")]
