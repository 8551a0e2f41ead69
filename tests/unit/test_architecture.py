"""Every import contract of pyproject.toml is broken on a skeleton of the layout, to show that it bites."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]
}

PACKAGES = (
    *("chaos", "cli", "export", "lab", "persistence", "pytest_plugin", "resilience", "runtime", "scenario"),
    *("sdk", "source", "telemetry", "topology", "tui", "usecases", "web", "runtime/sim", "runtime/process"),
)
SKELETON = {
    **{f"msa_lab/{package}/__init__.py": "" for package in PACKAGES},
    **{
        f"services/{service}/{module}.py": ""
        for service in ("cart", "inventory")
        for module in ("__init__", "api", "domain", "handlers", "store", "spec", "tests/test_domain")
    },
    "msa_lab/__init__.py": "",
    "msa_lab/__main__.py": "",
    "msa_lab/bootstrap.py": "",
    "msa_lab/errors.py": "",
    "msa_lab/chaos/match.py": "",
    "msa_lab/chaos/timeline.py": "import msa_lab.chaos.match",
    "msa_lab/runtime/sim/clock.py": "import simpy",
    "msa_lab/sdk/ports.py": "",
    "msa_lab/sdk/spec.py": "",
    "msa_lab/sdk/values.py": "",
    "msa_lab/source/parse.py": "import yaml",
    "msa_lab/tui/app.py": "import rich\nimport textual",
    "msa_lab/tui/feed/__init__.py": "",
    "services/__init__.py": "",
}

VIOLATIONS = [
    ("lab-layers", "msa_lab/sdk/values.py", "import msa_lab.resilience"),
    ("lab-layers", "msa_lab/chaos/match.py", "import msa_lab.topology"),
    ("lab-layers", "msa_lab/source/parse.py", "import msa_lab.resilience"),
    ("lab-layers", "msa_lab/usecases/play.py", "import msa_lab.persistence"),
    ("lab-layers", "msa_lab/cli/main.py", "import msa_lab.tui"),
    ("lab-layers", "msa_lab/persistence/runs.py", "import msa_lab.runtime.sim"),
    ("lab-layers", "msa_lab/utils.py", ""),
    ("worlds-apart", "msa_lab/runtime/process/host.py", "import msa_lab.runtime.sim.clock"),
    ("worlds-apart", "msa_lab/runtime/sim/node.py", "import msa_lab.runtime.process"),
    ("worlds-apart", "msa_lab/runtime/common.py", ""),
    ("service-layers", "services/cart/domain.py", "import services.cart.store"),
    ("service-layers", "services/cart/domain.py", "import services.cart.api"),
    ("service-layers", "services/cart/handlers.py", "import services.cart.spec"),
    ("service-layers", "services/cart/utils.py", ""),
    ("services-meet-at-api", "services/cart/handlers.py", "import services.inventory.domain"),
    ("services-meet-at-api", "services/cart/spec.py", "from services.inventory import spec"),
    ("services-see-only-sdk", "services/cart/handlers.py", "import msa_lab.runtime.sim"),
    ("services-see-only-sdk", "services/cart/spec.py", "import msa_lab.topology"),
    ("services-see-only-sdk", "services/cart/handlers.py", "import msa_lab.source"),
    ("lab-knows-no-service", "msa_lab/sdk/discovery.py", "import services.cart.spec"),
    ("pure-core", "services/cart/handlers.py", "import asyncio"),
    ("pure-core", "services/cart/domain.py", "import random"),
    ("pure-core", "services/cart/spec.py", "import fastapi"),
    ("pure-core", "msa_lab/usecases/play.py", "import time"),
    ("pure-core", "msa_lab/scenario/loader.py", "import os"),
    ("pure-core", "msa_lab/resilience/retry.py", "import logging"),
    ("simpy-in-one-place", "msa_lab/runtime/process/host.py", "import simpy"),
    ("simpy-in-one-place", "services/cart/handlers.py", "from simpy import Environment"),
    ("textual-in-one-place", "msa_lab/cli/main.py", "import textual"),
    ("textual-in-one-place", "msa_lab/cli/main.py", "from rich.text import Text"),
    ("view-from-the-log", "msa_lab/tui/app.py", "import msa_lab.runtime.sim"),
    ("view-from-the-log", "msa_lab/tui/app.py", "import msa_lab.bootstrap"),
    ("pages-without-widgets", "msa_lab/tui/feed/page.py", "from rich.text import Text"),
    ("yaml-in-one-place", "msa_lab/topology/loader.py", "import yaml"),
    ("acyclic", "msa_lab/chaos/match.py", "import msa_lab.chaos.timeline"),
    ("domain-alone", "services/cart/domain.py", "import msa_lab.sdk.ports"),
    ("domain-alone", "services/cart/domain.py", "import services.inventory.api"),
]

ALLOWED = [
    ("services/cart/handlers.py", "import services.inventory.api"),
    ("services/cart/domain.py", "import msa_lab.sdk.values"),
    ("services/cart/spec.py", "import msa_lab.resilience"),
    ("services/cart/sagas.py", "import services.cart.handlers"),
    ("msa_lab/topology/loader.py", "import msa_lab.source"),
    ("msa_lab/bootstrap.py", "import msa_lab.runtime.process"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    pytest.importorskip("importlinter", reason="import-linter is installed in the lint session only")
    for name, text in SKELETON.items():
        write(tmp_path, name, text)
    write(tmp_path, "pyproject.toml", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return tmp_path


def write(tree: Path, name: str, text: str) -> None:
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text + "\n", encoding="utf-8")


def lint(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program, "--no-cache", "--no-logo", *options],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_layout_as_designed_keeps_every_contract(tree: Path) -> None:
    for name, text in ALLOWED:
        write(tree, name, text)

    result = lint(tree)

    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("contract", "module", "text"), VIOLATIONS, ids=[f"{c}-{m}-{t}" for c, m, t in VIOLATIONS]
)
def test_a_forbidden_import_is_reported(tree: Path, contract: str, module: str, text: str) -> None:
    write(tree, module, text)

    result = lint(tree, "--contract", contract)

    assert result.returncode == 1, result.stdout + result.stderr
    assert "0 kept, 1 broken" in result.stdout, result.stdout + result.stderr


def test_every_contract_is_broken_by_some_case() -> None:
    assert {contract for contract, _, _ in VIOLATIONS} == set(CONTRACTS)


def test_every_package_below_the_runtimes_is_held_pure() -> None:
    outer = {"cli", "tui", "pytest_plugin", "web", "runtime", "persistence", "export"}
    packages = {path.parent.name for path in (ROOT / "msa_lab").glob("*/__init__.py")}

    pure = {name.removeprefix("msa_lab.") for name in CONTRACTS["pure-core"]["source_modules"]}

    assert packages - outer <= pure
