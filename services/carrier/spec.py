from __future__ import annotations

from msa_lab.sdk import (
    CallPolicy,
    Cost,
    Job,
    LogNormal,
    Observable,
    Retry,
    ServiceSpec,
    Uniform,
    ms,
    serve,
)
from services.carrier import api, handlers
from services.carrier.store import LABELS, SHELVES, StoredLabel

OUTSIDE = Cost(cpu=Uniform(ms(0.1), ms(0.3)), wait=LogNormal(ms(30), 0.3))


def _reference_of(label: StoredLabel) -> str:
    return label.reference


def _live(label: StoredLabel) -> int:
    return int(label.state != "CANCELLED")


SPEC = ServiceSpec(
    name="carrier",
    purpose="The parcel carrier outside the shop: sells labels, picks up, delivers, and tells.",
    operations=(
        serve(api.RATES, handlers.rates, OUTSIDE),
        serve(api.BOOK_LABEL, handlers.book_label, OUTSIDE),
        serve(api.CANCEL_LABEL, handlers.cancel_label, OUTSIDE),
        serve(api.RELEASE, handlers.release, OUTSIDE),
    ),
    jobs=(Job("call_back", ms(250), handlers.call_back),),
    tables=(LABELS, SHELVES),
    settings=(handlers.PICKUP_AFTER, handlers.DELIVERY_AFTER),
    observables=(
        Observable(
            "carrier.labels", "order", LABELS, _reference_of, measure=_live,
            purpose="Labels paid for and not cancelled; the shop's reference is the order.",
        ),
    ),
    depends_on={"shipping": CallPolicy(timeout=ms(500), retry=Retry(attempts=3, base=ms(50), jitter="full"))},
    concurrency=256,
    queue=1024,
    outside=True,
)  # fmt: skip
