"""The three families of trouble: a failed scenario is a result; the rest are these exceptions.

`UserMistake` says that an input was written wrong, `EnvironmentTrouble` that the machine refused.
Anything else that escapes is a bug of ours and is left to crash loudly.
"""


class MsaLabError(Exception):
    """The lab cannot go on."""

    exit_code = 70

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class UserMistake(MsaLabError):
    """A file or an argument was written wrong; nothing was started."""

    exit_code = 3


class ServiceFailed(MsaLabError):
    """The code of a service that somebody put in place of a shipped one failed during the run."""

    exit_code = 3


class EnvironmentTrouble(MsaLabError):
    """The machine refused: a full disk, a missing right, a taken port."""

    exit_code = 4
