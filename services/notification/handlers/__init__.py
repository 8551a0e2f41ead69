from services.notification.handlers.preferring import inbox, preferences, set_preferences
from services.notification.handlers.queueing import (
    know_user,
    tell_cancelled,
    tell_confirmed,
    tell_delivered,
    tell_dispatched,
    update_user,
)
from services.notification.handlers.sending import KEEP_FOR, WAIT_FOR_ADDRESS, forget, send_queued

__all__ = [
    "KEEP_FOR",
    "WAIT_FOR_ADDRESS",
    "forget",
    "inbox",
    "know_user",
    "preferences",
    "send_queued",
    "set_preferences",
    "tell_cancelled",
    "tell_confirmed",
    "tell_delivered",
    "tell_dispatched",
    "update_user",
]
