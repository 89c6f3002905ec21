"""Looks at prices and at its purse, keeps what it saw, and swaps."""

from dataclasses import astuple

from puppet_sdk import CallError, Event, Personality, agent, log, market, state, wallet

MARKET = "SOL/USDC"


class Handler(Personality):
    def handle(self, event: Event) -> None:
        if event.kind == "purse.look":
            look()
        elif event.kind == "purse.swap":
            swap()


def look() -> None:
    """Everything that the two tell, as it is told."""
    bars = market.candles(MARKET, 60, 2)
    now = market.quote(MARKET)
    trends = market.trending(2)
    sol = market.token_info("SOL")
    purse = wallet.balances()
    given = wallet.quote(purse[0].mint, purse[1].mint, 5)
    state.save(
        1,
        {
            "bars": [astuple(bar) for bar in bars],
            "given": astuple(given),
            "now": astuple(now),
            "purse": [astuple(held) for held in purse],
            "sol": astuple(sol),
            "trends": [astuple(trend) for trend in trends],
        },
    )


def swap() -> None:
    purse = wallet.balances()
    amount = agent.settings().get("amount", 5)
    try:
        number = wallet.swap(wallet.SwapIntent(purse[0].mint, purse[1].mint, amount, 50, "the tide is low"))
        log.info(f"swap {number}")
    except CallError as error:
        if not error.is_("denied"):
            raise
        log.info("no swap")
