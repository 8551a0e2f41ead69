from dataclasses import dataclass, field

from msa_lab.sdk import Instant, Table, hours

HOUR = hours(1)


@dataclass(frozen=True, slots=True)
class User:
    id: str
    email: str
    password_hash: str = field(repr=False)
    name: str
    phone: str
    roles: tuple[str, ...]
    registered_at: Instant


@dataclass(frozen=True, slots=True)
class Revocation:
    """A token that was ended early. `hour` is the hour of its expiry; later it is not needed."""

    id: str
    user_id: str
    hour: int


USERS: Table[User] = Table("users", User, indexes=("email",), unique=(("email",),), secret=("password_hash",))
REVOCATIONS: Table[Revocation] = Table("revocations", Revocation, indexes=("hour",))
