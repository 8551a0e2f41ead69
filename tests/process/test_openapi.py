"""Schemathesis shouts at each page of a running shop: no input is answered with 5xx, the pages are true."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

pytest.importorskip("schemathesis", reason="needs the group: pip install --group servers")

import schemathesis
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core.control import SkipTest
from schemathesis.generation import GenerationMode

from msa_lab.sdk.discovery import discover

ROOT = Path(__file__).parents[2]
EXAMPLES = 20
"""For each operation, of what fits its page and as many of what does not."""

SERVICES = [spec.name for spec in discover()]
IDENTITY = {"x-msalab-caller": json.dumps(["gateway", "user-1", ["admin"]])}

UNSAID = (
    "amounts of different currencies met",
    "a price is from 0 to 10,000,000.00",
    "a number is larger than 2^53 - 1",
)
"""What is refused though it fits: what is wrong with an amount, a number where a page says any JSON."""

load_all_checks()
JUDGED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    )
]


def msalab(place: Path, *arguments: str) -> str:
    env = {
        **os.environ,
        "XDG_STATE_HOME": str(place / "state"),
        "TMPDIR": str(place),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(  # noqa: S603 - this Python
        [sys.executable, "-m", "msa_lab", *arguments], cwd=place, env=env, text=True, capture_output=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A running shop: where each service is reached."""
    place = tmp_path_factory.mktemp("shop")
    msalab(place, "up")
    try:
        status = json.loads(msalab(place, "status", "--json"))
        yield {one["service"]: f"http://127.0.0.1:{one['port']}" for one in status["instances"]}
    finally:
        msalab(place, "down", "--all")


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
@pytest.mark.parametrize("service", SERVICES)
def test_a_page_is_true_whatever_is_sent(service: str, mode: GenerationMode, shop: Mapping[str, str]) -> None:
    generation = GenerationConfig(modes=[mode], allow_x00=mode is not GenerationMode.POSITIVE)
    config = SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=generation)))
    page = schemathesis.openapi.from_url(f"{shop[service]}/openapi.json", config=config)
    asked = 0
    for found in page.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr] # a page that cannot be read fails here

        @seed(1)
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def shout(case: Any) -> None:  # noqa: ANN401 - Schemathesis's own
            nonlocal asked
            asked += 1
            reply = case.call(headers=IDENTITY, timeout=10)
            case.validate_response(reply, checks=JUDGED)
            if mode is GenerationMode.POSITIVE and reply.status_code == 422:
                # The business may refuse what fits the page, the host only what no schema can say.
                assert "error" in reply.json() or reply.json()["message"].endswith(UNSAID), reply.text

        with contextlib.suppress(SkipTest):  # without arguments there is nothing to get wrong
            shout()
    assert asked > 0
