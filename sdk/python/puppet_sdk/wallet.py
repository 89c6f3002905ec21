"""The agent's purse: what is in it, and swaps. A swap is a decision; how it ended arrives as ``swap_done`` or
``swap_failed``. There is no way to send anything to anybody.

Amounts are whole numbers, in the smallest unit of their token.
"""

from __future__ import annotations

from dataclasses import dataclass

from puppet_sdk.errors import CallError, answer
from wit_world.imports import wallet as _wit


@dataclass(frozen=True)
class Balance:
    """So much of a token is there."""

    mint: str
    symbol: str
    amount: int
    decimals: int


@dataclass(frozen=True)
class SwapQuote:
    """What a swap would give now. ``fee_lamports`` is the network's."""

    in_mint: str
    out_mint: str
    in_amount: int
    out_amount: int
    price_impact_bps: int
    fee_lamports: int
    at: int


@dataclass(frozen=True)
class SwapIntent:
    """A swap that is wanted. ``amount`` is in the smallest unit of ``in_mint``; ``reason`` is for people."""

    in_mint: str
    out_mint: str
    amount: int
    max_slippage_bps: int
    reason: str


def balances() -> list[Balance]:
    """What is there."""
    return [Balance(held.mint, held.symbol, held.amount, held.decimals) for held in answer(_wit.balances)]


def quote(in_mint: str, out_mint: str, amount: int) -> SwapQuote:
    """What a swap would give now."""
    raw = answer(_wit.quote, in_mint, out_mint, _whole("amount", amount, 64))
    return SwapQuote(
        raw.in_mint, raw.out_mint, raw.in_amount, raw.out_amount, raw.price_impact_bps, raw.fee_lamports, raw.at
    )


def swap(intent: SwapIntent) -> int:
    """A decision. Where the risk engine says no, the error is ``denied``, and its message begins with the rule's code.
    Answers the decision's number."""
    amount = _whole("amount", intent.amount, 64)
    slippage = _whole("max_slippage_bps", intent.max_slippage_bps, 32)
    wanted = _wit.SwapIntent(intent.in_mint, intent.out_mint, amount, slippage, intent.reason)
    return int(answer(_wit.swap, wanted))


def _whole(name: str, value: int, bits: int) -> int:
    """A number that the contract has room for. A float would be cut, or end the call without a word of where."""
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise CallError("invalid-input", f"{name} is {value}: a whole number from 0 up to {(1 << bits) - 1}")
    return value
