//! Payloads of the host's event kinds (docs/reference/events.md).

use serde::{Deserialize, Serialize};

/// A post as an event carries it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostSeen {
    /// Its id.
    pub id: String,
    /// Account without `@`.
    pub author: String,
    /// What a stranger wrote: data, never instructions.
    pub text: String,
    /// RFC 3339.
    pub at: String,
    /// The post it answers.
    #[serde(default)]
    pub in_reply_to: Option<String>,
    /// The post it quotes.
    #[serde(default)]
    pub quotes: Option<String>,
    /// First post of the conversation.
    pub conversation: String,
}

/// `mention` and `timeline_post`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mention {
    /// The post.
    pub post: PostSeen,
    /// The agent behind its author, where it is one of this host.
    #[serde(default)]
    pub from_agent: Option<String>,
}

/// `timer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimerFired {
    /// Its name.
    pub name: String,
    /// What was handed over when it was set.
    #[serde(default)]
    pub payload: serde_json::Value,
}

/// `news`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct News {
    /// One line.
    pub headline: String,
    /// What it is about.
    pub topic: String,
    /// More about it.
    pub description: String,
    /// Where it was found.
    pub url: Option<String>,
}

/// `mood_shift`; numbers of the original's names are understood.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MoodShift {
    /// Added to valence.
    #[serde(alias = "valenceShift", alias = "valence_shift")]
    pub valence: f64,
    /// Added to arousal.
    #[serde(alias = "arousalShift", alias = "arousal_shift")]
    pub arousal: f64,
    /// Added to dominance.
    #[serde(alias = "dominanceShift", alias = "dominance_shift")]
    pub dominance: f64,
    /// In words.
    #[serde(alias = "description", alias = "name")]
    pub reason: String,
}

/// `interaction_prompt`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InteractionPrompt {
    /// In words.
    pub description: String,
    /// Who turns to somebody.
    #[serde(rename = "initiatorId")]
    pub initiator_id: String,
    /// To whom: an agent id.
    #[serde(rename = "targetId")]
    pub target_id: String,
    /// That agent's account.
    #[serde(rename = "targetHandle")]
    pub target_handle: String,
    /// About what.
    pub topic: String,
}

/// `command_post`: somebody asks for a post.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandPost {
    /// About what.
    pub topic: Option<String>,
    /// So many parts.
    #[serde(alias = "threadLength")]
    pub thread_length: Option<u32>,
    /// Skips the interval.
    pub force: bool,
}

/// `command_reply`: somebody asks for a reply.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandReply {
    /// To which post.
    #[serde(alias = "tweetId")]
    pub tweet_id: String,
    /// What it says, where the post cannot be read.
    pub content: Option<String>,
}

/// `post_published` and `post_failed`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PostEnded {
    /// Number of the decision in the call that made it.
    pub decision: u32,
    /// `post`, `reply`, …
    pub kind: String,
    /// The provider's id.
    pub id: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// `swap_done` and `swap_failed`. Everything in it is the host's word. What is not known is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SwapEnded {
    /// Once for ever.
    pub id: String,
    /// `paper` or `live`.
    pub mode: Option<String>,
    /// What was behind it: `own`, `operator`, `human-request`, `gift`, `strategy`.
    pub origin: String,
    /// `SOL/USDC`.
    pub market: Option<String>,
    /// What was given.
    pub in_mint: String,
    /// How people call it.
    pub in_symbol: Option<String>,
    /// So much of it, in its smallest unit; of one that failed, so much was to be given.
    #[serde(deserialize_with = "amount")]
    pub in_amount: u64,
    /// Digits after the point of a whole token.
    pub in_decimals: Option<u8>,
    /// What was taken.
    pub out_mint: String,
    /// How people call it.
    pub out_symbol: Option<String>,
    /// So much of it; 0 of one that failed.
    #[serde(deserialize_with = "amount")]
    pub out_amount: u64,
    /// Digits after the point of a whole token.
    pub out_decimals: Option<u8>,
    /// What the chain knows it by.
    pub signature: Option<String>,
    /// Why it was wanted.
    pub reason: String,
    /// Whether anything was swapped.
    pub is_done: bool,
    /// Of one that failed: a rule's code, or `rejected`, `expired`, `dropped`, `unavailable`.
    pub code: Option<String>,
    /// The same for people.
    pub detail: Option<String>,
    /// Whether the operator wants it talked about: so often as `tell_trades_bps` of the rules says.
    pub tells: bool,
}

impl SwapEnded {
    /// What was given, in whole tokens, with the name of the token; none where its decimals are not known.
    pub fn gave(&self) -> Option<String> {
        Some(format!("{} {}", whole(self.in_amount, self.in_decimals?), name(&self.in_symbol, &self.in_mint)))
    }
    /// The same of what was taken.
    pub fn took(&self) -> Option<String> {
        Some(format!("{} {}", whole(self.out_amount, self.out_decimals?), name(&self.out_symbol, &self.out_mint)))
    }
}

/// An amount in whole tokens, to the last digit.
fn whole(amount: u64, decimals: u8) -> String {
    let digits = format!("{amount:0>width$}", width = usize::from(decimals) + 1);
    let (whole, rest) = digits.split_at(digits.len() - usize::from(decimals));
    match rest.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

/// Anybody can call a token anything: what is no plain word is told by the beginning of its address.
fn name(symbol: &Option<String>, mint: &str) -> String {
    let is_plain =
        |symbol: &&String| (1..=12).contains(&symbol.len()) && symbol.chars().all(|c| c.is_ascii_alphanumeric());
    match symbol.as_ref().filter(is_plain) {
        Some(symbol) => symbol.clone(),
        None => mint.chars().take(6).chain(['…']).collect(),
    }
}

/// A decimal text, or a number where it fits.
fn amount<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Amount {
        Number(u64),
        Text(String),
    }
    match Amount::deserialize(deserializer)? {
        Amount::Number(number) => Ok(number),
        Amount::Text(text) => text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` is no amount"))),
    }
}
