"""The rule without a framework: a loop in Python, and the list that the others are compared with."""

import time

import bars as data
import rule

options = rule.arguments().parse_args()
bars = data.read(options.data, options.bars)
start = time.perf_counter()
trades = rule.trades_of(bars, rule.of(options))
print(len(bars.time), time.perf_counter() - start)
rule.write(trades, options.trades)
