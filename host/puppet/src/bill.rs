//! What X charges, kept in the store as it is counted, and as `puppet budgets` shows it.

use std::{sync::Arc, time::Duration};

use puppet_engine::Host;
use puppet_store::{Billed, Change, StoreError};
use puppet_tweet::{
    X,
    caps::CapLine,
    plan::{day_of, month_began},
};
use puppet_types::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::rows::Rows;

/// So often it is written down: what was counted since then is lost with a host that is killed.
const PAUSE: Duration = Duration::from_secs(1);
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The first day that counts: of the month of the plan, or yesterday.
fn since(now: Timestamp, renews_on: i8) -> i64 {
    month_began(day_of(now), renews_on).min(day_of(now) - 1)
}

/// What was written down and still counts.
pub async fn kept(store: &Rows, now: Timestamp, renews_on: i8) -> Result<Vec<Billed>, StoreError> {
    store.billed(since(now, renews_on)).await
}

/// Writes it down until it is aborted.
pub fn start(host: &Arc<Host>, x: Option<&Arc<X>>) -> Option<JoinHandle<()>> {
    let (host, x) = (Arc::clone(host), Arc::clone(x?));
    Some(tokio::spawn(async move {
        let mut fails = false;
        loop {
            tokio::time::sleep(PAUSE).await;
            let failed = save(&host, &x).await.err();
            if let Some(error) = failed.as_ref().filter(|_| !fails) {
                tracing::warn!(%error, "what X charges is not written down: it is tried again");
            }
            fails = failed.is_some();
        }
    }))
}

/// Writes down what was counted.
pub async fn save(host: &Host, x: &X) -> Result<(), StoreError> {
    let billed = x.take_unsaved_bill();
    if billed.is_empty() {
        return Ok(());
    }
    let changes = billed.iter().cloned().map(Change::Billed).collect();
    host.apply(changes).await.map(drop).inspect_err(|_| x.bill_not_saved(&billed))
}

/// As it is shown: of everybody who did something, what today, yesterday and the month of the plan cost.
pub fn rows(billed: &[Billed], now: Timestamp, renews_on: i8) -> Vec<Value> {
    let today = day_of(now);
    let month = month_began(today, renews_on);
    let mut who: Vec<&str> = billed.iter().map(|billed| billed.account.as_str()).collect();
    who.sort_unstable();
    who.dedup();
    let mut rows = Vec::new();
    for account in who {
        for (period, from, to) in
            [("today", today, today), ("yesterday", today - 1, today - 1), ("month", month, today)]
        {
            let of = billed.iter().filter(|billed| billed.account == account && (from..=to).contains(&billed.day));
            let zero = (0_u64, 0_u64, 0_u64);
            let (posts, reads, usd_micros) = of.fold(zero, |(posts, reads, usd), day| {
                (posts.saturating_add(day.posts), reads.saturating_add(day.reads), usd.saturating_add(day.usd_micros))
            });
            rows.push(json!({
                "account": account, "period": period, "since": Timestamp::from_millis(from.saturating_mul(DAY_MS)),
                "posts": posts, "reads": reads, "usd_micros": usd_micros,
            }));
        }
    }
    rows
}

/// How the caps of the plan stand, as it is shown.
pub fn caps(lines: &[CapLine]) -> Vec<Value> {
    let row = |line: &CapLine| {
        let CapLine { cap, limit, used, reserved, resets_at } = *line;
        json!({
            "cap": cap.name(), "unit": cap.unit(), "limit": limit, "used": used, "reserved": reserved,
            "left": line.left(), "resets_at": resets_at, "state": line.state().name(),
        })
    };
    lines.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_yesterday_and_the_month_are_told_apart() {
        let now = Timestamp::parse("2026-11-01T10:00:00.000Z").unwrap();
        let day = |before: i64, account: &str, usd_micros| Billed {
            day: day_of(now) - before,
            account: account.to_owned(),
            posts: 1,
            reads: 2,
            usd_micros,
        };
        let billed = [day(2, "@ada", 100), day(1, "@ada", 20), day(0, "@ada", 3), day(0, "the app `a`", 7)];
        let told = |renews_on| -> Vec<(String, u64)> {
            let rows = rows(&billed, now, renews_on);
            let text =
                |row: &Value| format!("{} {}", row["account"].as_str().unwrap(), row["period"].as_str().unwrap());
            rows.iter().map(|row| (text(row), row["usd_micros"].as_u64().unwrap())).collect()
        };
        let app = [("the app `a` today", 7), ("the app `a` yesterday", 0), ("the app `a` month", 7)];
        let with_app = |of_ada: [(&str, u64); 3]| -> Vec<(String, u64)> {
            of_ada.into_iter().chain(app).map(|(name, usd)| (name.to_owned(), usd)).collect()
        };
        // The month began today, yesterday did not belong to it.
        assert_eq!(told(1), with_app([("@ada today", 3), ("@ada yesterday", 20), ("@ada month", 3)]));
        assert_eq!(told(20), with_app([("@ada today", 3), ("@ada yesterday", 20), ("@ada month", 123)]));
    }
}
