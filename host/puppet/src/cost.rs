//! What a day may cost, told before it does: at most by what is granted in dollars and by the caps of the plan of X, and what
//! hearing costs, by the prices of the configuration.

use std::collections::BTreeMap;

use puppet_grants::{Amount, BudgetLine, Owner, Period};
use puppet_tweet::{Listening, plan::Priced};
use puppet_types::{Capability, counted};

use crate::config::{Config, TweetProvider, usd};

/// Mentions that are reckoned with.
const MENTIONS: u64 = 100;
/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// In a line. None where models and posts are free: the offline model, and the local timeline. `accounts` are heard on X.
pub fn of_day(config: &Config, lines: &[BudgetLine], accounts: usize) -> Option<String> {
    let has_models = !config.llm.providers.is_empty();
    let is_on_x = config.tweet.provider == TweetProvider::X;
    let models = if has_models { granted(lines, Capability::Llm) } else { 0 };
    let posts = if is_on_x { granted(lines, Capability::Tweet) } else { 0 };
    let mut told = match (has_models, is_on_x) {
        (false, false) => return None,
        (true, false) => format!("by grants a day costs at most ${} for models", usd(models)),
        (false, true) => format!("by grants a day costs at most ${} on X", usd(posts)),
        (true, true) => {
            let all = models.saturating_add(posts);
            format!(
                "by grants a day costs at most ${}: ${} for models, ${} for what agents do on X",
                usd(all),
                usd(models),
                usd(posts)
            )
        }
    };
    if is_on_x {
        told.extend(hearing(config, accounts).map(|hearing| format!("; {hearing}")));
        told += &match config.tweet.x.plan.caps.usd_micros_per_day {
            Some(cap) => format!("; [tweet.x.plan] usd_per_day lets all of X cost at most ${}", usd(cap)),
            None => {
                "; what the host reads on X for itself is in no grant, and [tweet.x.plan] has no usd_per_day".to_owned()
            }
        };
    }
    Some(told)
}

/// What hearing costs where nobody says anything, and where somebody does.
fn hearing(config: &Config, accounts: usize) -> Option<String> {
    let x = &config.tweet.x;
    let (by, price) = (x.mentions.by.filter(|_| accounts > 0)?, |of| x.prices.0.price_of(of));
    let all = accounts as u64;
    // Nothing is charged for an answer that holds nothing.
    let asked = (DAY_MS / x.mentions.every.0.max(1)).saturating_mul(all);
    // What a stream tells is asked for once more, by the way.
    let may_stream = by != Listening::Poll && x.apps.values().any(|app| app.bearer.is_some());
    let each = price(Priced::OwnRead).saturating_add(if may_stream { price(Priced::PostRead) } else { 0 });
    let bound = (x.mentions.context_per_day as u64).saturating_mul(all);
    let context = (x.mentions.context as u64).saturating_mul(MENTIONS).min(bound);
    let cost = each.saturating_mul(MENTIONS).saturating_add(price(Priced::PostRead).saturating_mul(context));
    let start = price(Priced::UserRead).saturating_mul(all);
    Some(format!(
        "hearing {} asks {asked} times a day at most, which is free while nobody says anything (a start costs ${}), and {MENTIONS} mentions \
         cost at most ${}",
        counted(accounts, "account", "accounts"),
        usd(start),
        usd(cost)
    ))
}

/// The dollars of a day, in millionths, that agents may spend of a capability: what each may, and no more than all may.
fn granted(lines: &[BudgetLine], capability: Capability) -> u64 {
    let mut of_each: BTreeMap<&Owner, u64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.key.capability == capability && line.key.amount == Amount::Usd) {
        let a_day = match line.key.period {
            Period::Day => line.limit,
            Period::Hour => line.limit.saturating_mul(24),
            _ => continue,
        };
        let least = of_each.entry(&line.key.owner).or_insert(a_day);
        *least = a_day.min(*least);
    }
    let host = of_each.remove(&Owner::Host);
    let agents = of_each.iter().filter(|(owner, _)| matches!(owner, Owner::Agent { .. }));
    let sum = agents.fold(0_u64, |sum, (_, limit)| sum.saturating_add(*limit));
    host.map_or(sum, |host| host.min(sum))
}

#[cfg(test)]
mod tests {
    use puppet_grants::BudgetKey;

    use super::*;

    fn line(owner: Owner, capability: Capability, period: Period, limit: u64) -> BudgetLine {
        BudgetLine::at_once(BudgetKey { owner, capability, amount: Amount::Usd, period }, limit, 0)
    }

    fn agent(name: &str) -> Owner {
        Owner::Agent { agent: name.into(), pack: "p".into() }
    }

    fn config(text: &str) -> Config {
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("puppet.toml");
        std::fs::write(&file, text).unwrap();
        Config::of_process(Some(&file)).unwrap().0
    }

    #[test]
    fn each_counts_by_its_tightest_limit_and_all_by_that_of_the_host() {
        let tweet = Capability::Tweet;
        let mut lines = vec![
            line(agent("ada"), tweet, Period::Day, 5_000_000),
            line(agent("ada"), tweet, Period::Hour, 100_000),
            line(agent("bob"), tweet, Period::Day, 1_000_000),
            line(agent("bob"), Capability::Llm, Period::Day, 7),
            line(Owner::Account("ada".into()), tweet, Period::Day, 9_000_000),
        ];
        assert_eq!(granted(&lines, tweet), 2_400_000 + 1_000_000);
        lines.push(line(Owner::Host, tweet, Period::Day, 3_000_000));
        assert_eq!((granted(&lines, tweet), granted(&lines, Capability::Llm)), (3_000_000, 7));
    }

    #[test]
    fn what_is_free_is_not_told_and_what_is_not_is_told_by_its_prices() {
        let lines = [
            line(agent("ada"), Capability::Tweet, Period::Day, 2_000_000),
            line(agent("ada"), Capability::Llm, Period::Day, 500_000),
        ];
        assert_eq!(of_day(&config(""), &lines, 0), None);
        let x = "[tweet]\nprovider = \"x\"\n[tweet.x.accounts.ada]\ntoken_env = \"COST_TEST\"\n\
                 [tweet.x.mentions]\nevery = \"120s\"\n";
        let told = of_day(&config(x), &lines, 2).unwrap();
        for said in
            ["at most $2 on X", "hearing 2 accounts asks 1440 times", "a start costs $0.02", "has no usd_per_day"]
        {
            assert!(told.contains(said), "{told}");
        }
        // A hundred mentions, and three posts about each.
        assert!(told.contains("100 mentions cost at most $1.6;"), "{told}");
        let capped = format!(
            "{x}context_per_day = 10\n[tweet.x.plan]\nusd_per_day = \"1.5\"\n\
             [tweet.x.prices]\nown_read = \"0.002\"\n[llm.providers.home]\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n"
        );
        let told = of_day(&config(&capped), &lines, 2).unwrap();
        for said in ["at most $2.5: $0.5 for models, $2 for", "100 mentions cost at most $0.3;", "cost at most $1.5"] {
            assert!(told.contains(said), "{told}");
        }
    }
}
