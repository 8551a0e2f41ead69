"""One service by itself: typed as people type it, used, stopped, started again."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MUG = {"sku": "MUG-1", "title": "Mug", "price": {"minor": 900}, "category": "kitchen", "weight_grams": 300}


@dataclass
class Alone:
    """A service on a port of its own."""

    place: Path
    service: str
    env: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[str] | None = None

    def start(self, factory: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MSALAB_")}
        self.process = subprocess.Popen(  # noqa: S603 - this Python
            [
                *(sys.executable, "-m", "uvicorn", "--factory", factory or f"msa_lab.serving:{self.service}"),
                *("--port", str(self.port)),
            ],
            cwd=self.place, env={**clean, "PYTHONPATH": str(ROOT), **self.env}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(client):
            content = None if body is None else json.dumps(body)
            client.request(method, path, content, {"content-type": "application/json"})
            answer = client.getresponse()
            text = answer.read().decode()
        return answer.status, json.loads(text) if "json" in answer.headers["content-type"] else text

    def is_up(self) -> None:
        for _ in range(1_500):
            try:
                assert self.ask("GET", "/health")[0] == 200
            except OSError:
                assert self.process is not None
                assert self.process.poll() is None, self.stop()
                time.sleep(0.02)
            else:
                return
        pytest.fail("it did not come up")

    def stop(self) -> tuple[int, str]:
        """End it, unless it has ended; give its exit code and what it said."""
        if self.process is None:
            return 0, ""
        with self.process as process:
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=20)
        self.process = None
        return process.returncode, said


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Alone]:
    alone = Alone(tmp_path, "product")
    yield alone
    alone.stop()


@pytest.fixture
def cart(tmp_path: Path) -> Iterator[Alone]:
    alone = Alone(tmp_path, "cart")
    yield alone
    alone.stop()


def test_a_service_alone_serves_its_pages_and_keeps_its_records(product: Alone) -> None:
    product.start()
    product.is_up()

    made, created = product.ask("POST", "/products", MUG)
    found = product.ask("GET", "/products/MUG-1")
    code, said = product.stop()

    assert (made, created["sku"]) == (200, "MUG-1")
    assert (found[0], found[1]["price"]["minor"]) == (200, 900)
    assert code in (0, -signal.SIGTERM), said  # uvicorn raises the signal again when it has closed all
    assert "Application shutdown complete" in said
    assert (product.place / "msalab-data" / "product.sqlite").exists()

    product.start()
    product.is_up()

    assert product.ask("GET", "/products/MUG-1") == found
    assert product.ask("GET", "/ready") == (200, {"ready": True, "database": True})
    assert "<code>/products/{sku}/page</code>" in product.ask("GET", "/docs")[1]
    assert product.ask("GET", "/openapi.json")[1]["info"]["title"] == "product"
    assert "msalab_outbox_messages 1" in product.ask("GET", "/metrics")[1]  # it waits for a broker


def test_neighbours_are_reached_by_url_and_missed_with_503(product: Alone, cart: Alone) -> None:
    product.start()
    product.is_up()
    product.ask("POST", "/products", MUG)
    cart.env = {"MSALAB_PRODUCT_URL": f"http://127.0.0.1:{product.port}", "MSALAB_SERVICE": "cart"}
    cart.start("msa_lab.serving:app")
    cart.is_up()

    there = cart.ask("POST", "/carts/anon-1234/items", {"sku": "MUG-1"})
    cart.stop()
    cart.env = {}
    cart.start()
    cart.is_up()
    missed = cart.ask("POST", "/carts/anon-1234/items", {"sku": "MUG-1"})

    assert (there[0], there[1].get("subtotal")) == (200, {"minor": 900, "currency": "EUR"}), there
    assert (missed[0], missed[1]["failure"]) == (503, "Unavailable")


def test_one_process_has_a_folder(product: Alone, tmp_path: Path) -> None:
    product.start()
    product.is_up()
    twin = Alone(tmp_path, "product")
    twin.start()
    assert twin.process is not None
    said = twin.process.communicate(timeout=30)[0]

    assert twin.process.returncode == 4
    assert "product runs there already" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("service", "env", "code", "told"),
    [
        ("prodct", {}, 3, "unknown service 'prodct'; did you mean 'product'?"),
        ("app", {}, 3, "which service?"),
        ("product", {"MSALAB_CART_URL": "ftp://x"}, 3, "MSALAB_CART_URL: 'ftp://x' is not a URL"),
        ("product", {"MSALAB_TOPOLOGY": "textbok"}, 3, "did you mean 'textbook'"),
        ("product", {"MSALAB_DATA": "/proc/nowhere"}, 4, "folder /proc/nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    tmp_path: Path, service: str, env: dict[str, str], code: int, told: str
) -> None:
    alone = Alone(tmp_path, service, env)
    alone.start()
    assert alone.process is not None
    said = alone.process.communicate(timeout=30)[0]

    assert (alone.process.returncode, told in said, "Traceback" in said) == (code, True, False), said


def test_a_students_own_service_runs_from_the_folder_one_works_in(product: Alone) -> None:
    own = product.place / "services" / "product"
    shutil.copytree(ROOT / "services" / "product", own)
    spec = own / "spec.py"
    spec.write_text(
        spec.read_text(encoding="utf-8").replace('purpose="', 'purpose="Mine: '), encoding="utf-8"
    )
    product.start()
    product.is_up()

    assert "Mine: " in product.ask("GET", "/openapi.json")[1]["info"]["description"]


def test_what_a_students_code_cannot_import_is_told_as_theirs(product: Alone) -> None:
    own = product.place / "services" / "product"
    shutil.copytree(ROOT / "services" / "product", own)
    (own / "spec.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    product.start()
    assert product.process is not None
    said = product.process.communicate(timeout=30)[0]

    assert product.process.returncode == 3
    assert f"service product: its code cannot be loaded: {own / 'spec.py'}:1: ModuleNotFoundError" in said
    assert "Traceback" not in said
