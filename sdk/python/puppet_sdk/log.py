"""The plugin's own log: lines in the journal, for those who look after it. ``print`` works too."""

from __future__ import annotations

from typing import Any

from wit_world.imports import log as _wit


def debug(message: str, /, **fields: Any) -> None:
    """A line for those who look closely."""
    _line(_wit.Level.DEBUG, message, fields)


def info(message: str, /, **fields: Any) -> None:
    """A line; ``info("posted", slot="morning")`` names what it is about."""
    _line(_wit.Level.INFO, message, fields)


def warn(message: str, /, **fields: Any) -> None:
    """Something that is not as it should be."""
    _line(_wit.Level.WARN, message, fields)


def error(message: str, /, **fields: Any) -> None:
    """Something that failed."""
    _line(_wit.Level.ERROR, message, fields)


def _line(level: Any, message: str, fields: dict[str, Any]) -> None:
    _wit.log(level, message, [(name, str(value)) for name, value in fields.items()])
