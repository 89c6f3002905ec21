//! How a swap ended becomes an event of its agent: told at least once, and accepted once, since its id follows from the swap's.

use puppet_engine::swap_event;
use puppet_trade::SwapResult;
use puppet_types::{Event, Timestamp};
use puppet_wallet::Rules;

use super::purses;

/// Whom it is for, if it is for anybody. Recorded bars are of another time than the agent lives in: the event is of `now`.
pub fn event(result: &SwapResult, rules: &Rules, now: Timestamp) -> Option<Event> {
    let agent = result.agent.as_ref()?;
    Some(swap_event(agent, &purses::told(result, rules), now, 0))
}

#[cfg(test)]
mod tests {
    use puppet_trade::DeskMode;
    use puppet_types::{
        AgentId,
        trade::{Mint, Side},
    };
    use puppet_wallet::Origin;
    use serde_json::{Value, json};

    use super::*;

    fn result(agent: Option<&str>, is_done: bool) -> SwapResult {
        SwapResult {
            id: "main/7".to_owned(),
            purse: "main".to_owned(),
            mode: DeskMode::Live,
            origin: Origin::Strategy,
            agent: agent.map(|id| AgentId::parse(id).unwrap()),
            market: "SOL/USDC".to_owned(),
            side: Side::Buy,
            in_mint: Mint::parse(Mint::USDC).unwrap(),
            in_symbol: "USDC".to_owned(),
            in_amount: 12_500_000,
            in_decimals: 6,
            out_mint: Mint::parse(Mint::SOL).unwrap(),
            out_symbol: "SOL".to_owned(),
            out_amount: if is_done { 83_333_333 } else { 0 },
            out_decimals: 9,
            price: if is_done { 150_000_000_000 } else { 0 },
            price_decimals: 9,
            signature: is_done.then(|| "sig".to_owned()),
            at: Timestamp::from_millis(5),
            reason: "it fell".to_owned(),
            is_done,
            code: if is_done { String::new() } else { "expired".to_owned() },
            detail: if is_done { String::new() } else { "too late".to_owned() },
            retry_at: None,
        }
    }

    #[test]
    fn a_swap_is_one_event_of_its_agent_however_often_it_is_told() {
        let now = Timestamp::from_millis(9);
        let [one, again] = [now, now.plus_millis(60_000)]
            .map(|now| event(&result(Some("luna"), true), &Rules::default(), now).unwrap());
        assert_eq!(one.id, again.id);
        assert_eq!((one.kind.as_str(), one.source.as_str(), one.agent.as_str()), ("swap_done", "host", "luna"));
        assert_eq!((one.at, &one.payload["at"]), (now, &json!(Timestamp::from_millis(5))));
        assert_eq!(
            (&one.payload["in_amount"], &one.payload["price"], &one.payload["code"]),
            (&json!("12500000"), &json!("150000000000"), &Value::Null)
        );
        let failed = event(&result(Some("luna"), false), &Rules::default(), now).unwrap();
        assert_eq!((failed.kind.as_str(), &failed.payload["price"]), ("swap_failed", &Value::Null));
        assert_eq!((&failed.payload["code"], &failed.payload["signature"]), (&json!("expired"), &Value::Null));
        assert_eq!(event(&result(None, true), &Rules::default(), now), None, "nobody is told");
    }
}
