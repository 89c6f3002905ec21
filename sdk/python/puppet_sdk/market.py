"""Prices: reads, answered at once. Nothing here trades (:mod:`puppet_sdk.wallet` does).

Whole numbers throughout: a price is what one whole base token costs, in quote tokens times ten to ``price_decimals``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from puppet_sdk.errors import answer
from wit_world.imports import market as _wit


@dataclass(frozen=True)
class Token:
    """A token. ``is_verified`` says whether the operator's list knows it."""

    mint: str
    symbol: str
    name: str
    decimals: int
    is_verified: bool


@dataclass(frozen=True)
class Bar:
    """A closed bar; prices as in :func:`quote`, ``volume`` in the smallest unit of the base token."""

    at: int
    open: int
    high: int
    low: int
    close: int
    volume: int


@dataclass(frozen=True)
class Price:
    """What one whole base token costs. ``change_bps`` is that of 24 hours, in hundredths of a percent."""

    market: str
    price: int
    price_decimals: int
    at: int
    change_bps: int


@dataclass(frozen=True)
class Trend:
    """A token that many trade, and its place in the list, from 1."""

    token: Token
    price: Price
    rank: int


def candles(market: str, bar_seconds: int, limit: int) -> list[Bar]:
    """Closed bars of a market like ``SOL/USDC``, the newest last, at most 1,000. A bar is 60 s to a day."""
    bars = answer(_wit.candles, market, bar_seconds, limit)
    return [Bar(bar.at, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]


def quote(market: str) -> Price:
    """The latest price."""
    return _price(answer(_wit.quote, market))


def trending(limit: int) -> list[Trend]:
    """What many trade now, at most 50."""
    return [Trend(_token(trend.token), _price(trend.price), trend.rank) for trend in answer(_wit.trending, limit)]


def token_info(token: str) -> Token:
    """A token by mint or by symbol."""
    return _token(answer(_wit.token_info, token))


def _price(raw: Any) -> Price:
    return Price(raw.market, raw.price, raw.price_decimals, raw.at, raw.change_bps)


def _token(raw: Any) -> Token:
    return Token(raw.mint, raw.symbol, raw.name, raw.decimals, raw.is_verified)
