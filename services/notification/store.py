from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk import Instant, Table
from services.notification.domain import DEFAULT_CHOICES, Choices

SentState = Literal["QUEUED", "SENT", "UNDELIVERABLE"]


@dataclass(frozen=True, slots=True)
class Contact:
    """How somebody can be reached and wants to be; the addresses are '' until heard of."""

    user_id: str
    email: str = ""
    name: str = ""
    phone: str = ""
    choices: Choices = DEFAULT_CHOICES


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on one channel. `id` is template, subject matter and channel: the same fact is told once.

    `values` fill the template and are dropped when sent. `minute` is when it was queued, to find old ones.
    """

    id: str
    user_id: str
    template: str
    channel: str
    values: tuple[tuple[str, str], ...]
    queued_at: Instant
    minute: int
    state: SentState = "QUEUED"


CONTACTS: Table[Contact] = Table("contacts", Contact, key="user_id")
SENT: Table[Sent] = Table("sent", Sent, indexes=("state", "minute"))
