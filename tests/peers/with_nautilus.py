"""The rule in NautilusTrader: its BacktestEngine, its SMA, market orders, a cash account.

Its matching engine fills a market order that is sent in `on_bar` at once, at the close of that bar; there is no order
for the next open. Bars that open where the one before closed give the same fills; each is written with the time of the
next bar. The clock runs over `engine.run` only.
"""

import time
from decimal import Decimal

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

import bars as data
import rule

options = rule.arguments().parse_args()
RULE = rule.of(options)
BARS = data.read(options.data, options.bars)
STEP = BARS.time[1] - BARS.time[0]
VENUE = Venue("SIM")
PAIR = InstrumentId(Symbol("SOL/USDC"), VENUE)
KIND = BarType.from_str(f"{PAIR}-1-MINUTE-LAST-EXTERNAL")


class SmaCross(Strategy):
    def __init__(self):
        super().__init__(StrategyConfig())
        self.fast = SimpleMovingAverage(RULE.fast)
        self.slow = SimpleMovingAverage(RULE.slow)
        self.held = Decimal(0)
        self.crossing, self.seen, self.trades = rule.Crossing(), 0, []

    def on_start(self):
        self.instrument = self.cache.instrument(PAIR)
        self.register_indicator_for_bars(KIND, self.fast)
        self.register_indicator_for_bars(KIND, self.slow)
        self.subscribe_bars(KIND)

    def on_bar(self, bar):
        self.seen += 1
        if not self.slow.initialized:
            return
        crossed = self.crossing.at(rule.sign(self.fast.value, self.slow.value))
        if not crossed or self.seen <= RULE.warm_up:
            return
        if crossed > 0 and not self.held:
            cash = self.portfolio.account(VENUE).balance_free(USDC)
            money = int(cash.as_decimal() * rule.MONEY_UNIT)
            quantity = RULE.quantity(money, int(bar.close.as_decimal() * rule.PRICE_UNIT))
            self.send(OrderSide.BUY, Decimal(quantity) / rule.QUANTITY_UNIT)
        elif crossed < 0 and self.held:
            self.send(OrderSide.SELL, self.held)

    def send(self, side, quantity):
        self.submit_order(self.order_factory.market(PAIR, side, self.instrument.make_qty(quantity)))

    def on_order_filled(self, event):
        quantity = event.last_qty.as_decimal()
        self.held += quantity if event.is_buy else -quantity
        self.trades.append(
            rule.Trade(
                # Bars are stamped with their close, which is when the next one opens.
                event.ts_event // 10**9,
                "buy" if event.is_buy else "sell",
                int(quantity * rule.QUANTITY_UNIT),
                int(event.last_px.as_decimal() * rule.PRICE_UNIT),
                round(event.commission.as_decimal() * rule.MONEY_UNIT),
            )
        )


fee = Decimal(RULE.fee_bps) / 10_000
engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
engine.add_venue(
    venue=VENUE,
    oms_type=OmsType.NETTING,
    account_type=AccountType.CASH,
    starting_balances=[Money(RULE.cash, USDC)],
    bar_execution=True,
)
sol = Currency.from_str("SOL")
engine.add_instrument(
    CurrencyPair(
        instrument_id=PAIR,
        raw_symbol=PAIR.symbol,
        base_currency=sol,
        quote_currency=USDC,
        price_precision=6,
        size_precision=9,
        price_increment=Price.from_str("0.000001"),
        size_increment=Quantity.from_str("0.000000001"),
        ts_event=0,
        ts_init=0,
        maker_fee=fee,
        taker_fee=fee,
    )
)
frame = pd.DataFrame(
    {name: np.array(getattr(BARS, name), dtype=float) / rule.PRICE_UNIT for name in ("open", "high", "low", "close")}
    # It fills no more than a quarter of a bar's volume at each of its four prices; the others know no such bound.
    | {"volume": np.full(len(BARS.time), 1e9)},
    index=pd.to_datetime(np.array(BARS.time) + STEP, unit="s", utc=True),
)
engine.add_data(BarDataWrangler(KIND, engine.cache.instrument(PAIR)).process(frame))
strategy = SmaCross()
engine.add_strategy(strategy)
start = time.perf_counter()
engine.run()
took = time.perf_counter() - start
print(len(BARS.time), took)
rule.write(strategy.trades, options.trades)
