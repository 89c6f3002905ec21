//! The most a capability gives where no operator has said anything: per capability the operations and the
//! amounts. What a pack requests is cut to this.

use puppet_types::Capability;

use crate::{Amount, Period};

/// Default bounds of one capability.
#[derive(Debug)]
pub struct Ceiling {
    /// The interface.
    pub capability: Capability,
    /// Every operation it has.
    pub operations: &'static [&'static str],
    /// The most per agent and period.
    pub amounts: &'static [(Amount, Period, u64)],
}

impl Ceiling {
    /// An amount that this capability counts, by its key.
    pub fn amount(&self, key: &str) -> Option<(Amount, Period)> {
        Amount::parse_key(key).ok().filter(|(amount, _)| self.counts(*amount))
    }

    /// The operations that draw on an amount: without one of them it is never used.
    pub fn drawn_by(&self, amount: Amount) -> &'static [&'static str] {
        match (self.capability, amount) {
            (Capability::Tweet, Amount::Posts) => &["post", "thread", "quote"],
            (Capability::Tweet, Amount::Replies) => &["reply"],
            (Capability::Tweet, Amount::Likes) => &["like"],
            (Capability::Tweet, Amount::Deletes) => &["delete"],
            // Reads draw on them too, where X charges for them: who only reads is still told that he may read.
            (Capability::Tweet, Amount::Usd) => &["post", "thread", "reply", "quote"],
            (Capability::Memory, Amount::Rows | Amount::Bytes) => &["remember", "supersede"],
            // Vectors are made of what is remembered and of what is looked for.
            (Capability::Memory, Amount::Tokens | Amount::Usd) => &["remember", "supersede", "recall"],
            (Capability::Wallet, Amount::Swaps | Amount::Lamports) => &["swap"],
            (Capability::Schedule, Amount::Timers) => &["once", "after", "every", "cron"],
            _ => self.operations,
        }
    }

    /// The keys of all amounts that it counts.
    pub fn keys(&self) -> Vec<String> {
        Amount::ALL.iter().filter(|amount| self.counts(**amount)).flat_map(|amount| amount.keys()).collect()
    }

    fn counts(&self, amount: Amount) -> bool {
        self.amounts.iter().any(|(counted, _, _)| *counted == amount)
    }
}

/// One entry per capability that can be requested today.
pub const CEILINGS: &[Ceiling] = &[
    Ceiling {
        capability: Capability::Llm,
        operations: &["complete", "embed"],
        amounts: &[(Amount::Tokens, Period::Day, 2_000_000), (Amount::Usd, Period::Day, 5_000_000)],
    },
    Ceiling {
        capability: Capability::Tweet,
        operations: &[
            "post",
            "thread",
            "reply",
            "quote",
            "like",
            "delete",
            "timeline",
            "posts-of",
            "thread-of",
            "own-posts",
            "search",
            "conversation",
        ],
        amounts: &[
            (Amount::Posts, Period::Hour, 12),
            (Amount::Posts, Period::Day, 100),
            (Amount::Replies, Period::Hour, 60),
            (Amount::Likes, Period::Hour, 60),
            (Amount::Deletes, Period::Hour, 12),
            // What X charges for posts and reads; the local timeline charges nothing.
            (Amount::Usd, Period::Day, 5_000_000),
        ],
    },
    Ceiling {
        capability: Capability::Memory,
        operations: &["remember", "forget", "supersede", "pin", "recall", "recent"],
        amounts: &[
            (Amount::Rows, Period::Day, 5_000),
            (Amount::Bytes, Period::Day, 4 << 20),
            // Pinned ones and the character's core stay whatever else comes: somewhere it has to end.
            (Amount::Rows, Period::AtOnce, 10_000),
            (Amount::Bytes, Period::AtOnce, 16 << 20),
            // Vectors of a model behind an endpoint: of what is remembered, and of what is looked for.
            (Amount::Tokens, Period::Day, 2_000_000),
            (Amount::Usd, Period::Day, 1_000_000),
        ],
    },
    Ceiling {
        capability: Capability::Schedule,
        operations: &["once", "after", "every", "cron", "cancel", "list"],
        amounts: &[(Amount::Timers, Period::Hour, 1_000), (Amount::Timers, Period::AtOnce, 1_000)],
    },
    Ceiling { capability: Capability::State, operations: &["get", "put", "clear"], amounts: &[] },
    Ceiling {
        capability: Capability::Events,
        operations: &["emit"],
        // Counted per agent addressed: a generator reaches every agent of a host, ten thousand, twice an hour.
        amounts: &[(Amount::Events, Period::Hour, 20_000), (Amount::Targets, Period::AtOnce, 20_000)],
    },
    Ceiling {
        capability: Capability::Market,
        operations: &["candles", "quote", "trending", "token-info"],
        amounts: &[],
    },
    Ceiling {
        capability: Capability::Wallet,
        operations: &["balances", "quote", "swap"],
        // What may be given of other tokens, and what all of it is worth, the risk engine says (docs/trading/risk.md).
        amounts: &[
            (Amount::Swaps, Period::Hour, 12),
            (Amount::Swaps, Period::Day, 100),
            (Amount::Lamports, Period::Day, 10_000_000_000),
            (Amount::Lamports, Period::AtOnce, 1_000_000_000),
        ],
    },
    Ceiling {
        capability: Capability::Http,
        operations: &["fetch"],
        // Which hosts, a pack has to say by name: none of them is a default.
        amounts: &[
            (Amount::Requests, Period::Hour, 120),
            (Amount::Requests, Period::Day, 1_000),
            (Amount::Bytes, Period::Day, 64 << 20),
        ],
    },
];

/// The entry of one capability, where it can be requested at all.
pub fn ceiling(capability: Capability) -> Option<&'static Ceiling> {
    CEILINGS.iter().find(|ceiling| ceiling.capability == capability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_bounded_in_its_own_amounts_and_no_others() {
        let schedule = ceiling(Capability::Schedule).unwrap();
        assert_eq!(schedule.keys(), ["timers/hour", "timers/day", "timers"]);
        assert_eq!(schedule.amount("timers"), Some((Amount::Timers, Period::AtOnce)));
        for other in ["posts/hour", "timers/week", ""] {
            assert_eq!(schedule.amount(other), None, "{other}");
        }
    }

    #[test]
    fn every_amount_is_drawn_by_operations_of_its_capability() {
        for of in CEILINGS {
            for (amount, ..) in of.amounts {
                let drawn_by = of.drawn_by(*amount);
                assert!(!drawn_by.is_empty() && drawn_by.iter().all(|name| of.operations.contains(name)), "{amount:?}");
            }
        }
        assert_eq!(ceiling(Capability::Tweet).unwrap().drawn_by(Amount::Posts), ["post", "thread", "quote"]);
    }

    #[test]
    fn every_ceiling_is_of_its_own_capability_and_gives_something() {
        for of in CEILINGS {
            assert_eq!(ceiling(of.capability).unwrap().capability, of.capability);
            assert!(!of.operations.is_empty(), "{}", of.capability);
            assert!(of.amounts.iter().all(|(_, _, most)| *most > 0), "{}", of.capability);
        }
        assert!(ceiling(Capability::Log).is_none());
    }
}
