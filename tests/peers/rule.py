"""The rule that every side of the comparison follows, and the plain loop that says what its trades are.

At the close of a bar: the fast mean rose above the slow one buys, fell below it sells all; equal ones are where they
were. The order fills at the open of the next bar. The first `warm_up` bars are seen and not answered. A buy is of what
`share_bps` of the cash is worth at the close, in the smallest unit of the base token; the rest pays the fee and the way
from close to open. This is what plugins/sma-cross does.
"""

import argparse
import csv
from dataclasses import dataclass

PRICE_UNIT = 10**6  # a price is an integer of millionths
QUANTITY_UNIT = 10**9  # a quantity, of the base token's smallest unit
MONEY_UNIT = 10**6  # money, of the quote token's smallest unit


@dataclass
class Rule:
    fast: int
    slow: int
    cash: int  # whole units of the quote token
    share_bps: int
    fee_bps: int
    warm_up: int

    def quantity(self, money: int, close: int) -> int:
        """What a buy is of, given money and the close, all in smallest units."""
        return money * self.share_bps // 10_000 * (QUANTITY_UNIT * PRICE_UNIT // MONEY_UNIT) // close


class Crossing:
    """Where the fast mean was, and whether it crossed."""

    def __init__(self):
        self.was = 0

    def at(self, side: int) -> int:
        """1 above and -1 below the slow one: the same where it crossed with this bar, else 0."""
        if side == 0:
            return 0
        before, self.was = self.was, side
        return side if before == -side else 0


@dataclass
class Trade:
    time: int  # seconds: when the bar opened at whose open it was filled
    side: str
    quantity: int
    price: int
    fee: int


def trades_of(bars, rule: Rule) -> list[Trade]:
    """The trades, in integers: sums instead of means, so that nothing is rounded."""
    closes, trades = bars.close, []
    money, held, order = rule.cash * MONEY_UNIT, 0, 0
    fast_sum, slow_sum, crossing = 0, 0, Crossing()
    for i, close in enumerate(closes):
        if order:
            price, quantity = bars.open[i], abs(order)
            value = quantity * price * MONEY_UNIT
            unit = QUANTITY_UNIT * PRICE_UNIT
            paid = -(-value // unit) if order > 0 else value // unit
            fee = -(-paid * rule.fee_bps // 10_000)
            if order < 0 or paid + fee <= money:
                money -= (paid if order > 0 else -paid) + fee
                held += order
                trades.append(Trade(bars.time[i], "buy" if order > 0 else "sell", quantity, price, fee))
            order = 0
        fast_sum += close - (closes[i - rule.fast] if i >= rule.fast else 0)
        slow_sum += close - (closes[i - rule.slow] if i >= rule.slow else 0)
        if i + 1 < rule.slow:
            continue
        difference = fast_sum * rule.slow - slow_sum * rule.fast
        crossed = crossing.at((difference > 0) - (difference < 0))
        if i < rule.warm_up:
            continue
        if crossed > 0 and held == 0:
            order = rule.quantity(money, close)
        elif crossed < 0 and held > 0:
            order = -held
    return trades


def arguments() -> argparse.ArgumentParser:
    """What run.py hands to each peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--trades", required=True)
    parser.add_argument("--bars", type=int, required=True, help="how many at most")
    for name in ("fast", "slow", "cash", "share-bps", "fee-bps", "warm-up"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser


def of(options) -> Rule:
    return Rule(options.fast, options.slow, options.cash, options.share_bps, options.fee_bps, options.warm_up)


def sign(fast: float, slow: float) -> int:
    """Which mean is above, for peers that have means as floats: closer than their rounding is neither."""
    if abs(fast - slow) <= 4e-13 * slow:
        return 0
    return 1 if fast > slow else -1


def write(trades: list[Trade], path: str) -> None:
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["time", "side", "quantity", "price", "fee"])
        out.writerows([t.time, t.side, t.quantity, t.price, t.fee] for t in trades)


def read(path: str) -> list[Trade]:
    with open(path, newline="") as file:
        return [
            Trade(int(r["time"]), r["side"], int(r["quantity"]), int(r["price"]), int(r["fee"]))
            for r in csv.DictReader(file)
        ]
