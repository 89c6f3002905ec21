//! `market`: candles are looked at, listed, or made up.

use std::io::Write as _;

use puppet_market::{Markets, Quality, ReadOptions, Synthetic, write_csv};
use puppet_store::{CandleSeries, TradeStore};
use puppet_types::{Timestamp, counted};
use serde::Serialize;
use serde_json::json;

use crate::{
    cli::{MarketCheck, MarketCommand, MarketSynth},
    output::{List, Output, Table},
    rows::Rows,
    setup::Setup,
    trading::candles::{Reading, moment_of, of_data},
    trouble::{Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, command: &MarketCommand, out: Output) -> Result<()> {
    match command {
        MarketCommand::List => list(setup, out).await,
        MarketCommand::Check(args) => check(args, out),
        MarketCommand::Synth(args) => synth(args, out),
    }
}

#[derive(Serialize)]
struct Row {
    market: String,
    bar_seconds: u32,
    bars: u64,
    /// When the first one opened.
    from: Timestamp,
    /// When the last one closed.
    to: Timestamp,
}

async fn list(setup: &Setup, out: Output) -> Result<()> {
    let mut items = Vec::new();
    if let Some(rows) = Rows::look(setup).await? {
        let store: &dyn TradeStore = &*rows;
        for CandleSeries { market, bar_seconds, bars, from, to } in store.candle_series().await? {
            let from = Timestamp::from_millis(from.as_millis() - i64::from(bar_seconds) * 1_000);
            items.push(Row { market, bar_seconds, bars, from, to });
        }
    }
    if out.json {
        return out.object(&List { schema: "puppet.market-list/1", items, next: None });
    }
    if items.is_empty() {
        out.note("no candles are kept yet: a desk on prices of now keeps those of its markets");
        return Ok(());
    }
    let mut table = Table::new(&["market", "bar", "bars", "from", "to"]);
    for Row { market, bar_seconds, bars, from, to } in items {
        table.row([market, format!("{bar_seconds} s"), bars.to_string(), from.to_string(), to.to_string()]);
    }
    table.print(out)
}

fn check(args: &MarketCheck, out: Output) -> Result<()> {
    let reading =
        Reading { markets: args.markets.as_deref(), stamp: args.stamp, tz: &args.tz, max_bad_rows: args.max_bad_rows };
    let options = ReadOptions { market: args.market.clone(), ..reading.options()? };
    let sets = puppet_market::read(&args.data, &options, &reading.known()?).map_err(of_data)?;
    let items: Vec<&Quality> = sets.iter().map(|set| &set.quality).collect();
    if out.json {
        return out.object_of("puppet.market-check/1", &json!({ "items": items, "next": null }));
    }
    items.iter().flat_map(|quality| quality.sentences()).try_for_each(|sentence| out.line(sentence))
}

fn synth(args: &MarketSynth, out: Output) -> Result<()> {
    if args.out.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("csv")) {
        let message =
            format!("`{}` does not end in `.csv`, and made-up candles are written as CSV", args.out.display());
        return Err(Trouble::input("bad-value", message, "name a file like SOL-USDC.csv").of_field("--out"));
    }
    let markets = Markets::built_in();
    let name = args.out.file_stem().unwrap_or_default().to_string_lossy().replace(['-', '_'], "/").to_uppercase();
    let market = markets.get(&name).ok_or_else(|| {
        let known: Vec<String> = markets.all().map(|market| market.id.replace('/', "-")).collect();
        let remedy = format!("name the file after one that the program knows: {}", known.join(", "));
        Trouble::input("bad-value", format!("`{name}` is no market"), remedy).of_field("--out")
    })?;
    let synthetic = Synthetic {
        from: moment_of("--from", &args.from)?,
        price_decimals: market.price_decimals,
        missing_per_million: args.missing_per_million,
        ..Synthetic::minutes(args.seed, args.bars)
    };
    let candles = synthetic.candles().map_err(Trouble::internal)?;
    let unwritable = |error: std::io::Error| {
        Trouble::unreachable("cannot-write", format!("cannot be written: {error}"), "name another file with --out")
            .in_file(&args.out)
    };
    let file = std::fs::File::create_new(&args.out).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Trouble::input("file-exists", "is there already", "name another file with --out, or remove it")
                .in_file(&args.out)
        }
        _ => unwritable(error),
    })?;
    let mut to = std::io::BufWriter::new(file);
    write_csv(&candles, market, &mut to).and_then(|()| to.flush()).map_err(unwritable)?;
    if out.json {
        let made = json!({
            "market": market.id, "bars": candles.bars().len(), "bar_seconds": candles.bar_seconds(),
            "from": candles.from(), "to": candles.to(), "seed": args.seed,
        });
        return out.object_of("puppet.market-synth/1", &made);
    }
    let bars = counted(candles.bars().len() as u64, "bar", "bars");
    out.line(format!("{} {}: {bars} of {}, made up", out.good("wrote"), args.out.display(), market.id))
}
