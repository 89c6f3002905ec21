//! Figures that were computed by hand, those that are not defined, and what holds of all.

use proptest::prelude::*;
use puppet_types::Timestamp;

use super::{Activity, Annualisation, Curve, Drawdown, Figure, Metrics, drawdowns, held};

const DAY: i64 = 86_400_000;

/// A day between any two.
fn days(count: usize) -> Vec<Timestamp> {
    (0..count).map(|n| Timestamp::from_millis(i64::try_from(n).unwrap() * DAY)).collect()
}

fn daily(risk_free: f64) -> Annualisation {
    Annualisation::of_bars(86_400, risk_free)
}

fn measured(values: &[f64], pnl: &[i64], risk_free: f64) -> Metrics {
    let times = days(values.len());
    let curve = Curve { times: &times, values };
    Metrics::of(curve, pnl, Activity::default(), curve, daily(risk_free))
}

fn of(value: f64) -> Figure {
    Figure::of(Some(value))
}

const NONE: Figure = Figure::NONE;

#[test]
fn ratios_are_those_that_were_computed_by_hand() {
    // Returns +10 %, -10 %, +20 %, -5 %: mean 0.0375, squares of the distances 0.0039063 + 0.0189063 + 0.0264063 +
    // 0.0076563 = 0.056875, deviation (n - 1) 0.1376893; downside sqrt((0.01 + 0.0025) / 4) = 0.0559017; P = 365.
    let metrics = measured(&[100.0, 110.0, 99.0, 118.8, 112.86], &[], 0.0);
    assert_eq!(metrics.total_return, of(0.1286));
    assert_eq!(metrics.volatility, of(2.630_55));
    assert_eq!(metrics.sharpe, of(5.203_285));
    assert_eq!(metrics.sortino, of(12.816_006));
    // 0.1 + 0.2 over 0.1 + 0.05.
    assert_eq!(metrics.omega, of(2.0));
    // (110 - 99) / 110, from day 1 to day 2, back at day 3.
    assert_eq!(metrics.max_drawdown, of(0.1));
    let at = |n: i64| Some(Timestamp::from_millis(n * DAY));
    assert_eq!(
        (metrics.max_drawdown_from, metrics.max_drawdown_to, metrics.max_drawdown_recovered),
        (at(1), at(2), at(3))
    );
    // 1.1286 to the power of 365 / 4, less one.
    let cagr = 1.1286_f64.powf(91.25) - 1.0;
    assert!((metrics.cagr.get().unwrap() - cagr).abs() < 1e-3, "{:?} {cagr}", metrics.cagr);
    assert!((metrics.calmar.get().unwrap() - cagr / 0.1).abs() < 1e-2);
}

#[test]
fn a_year_is_365_days_whatever_the_bar() {
    for (seconds, periods) in [(60, 525_600.0), (3_600, 8_760.0), (86_400, 365.0), (604_800, 31_536_000.0 / 604_800.0)]
    {
        assert_eq!(Annualisation::of_bars(seconds, 0.0).periods_per_year, periods);
    }
    let times: Vec<Timestamp> = [0, 365 * DAY].map(Timestamp::from_millis).into();
    let curve = Curve { times: &times, values: &[100.0, 121.0] };
    let metrics = Metrics::of(curve, &[], Activity::default(), curve, daily(0.0));
    assert_eq!((metrics.cagr, metrics.total_return), (of(0.21), of(0.21)));
}

#[test]
fn the_risk_free_rate_is_compounded_and_taken_from_every_period() {
    let per = Annualisation::of_bars(86_400, 0.05);
    assert!((1.0 + per.risk_free_per_period()).powf(365.0) - 1.05 < 1e-12);
    // Money that earns exactly that has no excess: Sharpe is about nothing, and no return is below.
    let values = [100.0, 110.0, 99.0, 118.8];
    let (with, without) = (measured(&values, &[], 0.05), measured(&values, &[], 0.0));
    assert!(with.sharpe.get() < without.sharpe.get() && with.sortino.get() < without.sortino.get());
    assert!(with.omega.get() < without.omega.get());
    assert_eq!(with.volatility, without.volatility);
}

#[test]
fn trades_are_counted_as_by_hand() {
    let metrics = measured(&[1.0, 1.0], &[50, 30, -20, 0, -10, -10, -40, 25], 0.0);
    // 105 won, 80 lost, 25 over eight trades; three of eight won.
    assert_eq!(metrics.profit_factor, of(1.3125));
    assert_eq!(metrics.expectancy, of(3.125));
    assert_eq!(metrics.win_rate, of(0.375));
    assert_eq!((metrics.trades, metrics.longest_win_streak, metrics.longest_loss_streak), (8, 2, 3));
}

#[test]
fn a_trade_that_came_to_nothing_ends_both_streaks() {
    let metrics = measured(&[1.0, 1.0], &[1, 1, 0, 1, -1, 0, -1], 0.0);
    assert_eq!((metrics.longest_win_streak, metrics.longest_loss_streak), (2, 1));
}

#[test]
fn activity_is_set_against_the_average_equity_and_all_bars() {
    let values = [100.0, 200.0, 300.0, 400.0];
    let times = days(4);
    let curve = Curve { times: &times, values: &values };
    let activity = Activity { traded: 1_000, fees: 7, bars_held: 3 };
    let metrics = Metrics::of(curve, &[], activity, curve, daily(0.0));
    assert_eq!((metrics.turnover, metrics.fees, metrics.exposure), (of(4.0), 7, of(0.75)));
}

#[test]
fn what_is_not_defined_is_none() {
    let empty = measured(&[], &[], 0.0);
    for figure in [empty.total_return, empty.max_drawdown, empty.exposure, empty.turnover, empty.win_rate] {
        assert_eq!(figure, NONE);
    }
    let one = measured(&[100.0], &[], 0.0);
    assert_eq!((one.total_return, one.max_drawdown, one.cagr, one.volatility), (of(0.0), of(0.0), NONE, NONE));
    let two = measured(&[100.0, 101.0], &[], 0.0);
    assert_eq!((two.volatility, two.sharpe, two.sortino, two.omega), (NONE, NONE, NONE, NONE));
    let flat = measured(&[100.0; 9], &[0, 0], 0.0);
    assert_eq!(
        (flat.total_return, flat.cagr, flat.volatility, flat.max_drawdown),
        (of(0.0), of(0.0), of(0.0), of(0.0))
    );
    assert_eq!((flat.sharpe, flat.sortino, flat.calmar, flat.omega), (NONE, NONE, NONE, NONE));
    assert_eq!((flat.profit_factor, flat.win_rate, flat.expectancy), (NONE, of(0.0), of(0.0)));
    assert_eq!((flat.max_drawdown_from, flat.max_drawdown_to, flat.max_drawdown_recovered), (None, None, None));
    let rising = measured(&[100.0, 101.0, 103.0, 104.0], &[5], 0.0);
    assert_eq!((rising.sortino, rising.calmar, rising.omega, rising.profit_factor), (NONE, NONE, NONE, NONE));
    assert!(rising.sharpe.get().unwrap() > 0.0);
    let steady = measured(&[1.0, 1.01, 1.01 * 1.01, 1.01 * 1.01 * 1.01], &[], 0.0);
    assert_eq!((steady.sharpe, steady.volatility), (NONE, of(0.0)), "what does not vary has no ratio to its varying");
}

#[test]
fn losing_all_is_a_figure_and_what_follows_is_nothing() {
    let ruined = measured(&[100.0, 50.0, 0.0, 0.0, 0.0], &[-50, -50], 0.0);
    assert_eq!((ruined.total_return, ruined.cagr, ruined.max_drawdown), (of(-1.0), of(-1.0), of(1.0)));
    assert_eq!((ruined.omega, ruined.profit_factor, ruined.win_rate), (of(0.0), of(0.0), of(0.0)));
    assert!(ruined.sharpe.get().unwrap() < 0.0 && ruined.sortino.get().unwrap() < 0.0);
    let nothing = measured(&[0.0, 0.0], &[], 0.0);
    assert_eq!((nothing.total_return, nothing.cagr, nothing.turnover), (NONE, NONE, NONE));
    let risen = measured(&[100.0, 0.0, 10.0, 20.0], &[], 0.0);
    assert_eq!((risen.sharpe, risen.total_return), (NONE, of(-0.8)), "no return leads from nothing to something");
}

#[test]
fn a_drawdown_is_from_the_last_sight_of_the_peak_to_the_first_of_its_deepest() {
    let values = [5.0, 8.0, 8.0, 4.0, 6.0, 4.0, 7.0, 8.0, 9.0, 5.0];
    let times = days(values.len());
    let at = |n: i64| Some(Timestamp::from_millis(n * DAY));
    let found = Drawdown::largest(Curve { times: &times, values: &values }).unwrap();
    assert_eq!(found, Drawdown { depth: 0.5, from: at(2), to: at(3), recovered: at(7) });
    assert_eq!(drawdowns(&values[..5]), [0.0, 0.0, 0.0, 0.5, 0.25]);
    let unfinished = Drawdown::largest(Curve { times: &times[..7], values: &values[..7] }).unwrap();
    assert_eq!((unfinished.to, unfinished.recovered), (at(3), None));
}

#[test]
fn holding_shares_the_money_out_and_waits_for_a_market_that_begins_later() {
    assert_eq!(held(&[&[10, 20, 30]]), [1.0, 2.0, 3.0]);
    assert_eq!(held(&[&[10, 20, 30], &[0, 5, 10]]), [1.0, 1.5, 2.5]);
    assert_eq!(held(&[]), [0.0; 0]);
}

#[test]
fn a_figure_is_written_with_six_decimals_and_without_exponent() {
    for (value, text) in [
        (0.0, "0"),
        (-0.000_000_1, "0"),
        (0.000_001, "0.000001"),
        (-0.000_004, "-0.000004"),
        (1.5, "1.5"),
        (100.0, "100"),
        (0.123_456_78, "0.123457"),
        (123_456_789_012.0, "123456789012"),
    ] {
        assert_eq!(of(value).text().as_deref(), Some(text));
        assert_eq!(serde_json::to_string(&of(value)).unwrap(), text);
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e16] {
        assert_eq!(serde_json::to_string(&of(bad)).unwrap(), "null");
    }
}

fn figures(metrics: &Metrics) -> Vec<Figure> {
    vec![
        metrics.total_return,
        metrics.cagr,
        metrics.volatility,
        metrics.sharpe,
        metrics.sortino,
        metrics.calmar,
        metrics.omega,
        metrics.max_drawdown,
        metrics.profit_factor,
        metrics.expectancy,
        metrics.win_rate,
        metrics.turnover,
        metrics.exposure,
        metrics.buy_and_hold.sharpe,
        metrics.buy_and_hold.cagr,
    ]
}

proptest! {
    #[test]
    fn no_figure_is_ever_undefined(
        equity in prop::collection::vec(prop_oneof![Just(0_u64), 0..10_u64, any::<u64>()], 0..40),
        pnl in prop::collection::vec(any::<i64>(), 0..40),
        risk_free in -0.5..2.0_f64,
        traded in any::<u128>(),
    ) {
        let values: Vec<f64> = equity.iter().map(|value| *value as f64).collect();
        let times = days(values.len());
        let curve = Curve { times: &times, values: &values };
        let activity = Activity { traded, fees: 1, bars_held: values.len() };
        let metrics = Metrics::of(curve, &pnl, activity, curve, daily(risk_free));
        for figure in figures(&metrics) {
            prop_assert!(figure.get().is_none_or(|value| value.is_finite()));
            if let Some(text) = figure.text() {
                prop_assert!(text.split_once('.').is_none_or(|(_, decimals)| decimals.len() <= 6), "{text}");
                prop_assert!(!text.contains('e') && !text.contains('N') && text != "-0");
            }
        }
        prop_assert!(metrics.max_drawdown.get().is_none_or(|depth| (0.0..=1.0).contains(&depth)));
        prop_assert!(serde_json::to_value(&metrics).is_ok());
    }

    #[test]
    fn the_unit_of_money_changes_no_ratio(
        equity in prop::collection::vec(1_000..10_000_000_u64, 2..60),
        power in -20..20_i32,
    ) {
        let values: Vec<f64> = equity.iter().map(|value| *value as f64).collect();
        // A power of two: floats scale without rounding.
        let scaled: Vec<f64> = values.iter().map(|value| value * 2_f64.powi(power)).collect();
        prop_assert_eq!(measured(&values, &[], 0.03), measured(&scaled, &[], 0.03));
    }

    #[test]
    fn a_curve_that_was_seen_in_part_has_no_deeper_drawdown(
        values in prop::collection::vec(0.0..1e6_f64, 1..60), cut in 1..60_usize,
    ) {
        let times = days(values.len());
        let cut = cut.min(values.len());
        let depth = |n: usize| Drawdown::largest(Curve { times: &times[..n], values: &values[..n] }).unwrap().depth;
        prop_assert!(depth(cut) <= depth(values.len()));
        let most = drawdowns(&values).into_iter().fold(0.0, f64::max);
        prop_assert_eq!(most, depth(values.len()));
    }
}
