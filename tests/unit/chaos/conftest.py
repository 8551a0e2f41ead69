import pytest

from msa_lab.chaos import Names


@pytest.fixture
def names() -> Names:
    return Names(
        services=("inventory", "order", "payment"),
        outside=("carrier", "psp"),
        operations={
            "inventory.reserve": "inventory",
            "payment.capture": "payment",
            "psp.capture": "psp",
        },
        topics=("order.events", "payment.events"),
        events=("order.placed", "payment.captured"),
        refusals={"psp": ("card-refused", "closed"), "carrier": ()},
        flows=("buy-one",),
        replicas={"payment": 2, "order": 1},
    )
