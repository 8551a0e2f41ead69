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
from msa_lab.sdk.spec import minor_units
from services.psp.api import CANCEL_INTENT, CAPTURE, CREATE_INTENT, FIND, REFUND
from services.psp.handlers import (
    WEBHOOK_SECRET,
    cancel_intent,
    capture,
    create_intent,
    deliver_webhooks,
    find,
    refund,
)
from services.psp.store import CAPTURES, DELIVERIES, INTENTS, LEDGERS, REFUNDS, CaptureRecord, Intent, Refund

REMOTE = Cost(cpu=Uniform(ms(0.1), ms(0.3)), wait=LogNormal(ms(40), 0.3))


def _order_of(record: Intent | CaptureRecord | Refund) -> str | None:
    return record.order_id or None


def _captured(record: CaptureRecord) -> int:
    return minor_units(record.amount)


def _refunded(record: Refund) -> int:
    return minor_units(record.amount)


def _one(_record: CaptureRecord) -> int:
    return 1


def _holding(record: Intent) -> int:
    return minor_units(record.amount) if record.status == "AUTHORIZED" else 0


SPEC = ServiceSpec(
    name="psp",
    purpose="The payment provider: holds, takes and gives back money, and tells by signed webhooks.",
    operations=(
        serve(CREATE_INTENT, create_intent, REMOTE),
        serve(CAPTURE, capture, REMOTE),
        serve(CANCEL_INTENT, cancel_intent, REMOTE),
        serve(REFUND, refund, REMOTE),
        serve(FIND, find, REMOTE),
    ),
    jobs=(Job("deliver_webhooks", ms(100), deliver_webhooks),),
    tables=(LEDGERS, INTENTS, CAPTURES, REFUNDS, DELIVERIES),
    settings=(WEBHOOK_SECRET,),
    observables=(
        Observable("psp.captured", "order", CAPTURES, _order_of, _captured, purpose="money taken"),
        Observable("psp.refunded", "order", REFUNDS, _order_of, _refunded, purpose="money given back"),
        Observable("psp.captures", "order", CAPTURES, _order_of, _one, purpose="how often money was taken"),
        Observable("psp.holding", "order", INTENTS, _order_of, _holding, purpose="money still held"),
    ),
    # A webhook is tried again by the job that sends it.
    depends_on={"payment": CallPolicy(timeout=ms(500), retry=Retry(attempts=1), breaker=None)},
    outside=True,
)
