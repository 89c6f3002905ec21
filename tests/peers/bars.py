"""Bars: `time,open,high,low,close,volume`, read into columns of integers, or made from a seed.

`time` is when the bar opened: seconds or milliseconds since 1970, or RFC 3339.
"""

import csv
import random
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from rule import PRICE_UNIT

START = 1_735_689_600  # 2025-01-01
MINUTE = 60


@dataclass
class Bars:
    time: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    low: list[int] = field(default_factory=list)
    close: list[int] = field(default_factory=list)
    volume: list[float] = field(default_factory=list)

    def jumps(self) -> int:
        """Bars that open elsewhere than the one before closed."""
        return sum(a != b for a, b in zip(self.open[1:], self.close))


def seconds(text: str) -> int:
    if text.isdigit():
        number = int(text)
        return number // 1000 if number >= 10**11 else number
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def price(text: str) -> int:
    value = Decimal(text) * PRICE_UNIT
    if value != int(value):
        raise SystemExit(f"{text}: more than six digits after the point")
    return int(value)


def read(path: str, limit: int | None = None) -> Bars:
    bars = Bars()
    with open(path, newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number == limit:
                break
            bars.time.append(seconds(row["time"]))
            bars.open.append(price(row["open"]))
            bars.high.append(price(row["high"]))
            bars.low.append(price(row["low"]))
            bars.close.append(price(row["close"]))
            bars.volume.append(float(row["volume"]))
    return bars


def make(path: str, count: int, seed: int) -> None:
    """A walk of one-minute bars, the same for the same seed. Each opens where the one before closed: a framework that
    fills at the close and one that fills at the next open then pay the same."""
    draw = random.Random(seed)
    last, text = 150 * PRICE_UNIT, lambda value: f"{value // PRICE_UNIT}.{value % PRICE_UNIT:06d}"
    with open(path, "w") as file:
        file.write("time,open,high,low,close,volume\n")
        for number in range(count):
            # Up to 0.1 %, and a pull back to where it began, so that a million bars end at a price.
            pull = (150 * PRICE_UNIT - last) // 50_000
            close = max(PRICE_UNIT, last + last * draw.randint(-1_000, 1_000) // 1_000_000 + pull)
            high = max(last, close) + draw.randint(0, 20_000)
            low = max(1, min(last, close) - draw.randint(0, 20_000))
            volume = draw.randint(1_000, 1_000_000)
            row = (str(START + number * MINUTE), *map(text, (last, high, low, close)), f"{volume / 1000:.3f}")
            file.write(",".join(row) + "\n")
            last = close
