"""Who it is: profile, persona, settings, mood, relationships; and what time it is."""

from __future__ import annotations

import json
from typing import Any, Optional

from puppet_sdk.errors import answer
from wit_world.imports import agent as _wit


def profile() -> Any:
    """``id``, ``name``, ``description``, ``handle``, ``timezone``."""
    return _wit.get_profile()


def persona() -> dict[str, Any]:
    """The persona (docs/reference/persona.md)."""
    return dict(json.loads(_wit.persona()))


def settings() -> dict[str, Any]:
    """``[settings]`` of the pack."""
    return dict(json.loads(_wit.settings()))


def now() -> int:
    """The time of the event, in milliseconds since 1970, UTC."""
    return int(_wit.now())


def local_time(at: Optional[int] = None) -> Any:
    """``year, month, day, hour, minute, weekday`` in the character's time zone."""
    return _wit.local_time_at(now() if at is None else at)


def seed() -> int:
    """What is random follows from it; :class:`puppet_sdk.Random` draws from it."""
    return int(_wit.seed())


def mood() -> Any:
    """``valence`` −1..1, ``arousal`` 0..1, ``dominance`` 0..1."""
    return answer(_wit.get_mood)


def shift_mood(valence: float, arousal: float, dominance: float, cause: str) -> None:
    """A decision: added to the mood, each part clamped to its step."""
    answer(_wit.shift_mood, _wit.Mood(valence, arousal, dominance), cause)


def relationships() -> list[Any]:
    """How it stands to others."""
    return list(answer(_wit.list_relationships))


def relationship(target: str) -> Any:
    """How it stands to an agent or an account; None where they never met."""
    return answer(_wit.get_relationship, target)


def adjust_relationship(
    target: str,
    sentiment: float = 0.0,
    familiarity: float = 0.0,
    trust: float = 0.0,
    interaction: Optional[str] = None,
    note: Optional[str] = None,
) -> None:
    """A decision: added to the relationship, each part clamped to its step."""
    change = _wit.RelationshipChange(sentiment, familiarity, trust, interaction, note)
    answer(_wit.adjust_relationship, target, change)
