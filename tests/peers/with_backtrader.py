"""The rule in backtrader, as its documentation writes a strategy: its own SMA, market orders, percentage commission.

The clock runs over indicators and strategy only: the bars were loaded before. Observers are off, which is faster.
"""

import datetime
import time

import backtrader as bt

import bars as data
import rule

options = rule.arguments().parse_args()
RULE = rule.of(options)
BARS = data.read(options.data, options.bars)


class Feed(bt.feed.DataBase):
    """Columns that are there already."""

    params = (("timeframe", bt.TimeFrame.Minutes), ("compression", 1))

    def start(self):
        super().start()
        self.at = 0

    def _load(self):
        i = self.at
        if i == len(BARS.time):
            return False
        moment = datetime.datetime.fromtimestamp(BARS.time[i], datetime.timezone.utc)
        self.lines.datetime[0] = bt.date2num(moment.replace(tzinfo=None))
        self.lines.open[0] = BARS.open[i] / rule.PRICE_UNIT
        self.lines.high[0] = BARS.high[i] / rule.PRICE_UNIT
        self.lines.low[0] = BARS.low[i] / rule.PRICE_UNIT
        self.lines.close[0] = BARS.close[i] / rule.PRICE_UNIT
        self.lines.volume[0] = BARS.volume[i]
        self.lines.openinterest[0] = 0
        self.at += 1
        return True


class SmaCross(bt.Strategy):
    def __init__(self):
        self.began = time.perf_counter()
        self.fast = bt.indicators.SimpleMovingAverage(self.data.close, period=RULE.fast)
        self.slow = bt.indicators.SimpleMovingAverage(self.data.close, period=RULE.slow)
        self.crossing, self.trades = rule.Crossing(), []

    def next(self):
        crossed = self.crossing.at(rule.sign(self.fast[0], self.slow[0]))
        if not crossed or len(self) <= RULE.warm_up:
            return
        if crossed > 0 and not self.position:
            money = int(self.broker.getcash() * rule.MONEY_UNIT)
            close = round(self.data.close[0] * rule.PRICE_UNIT)
            self.buy(size=RULE.quantity(money, close) / rule.QUANTITY_UNIT)
        elif crossed < 0 and self.position:
            self.close()

    def notify_order(self, order):
        if order.status == order.Completed:
            done = order.executed
            self.trades.append(
                rule.Trade(
                    BARS.time[len(self) - 1],
                    "buy" if order.isbuy() else "sell",
                    round(abs(done.size) * rule.QUANTITY_UNIT),
                    round(done.price * rule.PRICE_UNIT),
                    round(done.comm * rule.MONEY_UNIT),
                )
            )

    def stop(self):
        self.took = time.perf_counter() - self.began


cerebro = bt.Cerebro(stdstats=False)
cerebro.adddata(Feed())
cerebro.addstrategy(SmaCross)
cerebro.broker.setcash(RULE.cash)
cerebro.broker.setcommission(commission=RULE.fee_bps / 10_000)
[strategy] = cerebro.run()
print(len(BARS.time), strategy.took)
rule.write(strategy.trades, options.trades)
