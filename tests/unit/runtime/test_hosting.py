import pytest

from msa_lab.runtime.hosting import SPARED, Edge, spares
from msa_lab.sdk.failures import InvalidRequest
from services.promotion.api import QuoteDiscount


def quoted(minor: int) -> dict[str, object]:
    line = {
        "sku": "SKU-1",
        "title": "Kettle",
        "quantity": 1,
        "unit_price": {"minor": minor, "currency": "EUR"},
    }
    return {"lines": [line]}


@pytest.mark.parametrize("minor", [0, 2490, 1_000_000_000])
def test_what_fits_the_contract_passes(minor: int) -> None:
    request = Edge(QuoteDiscount).checked(quoted(minor))

    assert request.lines[0].amount.minor == minor


@pytest.mark.parametrize("minor", [-1, 1_000_000_001])
def test_what_does_not_is_refused_with_its_place(minor: int) -> None:
    with pytest.raises(InvalidRequest, match=r"lines\.0\.unit_price: .*a price is from 0 to 10,000,000\.00"):
        Edge(QuoteDiscount).checked(quoted(minor))


def test_a_delivery_is_spared_while_the_store_is_away_and_not_for_ever() -> None:
    assert spares("StoreUnavailable", 0)
    assert not spares("StoreUnavailable", SPARED)
    assert not spares("CommitUnknown", 0)
