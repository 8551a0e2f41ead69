"""`msalab serve`: the view in a browser, for whoever has the token, and nothing from outside."""

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.tui.terminals import ROOT
from tests.tui.test_terminal import place

__all__ = ["place"]
pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60_000


@dataclass(frozen=True)
class Served:
    address: str
    process: subprocess.Popen[str]

    @property
    def base(self) -> str:
        return self.address.partition("?")[0]

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """Ask without following anything."""
        line = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=20)
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        answer.read()
        line.close()
        return answer

    def cookie(self) -> str:
        """Come in by the address and give the cookie."""
        answer = self.get(self.address.removeprefix(self.base.rstrip("/")))
        return str(answer.getheader("Set-Cookie")).partition(";")[0]


def answers(served: Served) -> bool:
    try:
        served.get("/")
    except OSError:
        return False
    return True


@pytest.fixture
def served(place: Path) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "msa_lab", "serve", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    told = process.stdout.readline()
    assert told == "run abc123, read-only; Ctrl-C ends it\n", process.stderr.read()
    made = Served(process.stdout.readline().strip(), process)
    stop = time.perf_counter() + 20
    while not answers(made):
        assert time.perf_counter() < stop, "it never answered"
        time.sleep(0.05)
    yield made
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_only_the_token_opens_it(served: Served) -> None:
    cookie = served.cookie()

    assert served.get("/").status == 403
    assert served.get("/?token=wrong").status == 403
    assert served.get("/static/js/textual.js").status == 403
    assert served.get("/ws").status == 403
    assert served.get("/", Cookie=cookie).status == 200
    assert served.get("/", Cookie=cookie[:-1]).status == 403


def test_other_names_and_other_pages_are_refused(served: Served) -> None:
    cookie = served.cookie()

    assert served.get("/", Cookie=cookie, Host="evil.example:80").status == 403
    assert served.get("/", Cookie=cookie, Origin="http://evil.example").status == 403


def test_it_listens_on_the_loopback_interface(served: Served) -> None:
    assert urlsplit(served.address).hostname == "127.0.0.1"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_a_browser_shows_the_view_and_its_keys_work_without_asking_outside(served: Served) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": 1000, "height": 700})
            asked: list[str] = []
            drawn: list[bytes] = []
            wrong: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on(
                "websocket",
                lambda line: line.on(
                    "framereceived",
                    lambda frame: drawn.append(frame if isinstance(frame, bytes) else frame.encode()),
                ),
            )
            page.goto(served.address)
            page.wait_for_selector("body.-first-byte", timeout=PATIENCE)
            until(page, drawn, b"Services")
            page.click("#terminal")
            page.keyboard.press("7")
            until(page, drawn, b"Verdict of the whole run")
            page.keyboard.press("x")
            until(page, drawn, b"not here")

            assert wrong == []
            assert "token" not in page.url
            assert all(url.startswith((served.base, "data:", "blob:")) for url in asked), asked
        finally:
            browser.close()


def until(page: object, drawn: list[bytes], text: bytes) -> None:
    stop = time.perf_counter() + PATIENCE / 1000
    while text not in b"".join(drawn):
        assert time.perf_counter() < stop, b"".join(drawn)[-3000:]
        page.wait_for_timeout(100)  # type: ignore[attr-defined] # of Playwright
