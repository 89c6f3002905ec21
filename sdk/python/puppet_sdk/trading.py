"""Trading strategies: closed bars in, orders out. A strategy holds no money and reaches nobody; the host's risk engine
decides about every order. Whole numbers throughout (docs/trading/strategies.md says of what).

A plugin defines ``class Strategy(TradingStrategy)``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from componentize_py_types import Err


@dataclass
class Parameter:
    """A whole number that an operator may set."""

    name: str
    description: str
    unit: str
    default: int
    min: int
    max: int


@dataclass
class Description:
    """What a strategy is."""

    parameters: list[Parameter] = field(default_factory=list)
    warm_up: int = 0
    min_markets: int = 1
    max_markets: int = 1
    bar_seconds: int = 0


@dataclass
class Order:
    """An order. ``quantity`` is in the smallest unit of the base token."""

    client_id: str
    market: int
    side: str
    quantity: int
    kind: str = "market"
    price: Optional[int] = None
    trail_bps: Optional[int] = None
    reduce_only: bool = False
    time_in_force: str = "gtc"
    expires_at: Optional[int] = None
    max_slippage_bps: Optional[int] = None
    reason: str = ""


def buy(client_id: str, market: int, quantity: int, reason: str = "") -> Order:
    """A purchase at what is to be had."""
    return Order(client_id, market, "buy", quantity, reason=reason)


def sell(client_id: str, market: int, quantity: int, reason: str = "") -> Order:
    """A sale at what is to be had."""
    return Order(client_id, market, "sell", quantity, reason=reason)


class TradingStrategy:
    """Overridden as far as it is needed. ``setup``, ``batch``, ``fill`` and ``denial`` are as the contract has them
    (``wit/trading``); :func:`parameters` makes a dictionary of those of a setup.

    One object lives for a whole run. What it begins with belongs into ``init``, not into ``__init__``: that is called before
    every call of the host.
    """

    _one: Any = None

    def __new__(cls) -> TradingStrategy:
        # An object is made for every call; what decides has to stay.
        if cls.__dict__.get("_one") is None:
            cls._one = super().__new__(cls)
        one: TradingStrategy = cls._one
        return one

    def describe(self) -> Description:
        """What it is; called in an instance of its own."""
        return Description()

    def init(self, setup: Any) -> None:
        """A run begins, or goes on from ``setup.saved``. A ``ValueError`` ends it and is told to the operator."""

    def on_candles(self, batch: Any) -> list[Order]:
        """Bars closed."""
        raise NotImplementedError

    def on_fill(self, fill: Any) -> None:
        """An order, or a part of it, was carried out."""

    def on_denied(self, denial: Any) -> None:
        """An order was not admitted, or ended without being filled."""

    def save(self) -> bytes:
        """All that another instance needs to go on."""
        return b""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, wrap in (("describe", _describe), ("init", _init), ("on_candles", _on_candles)):
            own = cls.__dict__.get(name)
            if own is not None:
                setattr(cls, name, wrap(own))


def parameters(setup: Any) -> dict[str, int]:
    """The parameters of a setup, by name."""
    return dict(setup.parameters)


def is_buy(fill: Any) -> bool:
    """Whether a fill bought."""
    return str(fill.side.name) == "BUY"


def _describe(own: Any) -> Any:
    def describe(self: Any) -> Any:
        from wit_world.exports import strategy

        about = own(self)
        made = [strategy.Parameter(p.name, p.description, p.unit, p.default, p.min, p.max) for p in about.parameters]
        return strategy.Description(made, about.warm_up, about.min_markets, about.max_markets, about.bar_seconds)

    return describe


def _init(own: Any) -> Any:
    def init(self: Any, setup: Any) -> None:
        try:
            own(self, setup)
        except ValueError as error:
            raise Err(str(error)) from None

    return init


def _on_candles(own: Any) -> Any:
    def on_candles(self: Any, batch: Any) -> Any:
        # Where the generator of bindings puts the types of the contract's `trading` package.
        from wit_world.imports import puppet_trading_types as types

        return [
            types.Order(
                order.client_id,
                order.market,
                types.Side[order.side.upper()],
                order.kind,
                order.quantity,
                order.price,
                order.trail_bps,
                order.reduce_only,
                order.time_in_force,
                order.expires_at,
                order.max_slippage_bps,
                order.reason,
            )
            for order in own(self, batch)
        ]

    return on_candles
