"""A window over the others that is closed by its answer."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Asking(ModalScreen[ScreenResultType]):
    """Is answered once: a key that comes before the answer has closed it is none to what lies below."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_current else AwaitComplete()
