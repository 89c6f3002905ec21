"""A blob of the plugin's own: each event gets a fresh instance, and this is what stays."""

from __future__ import annotations

import json
from typing import Any, Optional

from puppet_sdk.errors import CallError, answer
from wit_world.imports import state as _wit


def load(version: int, default: Any = None) -> Any:
    """What was saved as JSON in this version; ``default`` where there is nothing. Another version is an error: carry it over
    (docs/capabilities/state.md)."""
    blob = answer(_wit.get)
    if blob is None:
        return default
    if blob.version != version:
        raise CallError("invalid-input", f"the state is of version {blob.version}, not {version}")
    return json.loads(blob.data)


def save(version: int, value: Any) -> None:
    """A decision: keeps a value as JSON, its keys in order, so that the same value is the same bytes."""
    data = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    answer(_wit.put, _wit.Blob(version, data))


def get() -> Optional[tuple[int, bytes]]:
    """Version and bytes as they are."""
    blob = answer(_wit.get)
    return None if blob is None else (int(blob.version), bytes(blob.data))


def put(version: int, data: bytes) -> None:
    """A decision: keeps bytes."""
    answer(_wit.put, _wit.Blob(version, data))


def clear() -> None:
    """A decision: keeps nothing."""
    answer(_wit.clear)
