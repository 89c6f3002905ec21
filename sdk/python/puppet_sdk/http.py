"""Pages of the web, of hosts that the operator granted: reads, answered at once.

A plugin has no socket and sees no key: a request names a credential of the operator's, and the host adds it.
"""

from __future__ import annotations

import json as _json
from dataclasses import dataclass
from typing import Any, Mapping, Optional

from puppet_sdk.errors import CallError, answer
from wit_world.imports import http as _wit


@dataclass(frozen=True)
class Page:
    """What came back. ``status`` is of any kind: 404 is an answer, too."""

    status: int
    #: Where it came from, after redirects.
    url: str
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes
    #: What the host had kept of it is still right.
    is_cached: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether the status says that all is well."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 in it becomes the replacement character."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as a document. Raises :class:`CallError` ``invalid-answer`` where it is none."""
        try:
            return _json.loads(self.body)
        except ValueError as error:
            raise CallError("invalid-answer", f"JSON: {error}") from None


def fetch(
    method: str,
    url: str,
    *,
    headers: Optional[Mapping[str, str]] = None,
    body: Optional[bytes] = None,
    credential: Optional[str] = None,
) -> Page:
    """Asks. ``headers`` are ``accept``, ``accept-language``, ``content-type`` and ``x-…``."""
    request = _wit.Request(method, url, list((headers or {}).items()), body, credential, [])
    response = answer(_wit.fetch, request)
    return Page(response.status, response.url, dict(response.headers), response.body, response.is_cached)


def get(url: str, *, headers: Optional[Mapping[str, str]] = None, credential: Optional[str] = None) -> Page:
    """The page at an address."""
    return fetch("GET", url, headers=headers, credential=credential)


def post_json(url: str, document: Any, *, credential: Optional[str] = None) -> Page:
    """What a service answers to a document. Refused where the pack does not run ``live``: it may change something there."""
    body = _json.dumps(document).encode()
    return fetch("POST", url, headers={"content-type": "application/json"}, body=body, credential=credential)
