//! What must be true of a decision that was recorded, whatever was asked for.

use puppet_types::{Decision, EventTarget, Image, Memory, NumberedDecision, PostRef, TimerRule};

/// Fails where it is not.
pub(super) fn hold(decided: &NumberedDecision) {
    let holds = match &decided.decision {
        Decision::Post { text, images } => is_text(text) && are_images(images),
        Decision::Thread { parts } => {
            puppet_tweet::PARTS.contains(&parts.len()) && parts.iter().all(|part| is_text(part))
        }
        Decision::Reply { to, text, images } => is_post(to, decided.n) && is_text(text) && are_images(images),
        Decision::Quote { of, text } => is_post(of, decided.n) && is_text(text),
        Decision::Like { of } | Decision::Delete { of } => is_post(of, decided.n),
        Decision::Remember { memory } => is_memory(memory),
        Decision::Supersede { id, memory } => is_own(id) && is_memory(memory),
        Decision::Forget { id } | Decision::Pin { id, .. } => is_own(id),
        Decision::ShiftMood { valence, arousal, dominance, cause } => {
            is_line(cause, 512) && [valence, arousal, dominance].iter().all(|number| number.abs() <= 1e6)
        }
        Decision::AdjustRelationship { target, change } => {
            let lines = [&change.interaction, &change.note];
            let numbers = [change.sentiment, change.familiarity, change.trust];
            is_line(target, 128)
                && lines.into_iter().flatten().all(|line| is_line(line, 1_024))
                && numbers.iter().all(|number| number.abs() <= 1e6)
        }
        Decision::SetTimer { name, rule, payload, .. } => {
            let soon = matches!(rule, TimerRule::Every { interval_ms } if *interval_ms < puppet_schedule::INTERVAL_MS);
            is_line(name, puppet_schedule::NAME_BYTES) && !soon && !puppet_types::is_too_deep(payload)
        }
        Decision::CancelTimer { name } => is_line(name, puppet_schedule::NAME_BYTES),
        Decision::PutState { data, .. } => data.clone().into_bytes().len() <= puppet_state::BLOB_BYTES,
        Decision::ClearState {} => true,
        Decision::Emit { event_kind, target, payload, delay_ms, .. } => {
            let named = match target {
                EventTarget::Agents(ids) => (1..=1_000).contains(&ids.len()),
                EventTarget::Me | EventTarget::All => true,
            };
            let kind = event_kind.strip_prefix("pack.").is_some_and(|rest| is_line(rest, 59));
            kind && named && payload.is_object() && *delay_ms <= 366 * 86_400_000
        }
        Decision::Swap { intent, .. } => {
            intent.in_mint != intent.out_mint
                && intent.amount > 0
                && intent.max_slippage_bps <= puppet_wallet::BPS
                && is_line(intent.reason.trim(), puppet_wallet::REASON_BYTES)
        }
    };
    assert!(holds, "{decided:?}");
}

fn is_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len())
}

fn is_text(text: &str) -> bool {
    let odd = |c: char| c.is_control() && !"\n\r\t".contains(c);
    !text.trim().is_empty() && puppet_tweet::weighted_length(text) <= puppet_tweet::MAX_WEIGHT && !text.contains(odd)
}

fn are_images(images: &[Image]) -> bool {
    let most = puppet_tweet::ALT_TEXT_CHARS;
    let one = |image: &Image| image.asset == "cat.png" && (1..=most).contains(&image.alt_text.chars().count());
    images.len() <= puppet_tweet::IMAGES && images.iter().all(one)
}

fn is_post(reference: &PostRef, n: u32) -> bool {
    match reference {
        PostRef::Id(id) => is_line(id.as_str(), 32) && id.as_str().bytes().all(|byte| byte.is_ascii_digit()),
        PostRef::Decision(earlier) => *earlier < n,
    }
}

/// Not one of the host's own lists.
fn is_own(id: &str) -> bool {
    is_line(id, 128) && !id.starts_with("post:") && !id.starts_with("tweet:")
}

fn is_memory(memory: &Memory) -> bool {
    let pair = |(key, value): &(String, String)| key.len() + value.len() <= puppet_memory::METADATA_BYTES;
    is_line(&memory.content, puppet_memory::CONTENT_BYTES)
        && is_own(&memory.id)
        && (0.0..=1.0).contains(&memory.importance)
        && (-1.0..=1.0).contains(&memory.valence)
        && memory.associations.len() <= puppet_memory::ASSOCIATIONS
        && memory.associations.iter().all(|id| is_line(id, 128))
        && memory.metadata.len() <= puppet_memory::METADATA_PAIRS
        && memory.metadata.iter().all(pair)
        && memory.author.as_ref().is_none_or(|author| is_line(author, 128))
}
