"""Events of the plugin's own making."""

from __future__ import annotations

import json
from typing import Any, Optional, Sequence, Union

from puppet_sdk.errors import answer
from wit_world.imports import events as _wit
from wit_world.imports import types as _types


def emit(
    kind: str,
    payload: Optional[dict[str, Any]] = None,
    to: Union[str, Sequence[str]] = "me",
    priority: str = "normal",
    delay_ms: int = 0,
) -> None:
    """A decision. ``kind`` stands under the pack's own id, or was granted; ``to`` is ``"me"``, ``"all"``, or ids."""
    if to == "me":
        target = _wit.Target_Me()
    elif to == "all":
        target = _wit.Target_All()
    else:
        target = _wit.Target_Agents([to] if isinstance(to, str) else list(to))
    event = _wit.NewEvent(kind, target, _types.Priority[priority.upper()], json.dumps(payload or {}), delay_ms)
    answer(_wit.emit, event)
