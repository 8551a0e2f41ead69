"""The contract of the ports, its bodies written once, on SQLite and Valkey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract import test_cache, test_documents, test_lock, test_side_by_side, test_store
from tests.process.conftest import ProcessPorts

Promise = Callable[[ProcessPorts], None]

STORE: list[Any] = [body for name, body in vars(test_store).items() if name.startswith("test_")]
OTHERS: list[Any] = [
    # Real time is not exact to the millisecond: what counts single ones stays with the simulated world.
    test_cache.test_a_deleted_value_is_gone,
    test_cache.test_what_one_request_kept_the_next_one_finds,
    test_lock.test_a_lease_given_back_can_be_taken_at_once,
    test_documents.test_documents_are_found_newest_first,
    test_documents.test_each_document_has_an_id_of_its_own,
    test_side_by_side.test_gather_gives_results_in_the_order_of_the_parts,
    test_side_by_side.test_gathering_nothing_gives_nothing,
    test_side_by_side.test_gather_raises_the_first_parts_failure_when_all_have_ended,
    test_side_by_side.test_a_part_in_time_gives_its_result,
    test_side_by_side.test_a_part_that_fails_in_time_raises_its_own_failure,
    test_side_by_side.test_a_part_that_is_late_is_an_indefinite_timeout,
]


@pytest.mark.parametrize("promise", STORE, ids=lambda promise: promise.__name__)
def test_the_store_in_sqlite_keeps(promise: Promise, ports: ProcessPorts) -> None:
    promise(ports)


@pytest.mark.parametrize("promise", OTHERS, ids=lambda promise: promise.__name__)
def test_a_process_keeps(promise: Promise, ports: ProcessPorts) -> None:
    promise(ports)
