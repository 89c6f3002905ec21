"""What it remembers, and how it finds it again."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from puppet_sdk.errors import answer
from wit_world.imports import memory as _wit


def _memory(
    content: str,
    kind: str,
    importance: float,
    valence: float,
    associations: Sequence[str],
    metadata: Optional[Mapping[str, str]],
    author: Optional[str],
    trust: str,
) -> Any:
    return _wit.NewMemory(
        _wit.Kind[kind.upper()],
        content,
        importance,
        valence,
        list(associations),
        list((metadata or {}).items()),
        author,
        _wit.Trust[trust.upper()],
    )


def remember(
    content: str,
    kind: str = "general",
    importance: float = 0.5,
    valence: float = 0.0,
    associations: Sequence[str] = (),
    metadata: Optional[Mapping[str, str]] = None,
    author: Optional[str] = None,
    trust: str = "own",
) -> str:
    """A decision. ``kind``: ``core, event, interaction, general, post, tweet``; ``trust``: ``own, host, stranger``."""
    return str(
        answer(_wit.remember, _memory(content, kind, importance, valence, associations, metadata, author, trust))
    )


def said_by(author: str, content: str, kind: str = "interaction", importance: float = 0.5) -> str:
    """A decision: what a stranger said, kept as such."""
    return remember(content, kind, importance, author=author, trust="stranger")


def forget(id: str) -> None:
    """A decision."""
    answer(_wit.forget, id)


def pin(id: str, pinned: bool = True) -> None:
    """A decision: never dropped by a cap."""
    answer(_wit.pin, id, pinned)


def recall(text: str, kinds: Sequence[str] = (), limit: int = 5, method: str = "blended", follow: bool = False) -> list[Any]:
    """What is like a text: each with ``item`` and ``score``."""
    query = _wit.Query(text, [_wit.Kind[kind.upper()] for kind in kinds], limit, _wit.Method[method.upper()], follow)
    return list(answer(_wit.recall, query))


def recent(kinds: Sequence[str] = (), limit: int = 10) -> list[Any]:
    """The latest, newest first."""
    return list(answer(_wit.recent, [_wit.Kind[kind.upper()] for kind in kinds], limit))
