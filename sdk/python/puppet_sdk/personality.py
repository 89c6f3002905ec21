"""A character's behaviour."""

from __future__ import annotations

from typing import Any

from puppet_sdk.event import Event, event_of
from puppet_sdk.exports import guarded


class Personality:
    """Handles events. A plugin defines ``class Handler(Personality)`` with ``handle``.

    What ``handle`` decides is carried out when it returns. :class:`~puppet_sdk.Declined` says no without a strike; a
    :class:`~puppet_sdk.CallError` that nobody catches ends the event as failed; any other exception is a trap.
    """

    def handle(self, event: Event) -> None:
        """One event."""
        raise NotImplementedError

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = cls.__dict__.get("handle")
        if own is not None:

            def handle(self: Any, event: Any) -> None:
                guarded(own, self, event_of(event))

            cls.handle = handle  # type: ignore[method-assign]
