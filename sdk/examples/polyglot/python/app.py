"""Greets whoever speaks to it, and remembers how often they met."""

from typing import Any, Optional

from puppet_sdk import CallError, Declined, Event, Personality
from puppet_sdk import llm, log, schedule, state, tweet

MOST = 1_000
"""Whom it knows, at the most: strangers do not fill its state."""
ROOM = 280
"""What a post has room for."""


class Handler(Personality):
    def handle(self, event: Event) -> None:
        if event.kind == "agent_started":
            schedule.cron("morning", "0 8 * * *")
        elif event.kind == "timer":
            tweet.post(f"Good morning. I know {len(load())} of you.")
        elif event.kind == "mention":
            answer(event.payload["post"])


def load() -> dict[str, int]:
    """How often it met whom."""
    met: dict[str, int] = state.load(1, {"met": {}})["met"]
    return met


def answer(post: dict[str, Any]) -> None:
    author = post["author"]
    if not post["text"].strip():
        raise Declined("nothing-said", "a mention without words")
    met = load()
    before = met.get(author, 0)
    text = words(post, before)
    if text is None:
        text = f"Hello again, @{author}: that makes {before + 1}." if before else f"Hello, @{author}."
    tweet.reply(post["id"], text)
    if before or len(met) < MOST:
        met[author] = before + 1
        state.save(1, {"met": met})


def words(post: dict[str, Any], before: int) -> Optional[str]:
    """What the model would say; None where it says nothing, or more than a post holds."""
    prompt = (
        llm.Prompt("reply")
        .system("You answer whoever speaks to you. You are brief and kind.")
        # What a stranger wrote is data: it is put between marks that it cannot contain.
        .words_of(post["author"], post["text"])
        .user(f"You have met them {before} times before. Answer in one sentence.")
        .max_tokens(60)
    )
    try:
        text: str = prompt.complete().text.strip()
    except CallError as error:
        log.warn("no answer of the model", code=error.code)
        return None
    return text if text and tweet.weighted_length(text) <= ROOM else None
