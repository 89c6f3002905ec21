"""Random numbers of the invocation: the same when it is replayed, and the same as in the other SDKs."""

from __future__ import annotations

from typing import Optional, Sequence, TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


class Random:
    """A stream of random numbers (SplitMix64). Not for secrets.

    >>> Random(7).below(6) == Random(7).below(6)
    True
    """

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    @classmethod
    def of_invocation(cls) -> Random:
        """From the invocation's seed. Two streams of one call are equal: make one and pass it on."""
        from wit_world.imports import agent

        return cls(agent.seed() >> 11)

    def bits(self) -> int:
        """64 random bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def unit(self) -> float:
        """At least 0, below 1."""
        return (self.bits() >> 11) / (1 << 53)

    def between(self, low: float, high: float) -> float:
        """At least ``low``, below ``high``."""
        return low + self.unit() * (high - low)

    def chance(self, probability: float) -> bool:
        """True with this probability: never for 0, always for 1."""
        return self.unit() < probability

    def below(self, n: int) -> int:
        """Below ``n``; 0 for 0."""
        return self.bits() % n if n else 0

    def pick(self, items: Sequence[T]) -> Optional[T]:
        """One of these; None where there is none."""
        return items[self.below(len(items))] if items else None
