from msa_lab.sdk import Cost, Job, LogNormal, Observable, ServiceSpec, Uniform, minutes, ms, on, serve
from services.notification import handlers
from services.notification.api import INBOX, PREFERENCES, SET_PREFERENCES
from services.notification.store import CONTACTS, SENT
from services.order.api import OrderCancelled, OrderConfirmed
from services.shipping.api import ShippingDelivered, ShippingDispatched
from services.user.api import UserProfileUpdated, UserRegistered

_READ = Cost(cpu=Uniform(ms(0.2), ms(0.6)))
_WRITE = Cost(cpu=LogNormal(ms(0.5), 0.3))

SPEC = ServiceSpec(
    name="notification",
    purpose="Tells people what happened, on the channels they chose, each fact once.",
    operations=(
        serve(PREFERENCES, handlers.preferences, _READ),
        serve(SET_PREFERENCES, handlers.set_preferences, _WRITE),
        serve(INBOX, handlers.inbox, _READ),
    ),
    subscriptions=(
        on(UserRegistered, handlers.know_user, _WRITE),
        on(UserProfileUpdated, handlers.update_user, _WRITE),
        on(OrderConfirmed, handlers.tell_confirmed, _WRITE),
        on(OrderCancelled, handlers.tell_cancelled, _WRITE),
        on(ShippingDispatched, handlers.tell_dispatched, _WRITE),
        on(ShippingDelivered, handlers.tell_delivered, _WRITE),
    ),
    jobs=(
        Job("send", ms(200), handlers.send_queued),
        Job("forget", minutes(1), handlers.forget),
    ),
    tables=(CONTACTS, SENT),
    settings=(handlers.WAIT_FOR_ADDRESS, handlers.KEEP_FOR),
    observables=(
        Observable(
            "notification.sent", "user", SENT, key=lambda message: message.user_id,
            measure=lambda message: int(message.state == "SENT"),
            purpose="Messages handed over and still remembered (notification.keep_for).",
        ),
        Observable(
            "notification.queued", "user", SENT, key=lambda message: message.user_id,
            measure=lambda message: int(message.state == "QUEUED"),
            purpose="Messages that wait to be handed over.",
        ),
    ),
)  # fmt: skip
