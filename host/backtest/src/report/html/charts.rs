//! What is drawn: equity beside having held, the way under water, prices with what was traded, and what was exposed.

use std::{collections::BTreeSet, fmt::Write as _};

use puppet_types::{Timestamp, trade::Side};

use super::{
    chart::{Frame, Unit},
    shown,
};
use crate::{
    MarketSeries, Outcome,
    report::{Report, below, equity, hold, times, words},
};

/// Markets whose prices are drawn.
const MOST_MARKETS: usize = 8;
/// Steps of the exposure.
const EXPOSURE_POINTS: usize = 280;
/// One mark of each side in so many pixels.
const MARK_WIDTH: f64 = 4.0;

pub(super) fn all(out: &mut String, report: &Report, outcome: &Outcome) {
    let times = times(outcome);
    if times.len() < 2 {
        out.push_str("<p class=\"note\">There are not enough bars to draw anything.</p>\n");
        return;
    }
    equity_chart(out, report, outcome, &times);
    under_water(out, report, outcome, &times);
    for (place, series) in outcome.markets.iter().enumerate().take(MOST_MARKETS) {
        price(out, outcome, place, series, &times);
    }
    if outcome.markets.len() > MOST_MARKETS {
        let _ = writeln!(
            out,
            "<p class=\"note\">Prices of {} more markets are not drawn.</p>",
            outcome.markets.len() - MOST_MARKETS
        );
    }
    exposure(out, report, outcome, &times);
}

fn unit_of(decimals: u8) -> f64 {
    libm::pow(10.0, f64::from(decimals))
}

fn equity_chart(out: &mut String, report: &Report, outcome: &Outcome, times: &[Timestamp]) {
    let unit = unit_of(outcome.quote.decimals);
    let values: Vec<f64> = equity(outcome).iter().map(|value| value / unit).collect();
    let start = values.first().copied().unwrap_or_default();
    let held: Vec<f64> = hold(outcome).iter().map(|value| value * start).collect();
    let frame = Frame::around(times, &[&values, &held], 320.0);
    let metrics = &report.metrics;
    out.push_str(
        "<figure>\n<figcaption><h2>Equity</h2><span class=\"key equity\">strategy</span>\
         <span class=\"key held\">bought and held</span><span class=\"key fall\">largest drawdown</span></figcaption>\n",
    );
    let told = format!(
        "The strategy came to {}, having bought and held to {}. In {}.",
        words::gain(metrics.total_return),
        words::gain(metrics.buy_and_hold.total_return),
        shown(&outcome.quote.symbol)
    );
    frame.open(out, "equity", "Equity beside having bought and held", &told);
    if let (Some(from), Some(last)) = (metrics.max_drawdown_from, times.last()) {
        frame.stretch(out, from, metrics.max_drawdown_recovered.unwrap_or(*last));
    }
    frame.level(out, start);
    frame.line(out, "held", times, &held);
    frame.line(out, "equity", times, &values);
    Frame::close(out);
    out.push_str("</figure>\n");
}

fn under_water(out: &mut String, report: &Report, outcome: &Outcome, times: &[Timestamp]) {
    let values: Vec<f64> = below(outcome).iter().map(|value| -value).collect();
    let lowest = values.iter().copied().fold(0.0, f64::min);
    let frame = Frame::between(times, (lowest * 1.08).min(-0.001), 0.0, 180.0, Unit::Percent);
    out.push_str("<figure>\n<figcaption><h2>Under water</h2><span class=\"key water\">below the highest so far</span></figcaption>\n");
    let told = format!("The deepest was {}.", words::percent(report.metrics.max_drawdown));
    frame.open(out, "water", "Drawdown under water", &told);
    frame.area(out, "water", times, &values, 0.0);
    frame.line(out, "water", times, &values);
    Frame::close(out);
    out.push_str("</figure>\n");
}

fn exposure(out: &mut String, report: &Report, outcome: &Outcome, times: &[Timestamp]) {
    let share =
        |point: &crate::EquityPoint| if point.equity > 0 { point.exposed as f64 / point.equity as f64 } else { 0.0 };
    // Many turns in one pixel are a smear: their mean says more.
    let part = outcome.equity.len().div_ceil(EXPOSURE_POINTS).max(1);
    let mean = |points: &[crate::EquityPoint]| points.iter().map(share).sum::<f64>() / points.len() as f64;
    let mut values: Vec<f64> = outcome.equity.chunks(part).map(mean).collect();
    let mut times: Vec<Timestamp> = times.iter().copied().step_by(part).collect();
    times.extend(outcome.equity.last().map(|point| point.at));
    values.extend(values.last().copied());
    let frame = Frame::between(&times, 0.0, 1.05, 150.0, Unit::Percent);
    out.push_str("<figure>\n<figcaption><h2>Exposure</h2><span class=\"key exposure\">share of equity in positions</span></figcaption>\n");
    let told = format!("Something was held at {} of all bars.", words::percent(report.metrics.exposure));
    frame.open(out, "exposure", "Exposure", &told);
    frame.area(out, "exposure", &times, &values, 0.0);
    frame.line(out, "exposure", &times, &values);
    Frame::close(out);
    out.push_str("</figure>\n");
}

fn price(out: &mut String, outcome: &Outcome, place: usize, series: &MarketSeries, times: &[Timestamp]) {
    let unit = unit_of(series.market.price_decimals);
    // Before its first bar a market has no price.
    let begin = series.closes.iter().position(|close| *close > 0).unwrap_or(series.closes.len());
    let values: Vec<f64> = series.closes.iter().skip(begin).map(|close| *close as f64 / unit).collect();
    let frame = Frame::around(times, &[&values], 300.0);
    let name = shown(&series.market.id);
    let _ = writeln!(
        out,
        "<figure>\n<figcaption><h2>{name}</h2><span class=\"key buy\">bought</span><span class=\"key sell\">sold</span></figcaption>"
    );
    let fills: Vec<_> =
        outcome.fills.iter().map(|record| &record.fill).filter(|fill| fill.market as usize == place).collect();
    let told = format!(
        "{} from the first bar to the last.",
        puppet_types::counted(words::count(fills.len() as u64), "fill", "fills")
    );
    frame.open(out, &format!("price-{place}"), &format!("Price of {name} and what was traded"), &told);
    frame.line(out, "price", times.get(begin..).unwrap_or(&[]), &values);
    let mut taken = BTreeSet::new();
    for fill in fills {
        let (x, y) = (frame.x(fill.at), frame.y(fill.price as f64 / unit));
        let cell = (x / MARK_WIDTH) as u32;
        if !taken.insert((cell, fill.side)) {
            continue;
        }
        let quantity = words::amount(i128::from(fill.quantity), series.market.base.decimals);
        let price = words::amount(i128::from(fill.price), series.market.price_decimals);
        // A triangle below the price points up, one above it down.
        let (class, did, shape) = match fill.side {
            Side::Buy => ("buy", "Bought", format!("M{x:.1} {:.1}l4.5 8h-9z", y + 3.0)),
            Side::Sell => ("sell", "Sold", format!("M{x:.1} {:.1}l4.5 -8h-9z", y - 3.0)),
        };
        let when = words::minute(fill.at);
        let _ = writeln!(
            out,
            "<path class=\"mark {class}\" d=\"{shape}\"><title>{did} {quantity} at {price}, {when}</title></path>"
        );
    }
    Frame::close(out);
    out.push_str("</figure>\n");
}
