import dataclasses
from typing import cast

from msa_lab.sdk import Context, Transaction
from services.notification.api import (
    Channel,
    Inbox,
    Message,
    Preference,
    Preferences,
    SetPreferences,
    ShowInbox,
    ShowPreferences,
    Topic,
    UnknownAddress,
)
from services.notification.domain import Choices, address_for, chosen
from services.notification.handlers.sending import MESSAGES
from services.notification.store import CONTACTS, Contact


async def preferences(ctx: Context, request: ShowPreferences) -> Preferences:  # noqa: ARG001 - no fields
    user_id = ctx.caller.subject
    contact = await ctx.store.get(CONTACTS, user_id) or Contact(user_id)
    return _view(user_id, contact.choices)


async def set_preferences(ctx: Context, request: SetPreferences) -> Preferences:
    user_id = ctx.caller.subject
    changes = [(preference.topic, preference.channels) for preference in request.preferences]

    async def work(tx: Transaction) -> Preferences:
        contact = await tx.get(CONTACTS, user_id) or Contact(user_id)
        for _, channels in changes:
            # An e-mail address is certain to come with the account; a phone number is not.
            if "sms" in channels and not address_for("sms", user_id=user_id, email="", phone=contact.phone):
                raise UnknownAddress(channel="sms")
        choices = chosen(contact.choices, changes)
        if choices != contact.choices:
            tx.put(CONTACTS, dataclasses.replace(contact, choices=choices))
        return _view(user_id, choices)

    return await ctx.store.transact(work)


async def inbox(ctx: Context, request: ShowInbox) -> Inbox:
    """Show each message once, though it may have been handed over twice."""
    documents = await ctx.documents.find(MESSAGES, limit=2 * request.limit, user_id=ctx.caller.subject)
    messages = {
        document["message_id"]: Message(
            message_id=document["message_id"],
            channel=document["channel"],
            template=document["template"],
            subject=document["subject"],
            body=document["body"],
            sent_at=document["sent_at"],
        )
        for document in documents
    }
    return Inbox(tuple(messages.values())[: request.limit])


def _view(user_id: str, choices: Choices) -> Preferences:
    return Preferences(
        user_id,
        tuple(
            Preference(cast("Topic", topic), cast("tuple[Channel, ...]", channels))
            for topic, channels in choices
        ),
    )
