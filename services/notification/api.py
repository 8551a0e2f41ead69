from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from msa_lab.sdk import DomainError, Instant, Operation

Channel = Literal["email", "sms", "push", "websocket"]
Topic = Literal["account", "orders", "shipping"]


class UnknownAddress(DomainError):
    """That channel has no address of yours yet; add it to your profile."""

    status: ClassVar[int] = 422


@dataclass(frozen=True, slots=True)
class ShowPreferences:
    pass


@dataclass(frozen=True, slots=True)
class Preference:
    """The channels that carry one topic; none switches the topic off."""

    topic: Topic
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class SetPreferences:
    """Topics that are not named keep their channels."""

    preferences: Annotated[tuple[Preference, ...], Field(min_length=1, max_length=10)]


@dataclass(frozen=True, slots=True)
class Preferences:
    user_id: str
    preferences: tuple[Preference, ...]


@dataclass(frozen=True, slots=True)
class ShowInbox:
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@dataclass(frozen=True, slots=True)
class Message:
    message_id: str
    channel: str
    template: str
    subject: str
    body: str
    sent_at: Instant


@dataclass(frozen=True, slots=True)
class Inbox:
    """Newest first."""

    items: tuple[Message, ...]


PREFERENCES = Operation(
    "notification.preferences", "GET", "/notifications/preferences", ShowPreferences, Preferences,
    access="user", summary="Show which channels carry what.",
)  # fmt: skip
SET_PREFERENCES = Operation(
    "notification.set_preferences", "PUT", "/notifications/preferences", SetPreferences, Preferences,
    errors=(UnknownAddress,), access="user", keyed=True, summary="Choose the channels for a topic.",
)  # fmt: skip
INBOX = Operation(
    "notification.inbox", "GET", "/notifications", ShowInbox, Inbox,
    access="user", summary="Show what was sent to me.",
)  # fmt: skip
