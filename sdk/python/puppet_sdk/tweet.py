"""The character's account. What is decided is carried out when the event has ended well."""

from __future__ import annotations

from typing import Any, Sequence, Union

from puppet_sdk.errors import answer
from wit_world.imports import tweet as _wit

PostRef = Union[str, int]
"""A post: its id, or the number of a decision of this call."""


def _ref(post: PostRef) -> Any:
    return _wit.PostRef_Decision(post) if isinstance(post, int) else _wit.PostRef_Id(post)


def _images(images: Sequence[tuple[str, str]]) -> list[Any]:
    return [_wit.Image(asset, alt_text) for asset, alt_text in images]


def post(text: str, images: Sequence[tuple[str, str]] = ()) -> int:
    """A decision; images are pairs of an asset of the pack and its description. Answers its number."""
    return int(answer(_wit.post, text, _images(images)))


def thread(parts: Sequence[str]) -> int:
    """A decision: several posts, one after the other."""
    return int(answer(_wit.thread, list(parts)))


def reply(to: PostRef, text: str, images: Sequence[tuple[str, str]] = ()) -> int:
    """A decision."""
    return int(answer(_wit.reply, _ref(to), text, _images(images)))


def quote(of: PostRef, text: str) -> int:
    """A decision."""
    return int(answer(_wit.quote, _ref(of), text))


def like(of: PostRef) -> int:
    """A decision."""
    return int(answer(_wit.like, _ref(of)))


def delete(of: PostRef) -> int:
    """A decision, about a post of its own."""
    return int(answer(_wit.delete, _ref(of)))


def timeline(limit: int = 20) -> list[Any]:
    """Posts of others, newest first."""
    return list(answer(_wit.timeline, limit))


def posts_of(account: str, limit: int = 20) -> list[Any]:
    """Posts of one account, newest first."""
    return list(answer(_wit.posts_of, account, limit))


def thread_of(id: str, depth: int = 5) -> list[Any]:
    """The ancestors of a post, oldest first, itself last."""
    return list(answer(_wit.thread_of, id, depth))


def own_posts(limit: int = 20) -> list[Any]:
    """Its own, with what this call has decided on top."""
    return list(answer(_wit.own_posts, limit))


def search(query: str, limit: int = 20) -> list[Any]:
    """Posts of the last seven days."""
    return list(answer(_wit.search, query, limit))


def conversation(id: str, limit: int = 20) -> list[Any]:
    """The posts of the conversation that a post is of, of the last seven days, and the post itself; newest first."""
    return list(answer(_wit.conversation, id, limit))


def weighted_length(text: str) -> int:
    """How much of the 280 a text takes."""
    return int(_wit.weighted_length(text))
