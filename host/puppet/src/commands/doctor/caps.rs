//! `doctor`: caps of `[tweet.x.plan]` that are used up, with what stands still for that and until when.

use serde_json::Value;

use super::{Check, check};
use crate::{commands::budgets, config::usd, setup::Setup, trouble::Result};

/// One check for each; none where nothing is used up.
pub(super) async fn caps(setup: &Setup) -> Result<Vec<Check>> {
    Ok(spent(&budgets::answer(setup).await?["caps"]))
}

fn spent(caps: &Value) -> Vec<Check> {
    caps.as_array().into_iter().flatten().filter(|cap| cap["state"] == "spent").map(of_cap).collect()
}

fn of_cap(cap: &Value) -> Check {
    let text = |key: &str| cap[key].as_str().unwrap_or_default();
    let number = |key: &str| match cap[key].as_u64().unwrap_or_default() {
        micros if cap["unit"] == "usd_micros" => format!("${}", usd(micros)),
        number => number.to_string(),
    };
    let name = text("cap");
    let still = match name {
        "reads_per_month" => "nothing is heard or read on X",
        "posts_per_month" => "nothing is posted on X",
        _ => "nothing is heard, read or posted on X",
    };
    let (used, limit, until) = (number("used"), number("limit"), text("resets_at"));
    let detail = format!("[tweet.x.plan] {name} is used up, {used} of {limit}: {still} until {until}");
    check(
        "caps",
        "warn",
        detail,
        format!("a higher {name} in puppet.toml holds at once; `puppet budgets` shows all of them"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_used_up_is_told_with_what_stands_still_and_until_when() {
        let cap = |name: &str, unit: &str, used: u64, state: &str| {
            let resets_at = "2026-12-01T00:00:00.000Z";
            json!({ "cap": name, "unit": unit, "limit": 400_000, "used": used, "state": state, "resets_at": resets_at })
        };
        let told = |caps: Value| spent(&caps).into_iter().map(|check| (check.status, check.detail)).collect::<Vec<_>>();
        assert_eq!(told(Value::Null), []);
        let all = told(json!([
            cap("usd_per_day", "usd_micros", 400_000, "spent"),
            cap("posts_per_month", "count", 399_999, "near"),
            cap("reads_per_month", "count", 400_001, "spent"),
        ]));
        let of = |detail: &str| ("warn", detail.to_owned());
        let usd = "[tweet.x.plan] usd_per_day is used up, $0.4 of $0.4: nothing is heard, read or posted on X until \
                   2026-12-01T00:00:00.000Z";
        let reads = "[tweet.x.plan] reads_per_month is used up, 400001 of 400000: nothing is heard or read on X until \
                     2026-12-01T00:00:00.000Z";
        assert_eq!(all, [of(usd), of(reads)]);
    }
}
