//! What rules deny whatever comes: told at the start, before an operator wonders why nothing is traded. Only what the rules
//! alone decide; balances, prices and pauses come and go.

use puppet_types::trade::Market;

use crate::{Rule, Rules};

impl Rules {
    /// Which orders in these markets are denied for sure, by which rule, and the setting behind it: a sentence for each, none
    /// where nothing is closed. `unlisted`: why nobody tells what is trending; none where somebody does.
    pub fn closed(&self, markets: &[Market], unlisted: Option<&str>) -> Vec<String> {
        let denied = |what: &str, rule: Rule, why: &str| format!("{what} is denied by `{}`: {why}", rule.code());
        if !self.enabled {
            return vec![denied("every order", Rule::Disabled, "`enabled` is not true")];
        }
        if self.allow_mints.is_empty() {
            return vec![denied("every order", Rule::MintNotAllowed, "`allow_mints` is empty")];
        }
        let mut closed: Vec<String> = markets
            .iter()
            .filter_map(|market| self.closed_market(market, unlisted))
            .map(|(what, rule, why)| denied(&what, rule, &why))
            .collect();
        let mut caps = vec![(Rule::MaxOrderNotional, "max_order_notional", self.max_order_notional)];
        let (hour, day) = (self.max_hour_notional, self.max_day_notional);
        match hour {
            // An hour may be of as much as a day, and is asked first.
            None => caps.push((Rule::MaxHourNotional, "max_day_notional", day)),
            Some(_) => caps.extend([
                (Rule::MaxHourNotional, "max_hour_notional", hour),
                (Rule::MaxDayNotional, "max_day_notional", day),
            ]),
        }
        for (rule, key, most) in caps.into_iter().filter(|(_, _, most)| most.unwrap_or(0) == 0) {
            let is = if most.is_some() { "is 0" } else { "is not set" };
            closed.push(denied("every entry", rule, &format!("`{key}` {is}")));
        }
        closed
    }

    /// What is denied in one market by what the lists say of its tokens.
    fn closed_market(&self, market: &Market, unlisted: Option<&str>) -> Option<(String, Rule, String)> {
        let tokens = [&market.base, &market.quote];
        let order = format!("every order in {}", market.id);
        if let Some(token) = tokens.iter().find(|token| !self.allow_mints.contains(&token.mint)) {
            return Some((
                order,
                Rule::MintNotAllowed,
                format!("`allow_mints` has no {} ({})", token.symbol, token.mint),
            ));
        }
        if let Some(token) = tokens.iter().find(|token| self.deny_mints.contains(&token.mint)) {
            return Some((order, Rule::MintDenied, format!("`deny_mints` has {} ({})", token.symbol, token.mint)));
        }
        if self.is_always_tradable(&market.base.mint) {
            return None;
        }
        let why = match (self.consider_trending, unlisted) {
            (false, _) => "`consider_trending` is not true",
            (true, Some(why)) if self.require_trending => why,
            (true, _) => return None,
        };
        let why = format!("{} is not in `always_tradable`, and {why}", market.base.symbol);
        Some((format!("every entry in {}", market.id), Rule::NotTrending, why))
    }
}
