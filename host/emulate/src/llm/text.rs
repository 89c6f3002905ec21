//! What the model writes: a text that follows from the seed and the conversation alone, and its tokens, counted as four
//! bytes each.

use puppet_types::ids::derive_u64;

const BEGINNINGS: [&str; 8] = [
    "The tide is early",
    "Nobody asked the gulls",
    "There is fog on the pier",
    "The kettle is on",
    "A ferry is late again",
    "The market opens quietly",
    "Somebody left the lamp on",
    "The ledger balances",
];
const MIDDLES: [&str; 8] = [
    "and the harbour knows it",
    "which is how mornings begin",
    "so the ropes stay tied",
    "and that is fine by me",
    "while the bells take their time",
    "as it did last week",
    "and no chart says why",
    "so we wait a little",
];
const ENDS: [&str; 8] = [
    "More at noon.",
    "Write it down.",
    "Ask me tomorrow.",
    "The rest is weather.",
    "Keep your coat on.",
    "Tell the others.",
    "It will pass.",
    "That is all for now.",
];

/// Bytes of one token.
const TOKEN_BYTES: usize = 4;

/// A number that follows from a conversation.
pub(super) fn number(seed: u64, purpose: &str, said: &[String]) -> u64 {
    let seed = seed.to_string();
    let parts: Vec<&str> = ["chat", purpose, &seed].into_iter().chain(said.iter().map(String::as_str)).collect();
    derive_u64(&parts)
}

/// A number in it keeps texts of different conversations apart.
pub(super) fn text(seed: u64, said: &[String]) -> String {
    let one_of = |purpose: &str, list: &[&'static str; 8]| list[(number(seed, purpose, said) % 8) as usize];
    let mark = number(seed, "mark", said) % 1_000_000;
    let (begin, middle, end) = (one_of("begin", &BEGINNINGS), one_of("middle", &MIDDLES), one_of("end", &ENDS));
    format!("{begin}, {middle}. Note {mark}. {end}")
}

/// So many tokens at most, and whether something is left out.
pub(super) fn cut(mut text: String, most: Option<usize>) -> (String, bool) {
    let bytes = most.unwrap_or(usize::MAX).saturating_mul(TOKEN_BYTES);
    if text.len() <= bytes {
        return (text, false);
    }
    text.truncate(text.floor_char_boundary(bytes));
    (text, true)
}

pub(super) fn tokens(bytes: usize) -> u64 {
    bytes.div_ceil(TOKEN_BYTES) as u64
}

/// A text as it is streamed: word by word.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    text.split_inclusive(' ').collect()
}
