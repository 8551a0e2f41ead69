"""Writes the reference pages that are generated: `python docs/write_pages.py`. A test holds them current."""  # noqa: INP001

from __future__ import annotations

from pathlib import Path

from msa_lab.chaos import cast, catalogue_page
from msa_lab.scenario import vocabulary
from msa_lab.scenario.pages import events_page, metrics_page
from msa_lab.sdk.discovery import discover
from msa_lab.topology.pages import patterns_page, shop_page

HERE = Path(__file__).parent / "reference"


def pages() -> dict[Path, str]:
    """Give each generated page with its text."""
    specs = discover()
    return {
        HERE / "events.md": events_page(),
        HERE / "faults.md": catalogue_page(cast(specs)),
        HERE / "metrics.md": metrics_page(vocabulary(specs)),
        HERE / "patterns.md": patterns_page(),
        HERE / "shop.md": shop_page(specs),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
