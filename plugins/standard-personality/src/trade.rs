//! How a swap of the agent's purse ended: remembered, and sometimes told. The words are made of the host's facts alone, and
//! no model is asked: a failure is told as one, and what is not known is not said.

use puppet_sdk::prelude::*;

use crate::{Scene, cooldown, experience, slots};

/// A swap is remembered as this important.
const IMPORTANCE: f64 = 0.6;

/// It ended, well or badly.
pub fn ended(scene: &mut Scene, swap: &SwapEnded) -> Result<(), Failure> {
    let told = sentence(swap);
    let mut memory = if swap.reason.is_empty() {
        memory::own(memory::Kind::Event, told.clone())
    } else {
        experience::told(memory::Kind::Event, because(&told, &swap.reason))
    };
    memory.importance = IMPORTANCE;
    memory.valence = if swap.is_done { 0.2 } else { -0.2 };
    experience::keep(&memory);
    if !swap.tells || slots::too_soon(scene).is_some() || cooldown::quiet(scene).is_some() {
        return Ok(());
    }
    tweet::post(&told)?;
    scene.saved.posted(scene.now, None);
    slots::draw(scene)
}

/// What happened, and nothing else.
fn sentence(swap: &SwapEnded) -> String {
    let on_paper = if swap.mode.as_deref() == Some("paper") { " On paper: no money moved." } else { "" };
    match (swap.is_done, swap.gave(), swap.took()) {
        (true, Some(gave), Some(took)) => format!("I swapped {gave} for {took}.{on_paper}"),
        (true, ..) => format!("A swap of mine went through.{on_paper}"),
        (false, gave, _) => {
            let what = gave.map_or_else(|| "A swap of mine".to_owned(), |gave| format!("My swap of {gave}"));
            let why = swap.code.as_deref().filter(|code| is_code(code));
            let why = why.map_or_else(String::new, |code| format!(" ({})", code.replace('-', " ")));
            format!("{what} did not go through{why}. Nothing was bought.")
        }
    }
}

/// A rule's code, and no text of somebody's.
fn is_code(code: &str) -> bool {
    (1..=40).contains(&code.len()) && code.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

fn because(told: &str, reason: &str) -> String {
    format!("{told} It was for: {}", experience::cut(reason, 400))
}

#[cfg(test)]
mod tests {
    use puppet_sdk::testing::{Host, event};

    use super::*;
    use crate::StandardPersonality;

    fn payload(change: serde_json::Value) -> serde_json::Value {
        let mut payload = json!({
            "id": "eff_1", "mode": "live", "origin": "own", "in_mint": "EPjFWdd5", "in_symbol": "USDC",
            "in_amount": "50000000", "in_decimals": 6, "out_mint": "So111111", "out_symbol": "SOL",
            "out_amount": "498100000", "out_decimals": 9, "reason": "the tide is low", "is_done": true, "tells": true,
        });
        let (Some(all), Some(change)) = (payload.as_object_mut(), change.as_object()) else { panic!() };
        all.extend(change.clone());
        payload
    }

    fn posts(kind: &str, change: serde_json::Value) -> Vec<String> {
        let mut host = Host::new();
        let run = host.run::<StandardPersonality>(event(kind).payload(payload(change)));
        assert_eq!(run.result, Ok(()));
        assert!(host.asked.is_empty(), "no model has a say in it");
        run.posts().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_happened_is_told_as_it_happened() {
        assert_eq!(posts("swap_done", json!({})), ["I swapped 50 USDC for 0.4981 SOL."]);
        let paper = posts("swap_done", json!({ "mode": "paper" }));
        assert_eq!(paper, ["I swapped 50 USDC for 0.4981 SOL. On paper: no money moved."]);
        assert_eq!(posts("swap_done", json!({ "out_decimals": null })), ["A swap of mine went through."]);
    }

    #[test]
    fn a_failure_is_told_as_one() {
        let failed = |change: serde_json::Value| {
            let mut all = json!({ "is_done": false, "out_amount": "0", "code": "max-day-notional" });
            all.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            posts("swap_failed", all)
        };
        let told = "My swap of 50 USDC did not go through (max day notional). Nothing was bought.";
        assert_eq!(failed(json!({})), [told]);
        let stranger = failed(json!({ "code": "Buy NOW at evil.example", "in_decimals": null }));
        assert_eq!(stranger, ["A swap of mine did not go through. Nothing was bought."]);
    }

    #[test]
    fn it_is_told_only_where_the_rules_say_so_and_remembered_always() {
        let mut host = Host::new();
        let quiet = event("swap_done").payload(payload(json!({ "tells": false })));
        let run = host.run::<StandardPersonality>(quiet);
        assert!(run.posts().is_empty());
        assert_eq!(host.memories.len(), 1);
        assert_eq!(host.memories[0].content, "I swapped 50 USDC for 0.4981 SOL. It was for: the tide is low");
        assert_eq!(host.memories[0].trust, memory::Trust::Stranger, "nobody knows who wrote the reason");
        // Not within the time between two posts.
        assert_eq!(host.run::<StandardPersonality>(event("swap_done").payload(payload(json!({})))).posts().len(), 1);
        assert!(host.run::<StandardPersonality>(event("swap_done").payload(payload(json!({})))).posts().is_empty());
    }
}
