//! What the exchange answers, against an answer of Jupiter's own, where that lies beside the project.

use std::path::Path;

use puppet_emulate_chain::{SOL, USDC};
use serde_json::Value;

use crate::there::There;

/// Of Jupiter's answers, and nothing that a swap needs.
const LEFT_OUT: [&str; 3] = ["contextSlot", "timeTaken", "swapUsdValue"];

/// Every field of the one is in the other, and of the same kind.
fn alike(recorded: &Value, ours: &Value, at: &str) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            let wanted =
                recorded.iter().filter(|(name, _)| !name.starts_with('_') && !LEFT_OUT.contains(&name.as_str()));
            for (name, value) in wanted {
                let ours = ours.get(name).unwrap_or_else(|| panic!("{at}.{name} is missing"));
                alike(value, ours, &format!("{at}.{name}"));
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => alike(&recorded[0], &ours[0], &format!("{at}[0]")),
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) => {}
        // Jupiter's is null too where there is no fee.
        (_, Value::Null) if at.ends_with(".platformFee") => {}
        _ => panic!("{at} is {ours}, recorded was {recorded}"),
    }
}

#[tokio::test]
async fn quotes_have_the_fields_that_jupiter_was_seen_to_answer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/jupiter/recorded");
    let Ok(text) = std::fs::read_to_string(folder.join("butters-quote_sol_usdc_v1.json")) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    let recorded: Value = serde_json::from_str(&text).unwrap();
    let there = There::start().await;
    alike(&recorded, &there.order(&SOL, &USDC, 1_000_000).await, "order");
    alike(&recorded, &there.built(&SOL, &USDC, 1_000_000).await, "build");
}
