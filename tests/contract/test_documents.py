"""Documents, in every world that has them."""

from __future__ import annotations

from typing import Any

from msa_lab.sdk import Context
from tests.contract.conftest import Ports


def find(ports: Ports, **wanted: Any) -> list[int]:  # noqa: ANN401 - options of the port
    async def work(ctx: Context) -> list[int]:
        return [document["n"] for document in await ctx.documents.find("mail", **wanted)]

    return ports.run(work)


async def arrange(ctx: Context) -> list[str]:
    return [
        await ctx.documents.add("mail", {"n": 1, "to": "ann"}),
        await ctx.documents.add("mail", {"n": 2, "to": "bob"}),
        await ctx.documents.add("post", {"n": 3, "to": "ann"}),
        await ctx.documents.add("mail", {"n": 4, "to": "ann"}),
    ]


def test_documents_are_found_newest_first(ports: Ports) -> None:
    ports.run(arrange)

    assert find(ports) == [4, 2, 1]
    assert find(ports, to="ann") == [4, 1]
    assert find(ports, to="ann", limit=1) == [4]
    assert find(ports, to="nobody") == []


def test_each_document_has_an_id_of_its_own(ports: Ports) -> None:
    assert len(set(ports.run(arrange))) == 4


def test_what_was_stored_does_not_change_with_what_it_was_made_of(ports: Ports) -> None:
    async def work(ctx: Context) -> None:
        mail = {"n": 1}
        await ctx.documents.add("mail", mail)
        mail["n"] = 9

    ports.run(work)
    assert find(ports) == [1]
