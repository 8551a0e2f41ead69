import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from msa_lab.cli.program import run

TINY = """\
schema: msalab/scenario@1
id: tiny
title: A few visits
seed: 7
duration: 3s
given:
  products:
    - {sku: SKU-1, title: Kettle, price: 24.90 EUR, category: kitchen}
  stock: {SKU-1: 20}
flows:
  buy:
    - call: user.register
      with: {email: "s-${shopper}@example.org", password: correct-horse}
    - call: user.login
      with: {email: "s-${shopper}@example.org", password: correct-horse}
      capture: {token: $.token}
    - call: cart.add_item
      with: {sku: SKU-1, quantity: 1}
    - call: order.checkout
      with: {card: tok_ok, country: DE}
      capture: {order_id: $.order_id}
load:
  - {phase: rush, flow: buy, rate: 3/s, for: 2s}
expect:
  - id: some-sagas
    evidence: saga.checkout.started >= 1
"""
BREAKS = (
    TINY.replace("id: tiny", "id: breaks")
    + """\
  - id: nobody-pays
    each: order
    never: psp.captured > 0
    why: In this shop everything is free.
    doc: docs/free.md
"""
)
PROVES_NOTHING = TINY.replace("id: tiny", "id: unproven").replace(">= 1", ">= 1000")
WRONG = TINY.replace("id: tiny", "id: wrong").replace("saga.checkout.started", "saga.checkout.startd")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Msalab = Callable[..., Ended]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own workspace with four small scenarios, as the current directory, without terminal or settings."""
    for name in [name for name in os.environ if name.startswith(("MSALAB_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    place = tmp_path / "work"
    (place / "scenarios").mkdir(parents=True)
    texts = {"tiny": TINY, "breaks": BREAKS, "unproven": PROVES_NOTHING, "wrong": WRONG}
    for name, text in texts.items():
        (place / "scenarios" / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def msalab(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Msalab:
    """Type a command line in the workspace."""
    assert workspace.is_dir()

    def typed(*arguments: str) -> Ended:
        capsys.readouterr()
        code = run(arguments)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return typed
