//! Words about purses and messages that wait: written down first, then told to the desk that trades, where there is one.

use async_trait::async_trait;
use futures::future::join_all;
use puppet_solana::swap::{Cause, Entry};
use puppet_store::{Store, SwapRow, TradeStore};
use puppet_trade::DeskView;
use puppet_types::Timestamp;
use puppet_wallet::Rules;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Request, ask};
use crate::{
    setup::Setup,
    trouble::{Result, Trouble},
    wallets::{
        approvals::{self, Standing},
        words::{self, Word},
    },
};

/// The desks of a host.
#[async_trait]
pub trait Desks: Send + Sync {
    /// Nothing is traded on a purse from here on. Called once for each halt, after it was written down. Answers whether there
    /// is a desk, open or being opened. What counts is what is written when its turn comes: a resume that was written later has
    /// taken it back.
    async fn halt(&self, store: &dyn TradeStore, purse: &str, reason: &str) -> Result<bool>;
    /// Trading goes on. Called once for each resume, after it was written down; a halt that was written later stands. Answers
    /// whether an open desk has heard it: one that is being opened hears it from what was written down.
    async fn resume(&self, store: &dyn TradeStore, purse: &str) -> Result<bool>;
    /// How each stands, by purse.
    fn stand(&self) -> Vec<DeskStands>;
    /// What a purse's desk shows, and what it admits; none where there is none, or it is not open.
    fn open(&self, purse: &str) -> Option<(DeskView, Rules)>;
}

/// How a desk of a host stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskStands {
    /// What it is called.
    pub name: String,
    /// On which purse it trades.
    pub purse: String,
    /// `opening`, `running`, `halted`: bars go on and nothing is admitted; or `stopped`.
    pub state: String,
    /// Why it does not run: what its opening waits for, what halted or stopped it.
    pub reason: Option<String>,
    /// The pack of its strategy, where one trades.
    pub pack: Option<String>,
}

/// How the desks of a data folder's host stand; nothing where none runs.
///
/// # Errors
/// The host does not answer.
pub async fn desks(setup: &Setup) -> Result<Vec<DeskStands>> {
    let answer = ask(setup, &Request::Desks).await?;
    answer.map_or(Ok(Vec::new()), |answer| serde_json::from_value(answer).map_err(Trouble::internal))
}

/// Nothing is traded.
#[derive(Debug, Clone, Copy)]
pub struct NoDesks;

#[async_trait]
impl Desks for NoDesks {
    async fn halt(&self, _: &dyn TradeStore, _: &str, _: &str) -> Result<bool> {
        Ok(false)
    }
    async fn resume(&self, _: &dyn TradeStore, _: &str) -> Result<bool> {
        Ok(false)
    }
    fn stand(&self) -> Vec<DeskStands> {
        Vec::new()
    }
    fn open(&self, _: &str) -> Option<(DeskView, Rules)> {
        None
    }
}

/// Says it of each purse: durable of all before a desk hears it, and then heard by all at once, so that none waits for another.
/// Answers what was said of each, and whether a desk has heard it.
///
/// # Errors
/// It could not be written down; or a desk could not hear it, which the others have.
pub async fn word(
    store: &dyn Store,
    desks: &dyn Desks,
    purses: &[String],
    word: &Word,
    at: Timestamp,
) -> Result<Value> {
    let store: &dyn TradeStore = store;
    let mut all = Vec::with_capacity(purses.len());
    for purse in purses {
        all.push((purse, words::say(store, purse, word, at).await?));
    }
    let told = all.into_iter().map(|(purse, said)| tell((store, desks), purse, said, (word, at)));
    join_all(told).await.into_iter().collect()
}

/// What is written of one purse is told to its desk.
async fn tell(
    (store, desks): (&dyn TradeStore, &dyn Desks),
    purse: &str,
    mut said: words::Said,
    (word, at): (&Word, Timestamp),
) -> Result<Value> {
    let has_heard = match word {
        Word::Halt { reason } => desks.halt(store, purse, reason.as_deref().unwrap_or("by the operator")).await,
        Word::Resume => desks.resume(store, purse).await,
        Word::Resumed | Word::Understood { .. } => Ok(false),
    };
    let has_heard = match has_heard {
        // A desk that has ended trades nothing, and hears nothing; its next one hears what is written.
        Err(trouble) if trouble.code == "run-stopped" => false,
        has_heard => has_heard?,
    };
    if has_heard && *word == Word::Resume {
        said = words::say(store, purse, &Word::Resumed, at).await?;
    }
    Ok(json!({ "name": purse, "said": said, "has_heard": has_heard }))
}

/// A yes or a no to one message.
///
/// # Errors
/// `not-waiting`: there is no such message, or no answer to it is wanted any more, and why.
pub async fn approval(store: &dyn Store, hash: &str, is_yes: bool, at: Timestamp) -> Result<Value> {
    let refused = |why: &str| {
        let remedy = "`puppet wallet approvals` shows what waits, `puppet wallet history` how a swap has ended";
        Err(Trouble::refused("not-waiting", format!("the message `{hash}` {why}"), remedy))
    };
    let Some((asked, standing)) = approvals::of(store, hash, at).await? else { return refused("does not wait") };
    let is_done = match (standing, is_yes) {
        (Standing::Ended(why), _) => return refused(&format!("does not wait any more: {why}")),
        (standing @ Standing::Expired, true) => {
            let why = standing.why(asked.expires_at).unwrap_or_default();
            return refused(&format!("does not wait any more: {why}"));
        }
        (_, true) => store.grant_swap(hash, at).await?,
        (_, false) => {
            end(store, &asked.swap, at).await?;
            store.drop_swap_approval(hash).await?
        }
    };
    match is_done {
        true => serde_json::to_value(asked).map_err(Trouble::internal),
        false => refused("has its answer already"),
    }
}

/// Ends a swap that waits to be signed: asked again, its log would have the same message be asked about once more. One that is
/// signed already is past a no.
async fn end(store: &dyn Store, swap: &str, at: Timestamp) -> Result<()> {
    let entries = store.swap(swap).await?;
    let Some(last) = entries.last() else { return Ok(()) };
    if !matches!(approvals::entry(last), Some(Entry::Checked { .. })) {
        return Ok(());
    }
    let refused = Entry::Refused { cause: Cause::Approval, reason: "a person said no".to_owned() };
    let body = serde_json::to_value(&refused).map_err(Trouble::internal)?;
    let row = SwapRow { n: last.n + 1, at, is_end: refused.is_end(), body, ..last.clone() };
    // Whoever was faster has written what is next: it was signed, or has ended.
    store.append_swap(row).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use puppet_store::{Options, SqliteStore, SwapApproval};

    use super::*;

    fn step(n: u32, body: Value) -> SwapRow {
        let (swap, wallet) = ("main/1".to_owned(), "w".to_owned());
        SwapRow { swap, n, wallet, at: Timestamp::from_millis(1), is_end: false, body }
    }

    /// One has ended, one cannot be asked, the others hear.
    #[derive(Default)]
    struct Three(std::sync::Mutex<Vec<String>>);

    #[async_trait]
    impl Desks for Three {
        async fn halt(&self, _: &dyn TradeStore, purse: &str, _: &str) -> Result<bool> {
            match purse {
                "ended" => Err(Trouble::input("run-stopped", "the desk stopped", "")),
                "busy" => Err(Trouble::unreachable("purse", "too many wait", "ask again later")),
                _ => {
                    self.0.lock().unwrap().push(purse.to_owned());
                    Ok(true)
                }
            }
        }
        async fn resume(&self, store: &dyn TradeStore, purse: &str) -> Result<bool> {
            self.halt(store, purse, "").await
        }
        fn stand(&self) -> Vec<DeskStands> {
            Vec::new()
        }
        fn open(&self, _: &str) -> Option<(DeskView, Rules)> {
            None
        }
    }

    #[tokio::test]
    async fn a_word_about_all_is_written_and_heard_whatever_one_desk_answers() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
        let (desks, halt, now) = (Three::default(), Word::Halt { reason: None }, Timestamp::from_millis(10));
        let purses = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let told = word(&store, &desks, &purses(&["ended", "a", "b"]), &halt, now).await.unwrap();
        let heard: Vec<_> = told.as_array().unwrap().iter().map(|item| item["has_heard"] == true).collect();
        assert_eq!(heard, [false, true, true]);
        let wrong = word(&store, &desks, &purses(&["busy", "c"]), &halt, now).await.unwrap_err();
        assert_eq!((wrong.code, desks.0.lock().unwrap().len()), ("purse", 3));
        for purse in ["ended", "a", "b", "busy", "c"] {
            assert!(words::of(&store, purse).await.unwrap().halt.is_some(), "{purse}");
        }
    }

    #[tokio::test]
    async fn a_no_ends_the_swap_and_a_yes_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
        let now = Timestamp::from_millis(10);
        store.append_swap(step(0, json!({ "step": "wanted" }))).await.unwrap();
        let checked = Entry::Checked { message: "ab".to_owned(), fee_lamports: 1, needs_approval: true };
        store.append_swap(step(1, serde_json::to_value(checked).unwrap())).await.unwrap();
        let asked = SwapApproval {
            hash: "ab".to_owned(),
            swap: "main/1".to_owned(),
            expires_at: now.plus_millis(1_000),
            granted_at: None,
            body: json!({}),
        };
        store.ask_swap_approval(asked.clone()).await.unwrap();
        approval(&store, "ab", true, now).await.unwrap();
        assert_eq!(store.swap("main/1").await.unwrap().len(), 2);
        approval(&store, "ab", false, now).await.unwrap();
        let entries = store.swap("main/1").await.unwrap();
        let last = entries.last().unwrap();
        assert!(last.is_end);
        assert!(matches!(serde_json::from_value(last.body.clone()), Ok(Entry::Refused { .. })), "{last:?}");
        assert_eq!(approval(&store, "ab", false, now).await.unwrap_err().code, "not-waiting");
        // One that is signed goes its way, and so does one that has ended: neither word means anything.
        let signed = SwapRow { swap: "main/2".to_owned(), ..step(0, json!({ "step": "sent", "complaint": null })) };
        store.append_swap(signed).await.unwrap();
        store.ask_swap_approval(SwapApproval { swap: "main/2".to_owned(), ..asked.clone() }).await.unwrap();
        for is_yes in [true, false] {
            let refused = approval(&store, "ab", is_yes, now).await.unwrap_err();
            assert_eq!((refused.code, refused.message.contains("it is signed")), ("not-waiting", true), "{refused:?}");
        }
        assert_eq!(store.swap("main/2").await.unwrap().len(), 1);
        store
            .ask_swap_approval(SwapApproval { hash: "cd".to_owned(), swap: "main/1".to_owned(), ..asked })
            .await
            .unwrap();
        for is_yes in [true, false] {
            let refused = approval(&store, "cd", is_yes, now).await.unwrap_err();
            assert!(refused.message.contains("a person said no"), "{refused:?}");
        }
    }
}
