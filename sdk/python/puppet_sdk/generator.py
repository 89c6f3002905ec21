"""Event generators: they make things happen to characters, and have no voice of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from puppet_sdk.exports import guarded


@dataclass(frozen=True)
class AgentRef:
    """A character that may be addressed."""

    id: str
    name: str
    handle: str


@dataclass(frozen=True)
class Trigger:
    """Why it runs: ``started`` once per start, ``timer`` for its own timers. ``at`` is in milliseconds since 1970, UTC."""

    id: str
    kind: str
    at: int
    payload: dict[str, Any]
    agents: list[AgentRef]


@dataclass
class NewEvent:
    """An event to be made. ``kind`` stands under the pack's own id (``my-pack.word``), or was granted; no targets are all."""

    kind: str
    payload: dict[str, Any] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    priority: str = "normal"
    delay_ms: int = 0


class EventGenerator:
    """A plugin defines ``class Generator(EventGenerator)`` with ``generate``."""

    def generate(self, trigger: Trigger) -> list[NewEvent]:
        """What is to happen now."""
        raise NotImplementedError

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = cls.__dict__.get("generate")
        if own is not None:

            def generate(self: Any, trigger: Any) -> Any:
                return [_raw(event) for event in guarded(own, self, _trigger(trigger))]

            cls.generate = generate  # type: ignore[method-assign]


def _trigger(raw: Any) -> Trigger:
    agents = [AgentRef(agent.id, agent.name, agent.handle) for agent in raw.agents]
    return Trigger(raw.id, raw.kind, raw.at, json.loads(raw.payload), agents)


def _raw(event: NewEvent) -> Any:
    from wit_world.exports import generator
    from wit_world.imports import types

    priority = types.Priority[event.priority.upper()]
    return generator.NewEvent(event.kind, event.targets, priority, json.dumps(event.payload), event.delay_ms)
