"""Timers. They fire as events of the kind ``timer``, with ``name`` and ``payload``."""

from __future__ import annotations

import json
from typing import Any, Optional

from puppet_sdk.errors import answer
from wit_world.imports import schedule as _wit


def once(name: str, at: int, payload: Optional[dict[str, Any]] = None) -> None:
    """A decision: fires at a time, in milliseconds since 1970, UTC."""
    answer(_wit.once, name, at, json.dumps(payload or {}))


def after(name: str, delay_ms: int, payload: Optional[dict[str, Any]] = None) -> None:
    """A decision: fires after a while."""
    answer(_wit.after, name, delay_ms, json.dumps(payload or {}))


def every(name: str, interval_ms: int, payload: Optional[dict[str, Any]] = None) -> None:
    """A decision: fires again and again."""
    answer(_wit.every, name, interval_ms, json.dumps(payload or {}))


def cron(
    name: str, expression: str, timezone: Optional[str] = None, payload: Optional[dict[str, Any]] = None
) -> None:
    """A decision: ``minute hour day month weekday``, in the character's time zone where none is named."""
    answer(_wit.cron, name, expression, timezone, json.dumps(payload or {}))


def cancel(name: str) -> None:
    """A decision."""
    answer(_wit.cancel, name)


def timers() -> list[Any]:
    """Those that are set: ``name``, ``next``, ``rule``, ``payload``."""
    return list(answer(_wit.list))
