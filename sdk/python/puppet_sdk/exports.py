"""How exceptions of a plugin become answers of the contract."""

from __future__ import annotations

from typing import Any, Callable, TypeVar

from componentize_py_types import Err
from puppet_sdk.errors import CallError, Declined, Failed

T = TypeVar("T")


def guarded(call: Callable[..., T], *args: Any) -> T:
    """Calls the plugin's own code. What is none of the three goes through: a trap, with its traceback in the log."""
    from wit_world.imports import outcome

    try:
        return call(*args)
    except Declined as no:
        raise Err(outcome.Failure_Declined(outcome.Decline(no.code, no.message, no.retry_at))) from None
    except (CallError, Failed) as error:
        raise Err(outcome.Failure_Failed(str(error))) from None
