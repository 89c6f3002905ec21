"""Language models. Which one answers, its key and its price are the operator's."""

from __future__ import annotations

from typing import Any, Optional

from puppet_sdk import fence
from puppet_sdk.errors import answer
from wit_world.imports import llm as _wit


class Prompt:
    """A request, built up line by line. ``purpose`` is shown in the journal and never sent."""

    def __init__(self, purpose: str) -> None:
        self._request = _wit.Request(purpose, [], 256, _wit.Sampling(None, None, None, None, []), [], None, [])

    def _message(self, role: Any, content: str) -> Prompt:
        self._request.messages.append(_wit.Message(role, None, content, [], None))
        return self

    def system(self, content: str) -> Prompt:
        """What the model is to be."""
        return self._message(_wit.Role.SYSTEM, content)

    def user(self, content: str) -> Prompt:
        """What is asked."""
        return self._message(_wit.Role.USER, content)

    def assistant(self, content: str) -> Prompt:
        """What it said before."""
        return self._message(_wit.Role.ASSISTANT, content)

    def words_of(self, author: str, text: str) -> Prompt:
        """What somebody else wrote, fenced and labelled as data."""
        return self.user(f"{fence.RULE}\n{fence.post(author, text)}")

    def page(self, source: str, text: str) -> Prompt:
        """A page or a document that somebody else wrote, the same way."""
        return self.user(f"{fence.RULE}\n{fence.page(source, text)}")

    def max_tokens(self, tokens: int) -> Prompt:
        """Upper bound of the answer."""
        self._request.max_tokens = tokens
        return self

    def temperature(self, value: float) -> Prompt:
        """0..2."""
        self._request.sampling.temperature = value
        return self

    def response_schema(self, schema: str) -> Prompt:
        """Holds the answer to a JSON schema."""
        self._request.response_schema = schema
        return self

    def tool(self, name: str, description: str, parameters: str) -> Prompt:
        """Offers a tool; ``parameters`` is the JSON schema of its arguments. The host calls nothing."""
        self._request.tools.append(_wit.Tool(name, description, parameters))
        return self

    def complete(self) -> Any:
        """Asks: ``text``, ``model``, ``usage``, ``finish``, ``tool_calls``."""
        return answer(_wit.complete, self._request)


def embed(texts: list[str]) -> list[list[float]]:
    """One vector per text."""
    return list(answer(_wit.embed, texts))
