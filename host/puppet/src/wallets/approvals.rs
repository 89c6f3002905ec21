//! What a person was asked about a swap, and whether an answer still means anything. What waits is one message, as it was
//! quoted: it can land for about a minute, and a swap that has gone on or ended without an answer wants none any more.

use puppet_solana::swap::Entry;
use puppet_store::{SwapApproval, SwapRow, TradeStore};
use puppet_types::Timestamp;

use crate::trouble::Result;

/// How a question stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has answered.
    Waiting,
    /// Somebody said yes, and it is signed next.
    Approved,
    /// What was quoted can land nowhere any more.
    Expired,
    /// Its swap is past it, or over: why.
    Ended(String),
}

impl Standing {
    /// For programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Expired => "expired",
            Self::Ended(_) => "ended",
        }
    }

    /// A yes may still lead to a signature.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Waiting | Self::Approved)
    }

    /// Why no answer is wanted any more; none where one is.
    pub fn why(&self, expires_at: Timestamp) -> Option<String> {
        match self {
            Self::Waiting | Self::Approved => None,
            Self::Expired => {
                Some(format!("nobody approved it by {expires_at}, and what was quoted cannot land any more"))
            }
            Self::Ended(why) => Some(why.clone()),
        }
    }
}

/// Everything that was asked and is still kept, the first to expire first.
pub async fn all(store: &dyn TradeStore, now: Timestamp) -> Result<Vec<(SwapApproval, Standing)>> {
    let mut all = Vec::new();
    for asked in store.swap_approvals().await? {
        let standing = standing(store, &asked, now).await?;
        all.push((asked, standing));
    }
    Ok(all)
}

/// One of them, by the hash of its message.
pub async fn of(store: &dyn TradeStore, hash: &str, now: Timestamp) -> Result<Option<(SwapApproval, Standing)>> {
    let Some(asked) = store.swap_approvals().await?.into_iter().find(|asked| asked.hash == hash) else {
        return Ok(None);
    };
    let standing = standing(store, &asked, now).await?;
    Ok(Some((asked, standing)))
}

async fn standing(store: &dyn TradeStore, asked: &SwapApproval, now: Timestamp) -> Result<Standing> {
    let entries = store.swap(&asked.swap).await?;
    let last = entries.last().and_then(entry);
    let waits = matches!(&last, Some(Entry::Checked { message, .. }) if *message == asked.hash);
    Ok(match asked.granted_at {
        _ if !waits => Standing::Ended(why(last)),
        _ if now >= asked.expires_at => Standing::Expired,
        Some(_) => Standing::Approved,
        None => Standing::Waiting,
    })
}

/// An entry of a swap's log; none where it is not one.
pub fn entry(row: &SwapRow) -> Option<Entry> {
    serde_json::from_value(row.body.clone()).ok()
}

/// What became of a swap that does not wait, by the last entry of its log.
fn why(last: Option<Entry>) -> String {
    match last {
        Some(Entry::Refused { reason, .. }) => reason,
        Some(Entry::Abandoned) => "the host stopped before it was signed".to_owned(),
        Some(Entry::Expired { .. }) => "it was signed, and never landed".to_owned(),
        Some(Entry::Settled { is_done: true, .. }) => "it was carried out".to_owned(),
        Some(Entry::Settled { .. }) => "it failed on the chain".to_owned(),
        Some(Entry::Checked { .. }) => "it waits with another message".to_owned(),
        Some(_) => "it is signed".to_owned(),
        None => "there is no swap of it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use puppet_solana::swap::{Cause, Held};
    use puppet_store::{Options, SqliteStore};

    use super::*;

    #[tokio::test]
    async fn only_what_waits_to_be_signed_and_can_land_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
        let (at, none) = (Timestamp::from_millis, Held { gives: 0, takes: 0, lamports: 0, liquid: 0 });
        let checked = Entry::Checked { message: "ab".to_owned(), fee_lamports: 1, needs_approval: true };
        let refused = Entry::Refused { cause: Cause::Halted, reason: "a bad day".to_owned() };
        let settled = Entry::Settled { before: none, after: none, is_done: true, surprise: None };
        let another = Entry::Checked { message: "cd".to_owned(), fee_lamports: 1, needs_approval: true };
        let sent = Entry::Sent { complaint: None };
        for (swap, entries, expected) in [
            ("1", vec![checked.clone()], Ok("waiting")),
            ("2", vec![checked.clone(), refused], Err("a bad day")),
            ("3", vec![checked.clone(), Entry::Abandoned], Err("the host stopped before it was signed")),
            ("4", vec![checked.clone(), settled], Err("it was carried out")),
            ("5", vec![checked, sent], Err("it is signed")),
            ("6", vec![another], Err("it waits with another message")),
            ("7", vec![], Err("there is no swap of it")),
        ] {
            for (n, entry) in (0..).zip(&entries) {
                let (body, is_end) = (serde_json::to_value(entry).unwrap(), entry.is_end());
                let row = SwapRow { swap: swap.to_owned(), n, wallet: "w".to_owned(), at: at(1), is_end, body };
                assert!(store.append_swap(row).await.unwrap());
            }
            let (hash, body) = ("ab".to_owned(), serde_json::json!({}));
            let asked = SwapApproval { hash, swap: swap.to_owned(), expires_at: at(100), granted_at: None, body };
            store.ask_swap_approval(asked).await.unwrap();
            let (_, standing) = of(&store, "ab", at(99)).await.unwrap().unwrap();
            let why = standing.why(at(100));
            assert_eq!((standing.is_open(), why.as_deref()), (expected.is_ok(), expected.err()), "{swap}");
            if expected.is_ok() {
                assert_eq!(of(&store, "ab", at(100)).await.unwrap().unwrap().1, Standing::Expired);
                assert!(store.grant_swap("ab", at(99)).await.unwrap());
                assert_eq!(all(&store, at(99)).await.unwrap()[0].1, Standing::Approved);
            }
            assert!(store.drop_swap_approval("ab").await.unwrap());
        }
        assert_eq!(of(&store, "ab", at(1)).await.unwrap(), None);
    }
}
