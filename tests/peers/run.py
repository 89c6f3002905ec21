"""Runs the same SMA cross over the same bars in each peer, and says how fast each was and whether the trades agree.

The peers live in an environment of their own below target/tools/peers; only this file needs nothing but Python.
"""

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
WORK = HERE.parent.parent / "target" / "tools" / "peers"
ROOT = HERE.parent.parent
PEERS = {"plain": "plain.py", "backtrader": "with_backtrader.py", "nautilus": "with_nautilus.py"}
# What our benchmark trades by; with other values it is left out.
OURS = {"fast": 10, "slow": 30, "cash": 10_000_000, "share_bps": 9_500, "fee_bps": 1, "warm_up": 500}
# One thread each, whatever numpy was built with.
ALONE = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=1_000_000, help="how many bars are made, or read at most")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--data", type=Path, help="a CSV of your own (time,open,high,low,close,volume)")
    parser.add_argument("--peer", action="append", choices=list(PEERS), help="only this one; may be repeated")
    parser.add_argument("--fast", type=int, default=10)
    parser.add_argument("--slow", type=int, default=30)
    parser.add_argument("--cash", type=int, default=10_000_000)
    parser.add_argument("--share-bps", type=int, default=9_500, help="how much of the cash a buy is of")
    parser.add_argument("--warm-up", type=int, default=500, help="bars that are seen and not answered")
    parser.add_argument("--fee-bps", type=int, default=1)
    parser.add_argument("--only-data", action="store_true", help="make the CSV, say where it is, and end")
    return parser.parse_args()


def environment() -> Path:
    """The interpreter that has the peers; made anew when the requirements changed."""
    home, wanted = WORK / "venv", (HERE / "requirements.txt").read_text()
    python, stamp = home / "bin" / "python", home / "installed"
    if not (stamp.is_file() and stamp.read_text() == wanted):
        print("installing the peers (once) …", file=sys.stderr)
        venv.create(home, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*pip, "-r", str(HERE / "requirements.txt")]).returncode != 0:
            sys.exit("the peers could not be installed (see above): nothing was measured")
        stamp.write_text(wanted)
    return python


def bars_file(chosen) -> Path:
    """The bars, made if they are not there yet."""
    sys.path.insert(0, str(HERE))
    import bars

    if chosen.data is None:
        path = WORK / f"bars-{chosen.seed}-{chosen.bars}.csv"
        if not path.exists():
            half = path.with_suffix(".half")
            bars.make(str(half), chosen.bars, chosen.seed)
            half.rename(path)
        return path
    read = bars.read(str(chosen.data), chosen.bars)
    if jumps := read.jumps():
        print(f"{jumps} bars open elsewhere than the one before closed: nautilus fills at that close, the others at"
              " the open, so its prices differ there", file=sys.stderr)
    return chosen.data


def tell(peer: str, rate: float, trades: dict, path: Path) -> None:
    same = agreement(trades[peer], trades["plain"])
    print(f"{peer:<12}{rate:>14,.0f} bars/s   {len(trades[peer]):>6} trades, {same}   {path}", flush=True)


def agreement(peer: list, plain: list) -> str:
    """Time, side and price must be equal; quantity within a millionth, since peers keep money in floats or round fees
    to other digits."""
    for number, (a, b) in enumerate(zip(peer, plain)):
        close = abs(a.quantity - b.quantity) * 1_000_000 <= b.quantity
        if (a.time, a.side, a.price) != (b.time, b.side, b.price) or not close:
            return f"differ first at trade {number}: {a} instead of {b}"
    if len(peer) != len(plain):
        return f"differ in number: {len(peer)} instead of {len(plain)}"
    return "the same"


def ours(data: Path) -> tuple[float, Path]:
    """Bars per second of the strategy in the sandbox with the risk engine on, by `cargo bench`, and its trades."""
    build = "build --quiet --locked --profile guest --target wasm32-wasip2 -p sma-cross --target-dir target/plugins"
    subprocess.run(["cargo", *build.split()], cwd=ROOT, check=True)
    bench = ["cargo", "bench", "--quiet", "--locked", "-p", "puppet-backtest", "--", str(data.resolve())]
    # A limit that is missed is for the benchmark to tell: here its figure is wanted.
    done = subprocess.run(bench, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    row = next((line for line in done.stdout.splitlines() if line.startswith("sandbox, risk on")), None)
    if row is None:
        sys.exit(f"the benchmark told no figure:\n{done.stdout}")
    return float(row.removeprefix("sandbox, risk on").split()[0]), data.resolve().with_name("trades-puppet.csv")


def main() -> int:
    chosen = options()
    if sys.version_info < (3, 11):
        sys.exit(f"tests/peers wants Python 3.11 or newer, this is {sys.version.split()[0]}")
    if chosen.bars <= chosen.slow or not 0 < chosen.fast < chosen.slow:
        sys.exit("wanted: 0 < --fast < --slow < --bars")
    WORK.mkdir(parents=True, exist_ok=True)
    data = bars_file(chosen)
    if chosen.only_data:
        print(data)
        return 0
    import rule

    python, trades, rates = environment(), {}, {}
    for peer in ["plain", *[name for name in chosen.peer or PEERS if name != "plain"]]:
        path = WORK / f"trades-{peer}.csv"
        values = {name: getattr(chosen, name) for name in ("bars", "fast", "slow", "cash", "share_bps", "fee_bps", "warm_up")}
        given = [part for name, value in values.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        command = [str(python), "-B", str(HERE / PEERS[peer]), "--data", str(data), "--trades", str(path), *given]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | ALONE)
        if done.returncode != 0:
            print(f"{peer}: failed\n{done.stderr}", file=sys.stderr)
            return 1
        count, took = done.stdout.split()[-2:]
        trades[peer], rates[peer] = rule.read(str(path)), int(count) / float(took)
        tell(peer, rates[peer], trades, path)
    if any(getattr(chosen, name) != value for name, value in OURS.items()):
        print("puppet      left out: the benchmark trades by the values that are given by default", file=sys.stderr)
    else:
        rates["puppet"], path = ours(data)
        trades["puppet"] = rule.read(str(path))
        tell("puppet", rates["puppet"], trades, path)
        print("puppet is faster than " + ", ".join(
            f"{peer} {rates['puppet'] / rate:.0f} times" for peer, rate in rates.items() if peer != "puppet"))
    return 0 if all(agreement(list_, trades["plain"]) == "the same" for list_ in trades.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
