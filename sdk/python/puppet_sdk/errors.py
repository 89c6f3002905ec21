"""How calls fail, and how a plugin says no."""

from __future__ import annotations

from typing import Any, Callable, Optional, TypeVar

from componentize_py_types import Err

T = TypeVar("T")


class CallError(Exception):
    """A call that the host refused or a provider did not answer.

    ``code`` is one of the published codes (docs/reference/errors.md): ``denied``, ``budget-exhausted``,
    ``provider-unavailable``, and so on. Where it is not caught, the event ends as failed.
    """

    def __init__(self, code: str, message: str, retry_after_ms: Optional[int] = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms

    def is_(self, code: str) -> bool:
        """Whether it is of this code."""
        return self.code == code


class Declined(Exception):
    """An answer, not a fault: what was decided is dropped, and with ``retry_at`` the event comes again then.

    ``code`` is in kebab-case; ``retry_at`` is in milliseconds since 1970, UTC.
    """

    def __init__(self, code: str, message: str = "", retry_at: Optional[int] = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retry_at = retry_at


class Failed(Exception):
    """An error of the plugin's own: the event ends as failed, with this message."""


def answer(call: Callable[..., T], *args: Any) -> T:
    """Calls the host. Raises :class:`CallError` where it says no."""
    try:
        return call(*args)
    except Err as error:
        value = error.value
        raise CallError(value.code, value.message, value.retry_after_ms) from None
