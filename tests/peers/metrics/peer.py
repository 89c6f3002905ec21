"""Figures of equity curves as empyrical computes them, to hold ours against (docs/trading/metrics.md).

Reads a JSON list of {equity, periods_per_year, risk_free} from standard input and writes a list of figures. What is no
number is null.
"""

import json
import math
import sys
import warnings

import empyrical
import pandas

# Ratios of what does not vary are asked for on purpose.
warnings.simplefilter("ignore")


def figures(case):
    returns = pandas.Series(case["equity"], dtype=float).pct_change().iloc[1:].fillna(0.0)
    per_year = case["periods_per_year"]
    free = (1 + case["risk_free"]) ** (1 / per_year) - 1
    found = {
        "total_return": empyrical.cum_returns_final(returns),
        "cagr": empyrical.annual_return(returns, annualization=per_year),
        "volatility": empyrical.annual_volatility(returns, annualization=per_year),
        "sharpe": empyrical.sharpe_ratio(returns, risk_free=free, annualization=per_year),
        "sortino": empyrical.sortino_ratio(returns, required_return=free, annualization=per_year),
        "calmar": empyrical.calmar_ratio(returns, annualization=per_year),
        "omega": empyrical.omega_ratio(returns, risk_free=free),
        # A fall is a negative number there.
        "max_drawdown": -empyrical.max_drawdown(returns),
    }
    return {name: float(value) if math.isfinite(value) else None for name, value in found.items()}


if __name__ == "__main__":
    json.dump([figures(case) for case in json.load(sys.stdin)], sys.stdout)
