"""What schemathesis does here beside its own checks; as_described.py starts it and says who asks."""

import itertools
import json
import os
from urllib.parse import unquote

import schemathesis
from schemathesis.core.failures import ServerError
from schemathesis.openapi.checks import RejectedPositiveData

# Ids of the keys that ask: a run does not take its own away.
OWN_KEYS = set(os.environ["PUPPET_OWN_KEYS"].split(","))
# The agent that the key is not bound to; empty where it is bound to none.
UNSEEN = os.environ.get("PUPPET_UNSEEN", "")
# Nothing is waited for longer, in milliseconds: the description allows two minutes.
WAIT_MS = 50
# Places of the next pages, by route: a cursor cannot be made up.
CURSORS = {}
NUMBERS = itertools.count()
# A request that reads may still ask for what cannot be: these say so, and say nothing of its form.
REFUSED_WITH_REASON = {
    "bad-value",  # two fields do not go together, an account is an agent's, a day is over
    "bad-kind",  # of an event: only the host makes some, and a kind of one's own has a dot
    "payload",  # of an event: its kind says what it holds
    "bad-agent-file",  # it has an id and fields of an agent, and one of them holds what it cannot
    "bad-archive",  # of a pack: bytes cannot be described
    "stale",  # `If-Match` was made up
    "unknown-key",  # of the configuration
}
# Kinds of events of which the host makes some alone, and of the others knows what they hold.
KINDS = {
    "news", "mood_shift", "interaction_prompt", "command_post", "command_reply", "mention", "timeline_post", "timer",
    "agent_started", "post_published", "post_failed", "swap_done", "swap_failed", "host_mood",
}  # fmt: skip


@schemathesis.hook
def before_call(ctx, case, kwargs):
    is_meant = case.meta is not None and case.meta.generation.mode.is_positive
    for part in (case.body, case.query):
        wait = part.get("wait_ms") if isinstance(part, dict) else None
        # 70000.0 is a whole number, too.
        if isinstance(wait, (int, float)) and not isinstance(wait, bool) and WAIT_MS < wait <= 120_000:
            part["wait_ms"] = WAIT_MS
    if is_meant and case.query and "cursor" in case.query:
        del case.query["cursor"]
        if case.path in CURSORS:
            case.query["cursor"] = CURSORS[case.path]
    if is_meant and "Idempotency-Key" in (case.headers or {}):
        # The same one again would be about the same body.
        case.headers["Idempotency-Key"] = f"run-{next(NUMBERS)}"
    if is_meant and isinstance(case.body, dict):
        case.body = _whole(case.body)
    key = (case.path_parameters or {}).get("key")
    if case.method == "DELETE" and unquote(str(key)) in OWN_KEYS:
        case.path_parameters["key"] = "00000000"


@schemathesis.hook
def after_call(ctx, case, response):
    if case.method == "GET" and response.status_code == 200 and (told := _json(response)):
        if isinstance(told, dict) and told.get("next"):
            CURSORS[case.path] = told["next"]


@schemathesis.hook
def filter_failure(ctx, failure, case, response):
    told = _json(response)
    if isinstance(failure, RejectedPositiveData):
        if ctx.operation.path == "/api/events" and isinstance(case.body, dict) and case.body.get("type") in KINDS:
            return False
        return not (isinstance(told, dict) and told.get("code") in REFUSED_WITH_REASON)
    if isinstance(failure, ServerError) and ctx.operation.path.startswith("/api/agents/"):
        # The original answers 500 where an agent fails at what it is asked, and so do we: docs/differences.md. What is a
        # fault of the program says these words.
        return told == {"error": "it could not be done"}
    return True


@schemathesis.check
def nothing_of_unseen_agents(ctx, response, case):
    """A key that is bound to agents is told nothing of another, other than what it said itself."""
    if not UNSEEN or UNSEEN in unquote(str(response.request.url)) + str(response.request.body):
        return
    told = response.text + json.dumps(dict(response.headers), default=str)
    assert UNSEEN not in told.lower(), f"it is told of `{UNSEEN}`"


def _whole(value):
    """To JSON Schema 10.0 is a whole number; no client writes one so."""
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _json(response):
    try:
        return response.json()
    except ValueError:
        return None
